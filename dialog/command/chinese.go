package command

import (
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"hotline/dialog/internal/lang"
)

type zh struct {
	filler                      *regexp.Regexp
	whole                       []rule // of the whole text, fillers apart
	personWhole, personIn       *regexp.Regexp
	machine                     *regexp.Regexp // asks for no machine
	refused, asked, other       *regexp.Regexp
	reported, wished            *regexp.Regexp
	angry                       *regexp.Regexp
	half, done, digits, follow  *regexp.Regexp
	sounds                      []soundRule
	contentAfter, shortQuestion *regexp.Regexp
}

type rule struct {
	kind    Kind
	affirms bool
	re      *regexp.Regexp
}

type soundRule struct {
	kind  Kind
	units []lang.Unit
}

const (
	zhStaff = `(?:人工(?:客服|服务|坐席|座席|台|接听|热线|的)?|真人(?:客服|服务)?|活人|真的人|大活人|坐席|座席|客服(?:人员|小姐|小妹|经理|专员|代表|中心)?|接线员|话务员|接线生|工作人员|值班经理|大堂经理|经理|主管|领导|负责人|管事的|老板|店长|店员|专员|客户经理|客户代表|服务员|前台|值班的?)`
	zhJoin  = `(?:个|一个|一下|下|位|一位|到|给|去|我|你们|你们的|您的|你的|那个|的|成|通|上|为|回|一|请|们|家|能|会)*`
	zhFill  = `(?:嗯|呃|额|啊|那个|那|哦|噢|喂|你好|您好|请|麻烦|麻烦你|麻烦您|帮我|帮忙|给我|我说|一下|吧|呀|呢|了|哈|哎|唉|诶|行吗|行不行|好吗|好不好|可以吗|可不可以|能不能|能|谢谢|谢谢你|谢谢您|我|就|快|快点|赶紧|赶快|马上|立刻|现在|直接|还是|要|想|想要|我要|我想|嘛|的|好|好的|行|求你|求求你|拜托|都|你|您|不好意思|抱歉|先|再|来|吗|你们|你们的)`
)

// chinese builds the Chinese recogniser, once.
var chinese = sync.OnceValue(func() *zh {
	z := &zh{
		filler: regexp.MustCompile(`^` + zhFill + `$`),
		personWhole: regexp.MustCompile(`^ ?(?:` + zhFill + ` ?)*(?:` + zhStaff + ` ?)+(?:在不在|在吗|在哪|呢|` + zhFill + ` ?)*$` +
			`|^(?:` + zhFill + ` ?)*(?:有没有(?:真|活)?人|有(?:真|活)人(?:吗|没有|没|在吗|在)?|有人(?:吗|在吗|没有|没|在)|人呢|来人|找人|叫人|换人|要人|人来|真的?人|来个人|换个人|找个人|叫个人|接个人|要个人|派个人|人在吗|找人来|叫人来|换人来|人在哪)(?:` + zhFill + ` ?)*$`),
		personIn: regexp.MustCompile(`(?:转接?|接通?|找|叫|喊|换|要|请|让|联系|呼叫|连线|派|安排|切|切换|拨|按|摁|需要|想要|帮我|跳|走)` + zhJoin + zhStaff +
			`|(?:转|切|接|跳|换)(?:到|成|给|入|接)?人工` +
			`|(?:跟|和|与|同|对)(?:你们|你们的|你们那边的|你们那里的|您那边|一个|一位|个|真|真正|活|真实|的|那边|公司|店里|正常)*(?:人|` + zhStaff + `)(?:来|直接|当面|好好|在线)?(?:说|讲|聊|谈|沟通|对话|交流|通话|打交道|处理|解决|反映)` +
			`|(?:找|来|换|转|接|叫|要|让|派|安排|给我|有没有)(?:个|一个|位|一位|到|给)+(?:真正|真|活|大活|懂行|明白|正常|会说话|能管事|管事|能解决问题|能做主|做主|能说话|会办事|能办事|说话算数|听得懂话|听得懂人话|懂|靠谱|专业)*的?人(?:来|跟|和|给|接|说|处理|吧|听|帮|过来|行|好|解决|聊|谈|讲|$| )` +
			`|有没有人(?:能|可以|来|管|理|帮|在)|(?:让|叫|找|换|派)人(?:来)?(?:跟我|和我|接电话|听电话|说话|讲话)|人工(?:人工)+|(?:真|活)人(?:说|讲|聊|谈|沟通|接|服务|处理)`),
		machine: regexp.MustCompile(`(?:不|别|懒得|没法|不能)(?:想|要|愿意?|愿|喜欢|乐意)?(?:再|老|总)?(?:跟|和|与|同|对着?)(?:你|你们|这个?|个|一个|那个|什么|这种)*(?:机器人?|机械|电脑|智能(?:客服|助手|语音)?|语音助手|ai|程序)` +
			`|(?:不要|不想要|讨厌|烦|不听|不跟|别给我|少给我|不需要|谁要)(?:这个?|什么|你这个?)?(?:机器人?|智能(?:客服|助手|语音)|语音助手|自动语音|ai客服)` +
			`|别(?:再)?(?:跟|和|给)我(?:绕|扯|兜|废话|啰嗦|打太极|来这套|整这些|耍)|别(?:再)?(?:绕|兜)(?:圈|弯|来绕去|了)|(?:不要|少)(?:跟我)?(?:绕圈|绕弯|兜圈|废话)` +
			`|(?:你|机器人?)(?:是)?(?:听不懂|解决不了|搞不懂|弄不明白|办不了|处理不了).*(?:人|客服)`),
		refused:  regexp.MustCompile(`(?:不用|不要|不需要|不想|别|无需|先不|不必|用不着|没必要|甭|不是要|不是想|不是说要|没说要|没让你|没要|暂不|暂时不用|先别|不找|不转|不接|不叫)(?:再|给我|帮我|麻烦|急着|着急|非得|去|用|要|跟我|叫你)*(?:转接?|接|找|叫|要|联系|换|请|让|按|切|安排)?` + zhJoin + `(?:` + zhStaff + `|真人|人来)`),
		asked:    regexp.MustCompile(zhStaff + `[^ ]{0,4}(?:几点|什么时候|啥时候|什么时间|上班|下班|工作时间|服务时间|在线时间|营业|电话(?:号码?)?是?(?:多少|几|什么)|电话怎么|号码|收费|要钱|多少钱|二十四小时|24 ?小时|周末|节假日|工号|态度|几个人|有几个|排队|等多久|要多久|多久|是不是|靠谱|休息|费用|贵|免费|评价|好评|表扬|点赞|费$|费多少|费怎么|费是|上门|安装|送货|送餐|打扫|的电话$|的邮箱$|的微信$|在几楼|在几层|在哪一层)|(?:半夜|晚上|夜里|周末|节假日|凌晨|过年)[^ ]{0,6}(?:人工|客服|真人)|(?:多少|几个|每个|几位).{0,4}(?:工作人员|师傅|服务员)`),
		reported: regexp.MustCompile(`(?:人工|客服|前台|经理|工作人员|师傅|店员|专员)[^ ]{0,6}(?:说|告诉|答应|承诺|跟我讲|让我|叫我|回复|给我打|态度|刚才|没人接|没接)`),
		wished:   regexp.MustCompile(`(?:跟|和|与|同|让|叫|请|转|接|要|给我|有)` + zhJoin + zhStaff),
		other:    regexp.MustCompile(`人工(?:智能|费|成本|合成|耳蜗|降雨|湖|草坪|授精|呼吸|修改|审核|材料|的吗|打包|安装|搬运|卸货|翻译|验货|添加)|纯人工|(?:要|请|让|叫|找|安排|派|联系|需要)(?:你们的?|个|一个|一下|那个|位|一位)*(?:工作人员|师傅|服务员|店员|专员|前台|经理)(?:上门|来?安装|来修|来?打扫|送|帮.{0,4}搬|来取|取件|叫醒|签字|叫早|拿)|按人工|(?:说|他|她)(?:让|叫)我(?:去|来)?(?:找|联系)|(?:找|叫|联系|要|请|让)(?:你们的?)?(?:客服|人工|经理|前台)(?:没|过|了|也|都|半天|好几|说|就行|才|改|取消|退|开|查|办)`),
		angry:    regexp.MustCompile(`傻[逼比b叉]|他妈的|特么|^妈的|[^妈]妈的|操你(?:妈|大爷|们)|我操(?:$| |了|啊|你)|卧槽|日你|滚蛋|你滚|^滚|放屁|狗屁|狗日|屁话|垃圾(?:公司|东西|服务|客服|平台|店|货|玩意|$| )|太垃圾|真垃圾|都是垃圾|废物|骗子|骗人|坑人|坑爹|黑店|气死|气人|什么玩意|啥玩意|什么破|破公司|破东西|太差劲?|太过分|过分了|太不像话|不像话|受够|烦死|(?:我要|我想|要|去|想|我)投诉|投诉你|曝光|12315|一二三一五|消协|消费者协会|工商局|举报你|律师|起诉|告你们|法院|找媒体|找记者|忽悠|耍我|耍人|玩我|听不懂人话|人话|有病|脑残|混蛋|王八|无语|浪费(?:我)?时间|(?:说|讲|问|打)了?(?:多少|几|好几|八百|无数|一百|十|很多|n)(?:遍|次|回)|(?:都|已经)(?:说|讲|问|打).{0,4}(?:遍|次)了|(?:第)?[三四五六七八九十]次了|(?:太|真)(?:气|坑|恶心|离谱|差|慢了吧)|忍无可忍|忍不了|不负责任|推卸|踢皮球|没完没了|欺负人|欺骗|敷衍|什么态度|啥态度|态度(?:太|很|非常|这么)?(?:差|恶劣)|怎么这么(?:差|烦|笨)|到底(?:管不管|行不行|能不能|有没有人|还要)|有完没完|急死|倒霉|坑死|无赖|流氓|强盗|抢钱`),
		half:     regexp.MustCompile(`(?:我想|我要|想要|我想问|想问一下|想问|我问一下|请问|请问一下|那个|这个|就是|就是说|然后|因为|所以|但是|可是|不过|如果|要是|假如|或者|还是|还有|而且|并且|以及|和|跟|与|把|被|给|在|从|到|往|对|对于|关于|比如|例如|比如说|我的|你们的|您的|他的|我们的|你们|我们|我|嗯|呃|额|啊|一个|一下那个|的那个|帮我|帮我查|帮我看|麻烦|麻烦你|不是|虽然|除了|为了|由于|那么|我是|是|叫|姓|号码是|电话是|单号是|地址是|订单号是|我是说|怎么说呢|买的|是说|想知道|想了解|了解一下|上次|昨天|今天|前天|之前)$`),
		done:     regexp.MustCompile(`(?:吗|呢|么|吧|没有|不|多少|多少钱|哪里|哪儿|什么|几点|多久|怎么办|咋办|怎么样|行不行|可以不|好不好|是不是|了没|没|谢谢|再见|几天|时候|为什么|为啥|怎么回事|怎么走|哪)$`),
		digits:   regexp.MustCompile(`[零〇一幺二两三四五六七八九洞拐0-9]$`),
		follow: regexp.MustCompile(`^(?:好的? ?|嗯 ?|哦 ?|谢谢 ?)*(?:那|那么|还有|另外|然后|它|这个|那个|这|那样|这样|那它|同样)[^ ]{0,14}$|^[^ ]{1,5}呢$` +
			`|^(?:那|那么|大概|一般|最快|最晚|最多|最少|具体)?(?:要|得|需要|收|是)?(?:几天|多久|多长时间|多少钱|几点|什么时候|在哪|在哪里|在哪儿|怎么弄|怎么办理?|怎么用|怎么收费|收费吗|要钱吗|收钱吗|贵吗|免费吗|多少|几个|为什么|可以吗|行吗|怎么操作|去哪办|到几点|要钱不|贵不贵)(?:呢|啊|呀|吗|能好|到)?$`),
		shortQuestion: regexp.MustCompile(`[吗呢么?]$|什么|怎么|多少|几|哪`),
	}
	whole := func(k Kind, affirms bool, words string) {
		z.whole = append(z.whole, rule{k, affirms, regexp.MustCompile(`^ ?(?:` + zhFill + ` ?)*?(?:(?:` + words + `) ?(?:` + zhFill + ` ?)*)+$`)})
	}
	exact := func(k Kind, affirms bool, words string) {
		z.whole = append(z.whole, rule{k, affirms, regexp.MustCompile(`^(?:(?:` + words + `) ?)+$`)})
	}
	// the order decides where a text fits several; the first two are Robot and Callback, see command
	whole(Robot, false, `(?:你|您|这|这边|对面|那边|电话那头|跟我说话的|现在说话的|现在)?(?:到底)?(?:是|是不是|算|难道是|不会是)(?:个|一个|真的?|真正的)?(?:机器人?|ai|智能(?:客服|语音|机器人|助手)|真人|人工|人工智能|人工客服|语音机器人|电脑|自动(?:语音|回复)|录音|人|活人|人类|真的人|客服)(?:还是)?(?:个)?(?:机器人?|真人|人工|人|录音|ai)?(?:客服|语音)?(?:在)?(?:说话|跟我说话|回答|接的)?|你是谁|你是哪位|你叫什么(?:名字)?|你哪位|哪位|您哪位|怎么称呼你?|我?(?:是|在|是在|现在是)(?:跟|和)(?:机器人?|真人|人|ai)(?:说话|聊天|对话|聊)|你不是(?:真)?人|是人是机器|机器人吗`)
	whole(Callback, false, `(?:给我|帮我|跟我)?(?:回个电话|回个电|回电话|回电|回拨|回一个电话)(?:过来|给我)?|给我(?:打|拨)个?电话(?:过来)?|打个?电话给我|打给我|打我(?:电话|手机)|(?:让|叫|请|安排|派)[^ ]{0,6}(?:给我)?(?:回个电话|回个电|回电话|回电|回拨|打电话|打个电话|打过来|打回来|联系我)(?:给我)?|(?:稍后|晚点|待会儿?|有空|明天|下午|上午|晚上)(?:再)?(?:给我)?(?:回电|回电话|打给我|打电话给我|联系我|打过来)|选回电|第二个回电|打回来|打过来|回打给我`)
	whole(Goodbye, false, `再见|拜拜|拜|掰掰|挂了|先挂了|我挂了|挂电话了|那就这样|先这样|就这样|就到这|不聊了|不说了|回见|回头见|bye ?bye|bye|撒有那拉|白白`)
	whole(Message, false, `(?:我要|我想|想|要)?(?:留言|留个言|留口信|留个口信|留个话|留话|录音留言|语音留言|留个信息|记个留言|给.{0,5}留言|录个?留言|选?留言)`)
	whole(Repeat, false, `再说一[遍次下]|再讲一[遍次下]|再说一边|再重复一[遍次下]|重复一?[遍次下]?|重复一下|重新说|重说一?[遍次]?|再来一[遍次]|再念一[遍次]|再播一[遍次]|再说说|(?:我)?(?:刚才|刚刚|刚)?没(?:有)?(?:太)?听(?:清楚?|见|到|明白|懂)|听不(?:清楚?|见|到|懂|明白)|没(?:太)?(?:明白|懂|听)|不明白|你(?:刚才|刚刚|刚)?说(?:的)?(?:是)?(?:什么|啥)(?:来着)?|(?:刚才|刚刚|刚)(?:你)?(?:说|讲)(?:的)?(?:是)?(?:什么|啥|哪个)(?:来着)?|说(?:的)?(?:什么|啥)(?:来着)?|什么|啥|啥呀|什么意思|啥意思|你说啥|pardon|what|再说|复述一[遍下]|没听明白你?说?的?(?:什么|啥)?|从头说|再告诉我一[遍次]|上一句|前面说的什么|前面那句`)
	whole(Slower, false, `(?:说|讲|念|读)?(?:得|的)?(?:稍微|再|尽量)?慢一?[点些](?:儿)?(?:说|讲)?|(?:你)?(?:说|讲|念|语速)?(?:得|的)?(?:有点|也|实在)?太?(?:快了|快)|语速(?:太快|慢一?点|放慢)|放慢(?:一?点|语速|速度)|慢慢(?:说|讲|来)|别(?:说)?(?:那么|这么|太)?快|跟不上|记不住|我记一下你慢点|太快了(?:听不清|没听清|记不住|跟不上)`)
	whole(Louder, false, `(?:说)?大(?:一)?[点些]?声(?:一?[点些](?:儿)?)?(?:说|讲)?|声音(?:太|有点|好|很)?小|声音(?:大|响)一?[点些]|(?:你)?(?:说)?(?:太小声|声音小|声音大点)|响一?点|听不太?见声音|音量(?:大|高)一?点|太小声|大点儿?声|高声一?点`)
	whole(Help, false, `(?:你|您)?(?:都|还)?(?:能|会|可以)(?:帮我)?(?:做|干|办|回答|处理)(?:些|点)?(?:什么|啥|哪些)(?:事|事情|问题|业务)?|有(?:什么|哪些)(?:业务|服务|功能)|(?:可以|能)问(?:你)?(?:什么|啥|些什么)|怎么用你|帮助|菜单|主菜单|返回主菜单|业务菜单|听菜单|能办什么|你有什么用|都有什么选项|有什么选项|选项有哪些`)
	whole(Correction, false, `(?:我)?(?:问|说|要问|想问|要|想知道)的?不是这个|不是这个(?:问题|意思)?|(?:你)?(?:答|说|理解|听|搞|弄)错了|答非所问|(?:你)?没(?:回答|听懂|理解|明白)(?:我)?(?:的)?(?:问题|意思|说的|问的)?|不是(?:我)?(?:问|说|想问|要问|想要|要)的|我不是(?:问|说)这个|不是问这个|不是说这个|(?:我)?没问(?:你)?这个|牛头不对马嘴|说的什么呀这是|不对不是这个|你没听懂`)
	whole(Wait, false, `等一下|等一等|等等|等下|稍等|稍等一下|稍等片刻|等会儿?|等我一下|等我(?:一会儿?|看看|找找|查查|拿)?.{0,5}|等一会儿?|等一下下|别急|先别挂|别挂|先等等|先等一下|慢着|让我(?:想想|看看|找找|想一下|看一下|找一下|查一下|想一想)|我(?:想想|看看|找找|想一下|看一下|找一下|查一下|想一想|拿(?:一)?下?笔|找(?:支|个)笔|拿支笔|记一下|翻一下|问一下家人|拿一下)|容我想想|hold on|我先?(?:找|看|拿|查)一?下?(?:订单|单号|订单号|手机|卡号|会员号|号码|纸笔|笔|身份证)`)
	whole(Hold, false, `继续等|再等等|再等一下|再等会儿?|等着|我等|等吧|排队|继续排队|我等着|等一会儿?吧|愿意等|可以等|接着等|继续等待|等待|还是等|那我等|等人工|等等吧|选?等`)
	whole(GoOn, false, `继续|继续说|接着说|接着讲|你继续|您继续|请继续|你接着说|往下说|说下去|讲下去|继续讲|然后呢|还有呢|接着呢|你说|您说|你讲|后面呢|下面呢|继续吧|没事你说|没事你继续|你先说|你说完|说完`)
	exact(Neither, false, `都不是|都不对|两个都不是|哪个都不是|全都?不是|都不要|不是这两个|两个都不对|一个都不是|都没有|没有一个对的|好像都不是|不是都不是|这两个都不是`)
	exact(First, false, `(?:是|要|选|问)?(?:的)?(?:第一个?|前一个|前面(?:那个|的|一个|那种)?|前者|头一个|一|上一个|先说的那个|第一种|第一项|第一条|1)(?:吧|问题|的|啊)?`)
	exact(Second, false, `(?:是|要|选|问)?(?:的)?(?:第二个?|后一个|后面(?:那个|的|一个|那种)?|后者|二|后头那个|下一个|后说的那个|第二种|第二项|第二条|2)(?:吧|问题|的|啊)?`)
	whole(Done, false, `没有?别的(?:事|问题|要问)?(?:了|的了)?|没有了|没了|没(?:有)?(?:了|其他|其它)(?:的)?(?:事|事情|问题|要问的)?(?:了)?|没事(?:了|儿了)|没(?:有)?(?:什么)?(?:要问的|事|事情)(?:了)?|没(?:有)?(?:什么)?问题了|没有问题|就这(?:些|个|样|点事|事)|就问这(?:个|些)|暂时(?:没有|没了|就这些|不用了|没)|没什么(?:了|事了|别的了|要问的了|问题了)|可以了|够了|知道了没有了|清楚了|都清楚了|没别的|问完了|就这么多|不需要了`)
	exact(No, false, `(?:嗯|啊|哦|哎|呃)? ?(?:不是的?|不对|不用|不用了|不要|不要了|不需要|不需要了|不|没有|没|算了|不行|不可以|别|免了|暂时不用|先不用|不必|不必了|错了|不想|不了|否|不好|不是啊|没有啊|没有的|用不着|还是算了|那算了|不太对|不用不用|不是不是|no|nope|不同意|不愿意|不可以的|不方便|不确定|先不了|下次吧|改天吧|不用麻烦了|不用转了?|不转|别转|不要转|先不转|不用转接|不用啦|不用的|不要啦)(?:吧|啊|呀|哈|啦|了)?(?: ?谢谢(?:你|您)?)?`)
	exact(Yes, false, `(?:嗯|啊|哦|哎|呃)* ?(?:是|是的|是啊|是呀|是的是的|对|对的|对啊|对呀|对对|对对对|没错|是这个|就是这个|就是它|就是|正是|可以|可以的|可以啊|行|行啊|行吧|行的|要|要的|要啊|需要|需要的|没问题|成|中|当然|当然要|当然可以|愿意|同意|确定|确认|好啊|好吧|好呀|好哇|好哒|转吧|转|转接吧|帮我转|给我转|那就转|那转吧|那好|那行|那好吧|那行吧|可以可以|好好好|行行行|想|想的|想听|听|要听|说吧|yes|yeah|yep|ok的|是我|有|有的|有啊|是滴|麻烦你了|麻烦了|那麻烦你|方便|嗯是的|就这个|就要这个|说说看|说来听听|必须的|对是的|对没错|行可以)(?:吧|啊|呀|哈|的)?(?: ?谢谢(?:你|您)?)?`)
	exact(Backchannel, true, `嗯+|嗯哼|哼|哦+|噢+|喔+|啊+|好|好的|好的好的|好好|哎|唉|诶|额|呃|ok|okay|欧克|知道了|我知道了|明白了|明白|我明白了|懂了|了解|了解了|收到|这样啊|这样|是这样啊|原来如此|原来是这样|好嘞|好勒|嗯好|嗯好的|哦好|哦好的|哦这样|行了|晓得了|得嘞|是吗|真的吗|真的啊|这样子啊|呵呵|哈哈|mm|嗯啊|哦哦好的|哦知道了|嗯知道了|好知道了|好的知道了|好的明白了|哦明白了|嗯明白了|对啊是啊`)
	whole(Thanks, false, `谢谢|多谢|谢啦|谢了|感谢|辛苦了|辛苦|谢谢你|谢谢您|非常感谢|太感谢了|十分感谢|3q|thank you|thanks|谢谢啊|好的谢谢|麻烦你了|太好了谢谢|好谢谢|感恩|有劳了`)
	whole(Greeting, false, `你好|您好|喂|喂喂|在吗|在不在|在么|听得到吗|听得见吗|能听到吗|能听见吗|听得到不|听得到我说话吗|能听到我说话吗|能听见我说话吗|哈喽|hello|hi|嗨|早上好|上午好|中午好|下午好|晚上好|你在吗|还在吗|你还在吗|有在听吗|在听吗|你好啊|你好呀|通了吗`)
	for k, list := range map[Kind]string{
		Person:  "转人工 人工服务 人工客服 转人工服务 转人工客服 找人工 接人工 人工 转接人工 转真人 真人客服 真人 找个人 我要人工 我要转人工 我要找客服 转客服 找客服",
		Repeat:  "再说一遍 再说一次 没听清楚 没听清 重复一遍 请再说一遍",
		Slower:  "说慢一点 慢一点 慢点说",
		Goodbye: "再见 拜拜",
		Wait:    "等一下 稍等一下",
	} {
		for _, w := range strings.Fields(list) {
			z.sounds = append(z.sounds, soundRule{k, lang.Syllables(w)})
		}
	}
	return z
})

func (z *zh) command(f string) Command {
	// is it a person? and: have one call me, are no wish for one now
	if !z.whole[0].re.MatchString(f) && !z.whole[1].re.MatchString(f) && z.person(f) {
		return Command{Kind: Person, Certain: 1}
	}
	for _, r := range z.whole {
		if r.re.MatchString(f) {
			return Command{Kind: r.kind, Affirms: r.affirms, Certain: 1}
		}
	}
	return z.bySound(f)
}

func (z *zh) person(f string) bool {
	if z.machine.MatchString(f) {
		return true
	}
	if z.other.MatchString(f) || z.asked.MatchString(f) || z.reported.MatchString(f) && !z.wished.MatchString(f) {
		// a clear wish may stand beside it: 客服说三天到, 给我转人工
		return z.personInClause(f, true)
	}
	if z.refused.MatchString(f) {
		return z.personInClause(f, false)
	}
	return z.personWhole.MatchString(f) || z.personIn.MatchString(f)
}

// personInClause looks at each clause by itself.
func (z *zh) personInClause(f string, strict bool) bool {
	clauses := strings.Fields(f)
	if len(clauses) < 2 {
		return false
	}
	for _, c := range clauses {
		if z.other.MatchString(c) || z.asked.MatchString(c) || z.refused.MatchString(c) {
			continue
		}
		if z.personIn.MatchString(c) || !strict && z.personWhole.MatchString(c) {
			return true
		}
	}
	return false
}

// bySound recognises a short text that sounds like a command.
func (z *zh) bySound(f string) Command {
	if utf8.RuneCountInString(f) > 12 || strings.ContainsAny(f, "不别没") || z.shortQuestion.MatchString(f) {
		return Command{}
	}
	text := f
	for {
		t := trimFiller(text)
		if t == text {
			break
		}
		text = t
	}
	units := lang.Syllables(text)
	best := Command{}
	for _, r := range z.sounds {
		if c := soundsLike(units, r.units); c > best.Certain {
			best = Command{Kind: r.kind, Certain: c}
		}
	}
	return best
}

// zhTrim are the fillers whose removal leaves a command's core, longest first.
var zhTrim = []string{"麻烦你", "麻烦您", "帮我", "给我", "我要", "我想", "请", "麻烦", "那", "就", "嗯", "呃", "啊", "喂", "你", "我", "吧", "了", "呀", "哈", "谢谢", " "}

func trimFiller(s string) string {
	for _, w := range zhTrim {
		if t, ok := strings.CutPrefix(s, w); ok && t != "" {
			return t
		}
		if t, ok := strings.CutSuffix(s, w); ok && t != "" {
			return t
		}
	}
	return s
}

// soundsLike returns a certainty above 0 where a is b by sound: the same units, or
// in four and more one that is only similar.
func soundsLike(a, b []lang.Unit) float64 {
	if len(a) != len(b) || len(a) < 2 {
		return 0
	}
	lost := float32(0)
	for i := range a {
		lost += 1 - lang.Alike(a[i], b[i])
	}
	switch {
	case lost == 0:
		return 0.95
	case lost <= 0.5 && len(a) >= 4, lost <= 1 && len(a) >= 5:
		return 0.8
	}
	return 0
}

func (z *zh) upset(f string) bool { return z.angry.MatchString(f) }

func (z *zh) elliptical(f string) bool { return z.follow.MatchString(f) }

func (z *zh) pending(f string) Pending {
	if f == "" {
		return Neutral
	}
	if d, ok := lang.Digits(f); ok {
		if len(d) == 11 && d[0] == '1' { // a mobile number is whole
			return Complete
		}
		return Counting
	}
	tail := f
	if i := strings.LastIndexByte(f, ' '); i >= 0 {
		tail = f[i+1:]
	}
	if z.half.MatchString(tail) {
		return Half
	}
	if z.digits.MatchString(f) && trailingDigits(f) >= 3 {
		return Counting
	}
	if z.done.MatchString(tail) {
		return Complete
	}
	return Neutral
}

// trailingDigits counts the digits at the end of a folded text.
func trailingDigits(f string) int {
	rs := []rune(f)
	n := 0
	for i := len(rs) - 1; i >= 0; i-- {
		if rs[i] == ' ' {
			continue
		}
		if _, ok := lang.Digits(string(rs[i])); !ok {
			break
		}
		n++
	}
	return n
}
