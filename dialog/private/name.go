package private

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

var (
	chineseNamed = regexp.MustCompile(`(?:我(?:的)?(?:名字|姓名|大名)?(?:就)?叫做?|(?:名字|联系人|户主|持卡人|开户人|预约人|患者)(?:是|叫|写|为|填|[:：])|(?:姓名|收货人|收件人|新建联系人)(?:是|叫|写|为|填)?[:：]?|本人叫?)(?:\s)?`)
	englishNamed = regexp.MustCompile(`(?i)\b(?:my (?:full |first |last |sur)?name(?:'s| is|’s)|(?:the|first|last|full) name(?:'s| is)|surname is|name on (?:the|my) (?:account|card|order|booking|policy)(?:'s| is)|name:|under the name(?: of)?|i am called|i'm called|they call me)\s+`)
	speaking     = regexp.MustCompile(`\b[Tt]his is ([A-Z][a-z'\-]+(?: [A-Z][a-z'\-]+){0,2}) (?:speaking|calling|here)\b`)
	word         = regexp.MustCompile(`^[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ'’\-]*`)
)

// surnames are the common ones, some 99 % of the people.
const surnames = `王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂佟应臧闵苟邬边卞姬师仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝封谈匡鞠惠荆乐冀郁胥南班储原栗燕楚鄢劳谌奚皮粟冼蔺楼盘满闻厉伊仝区郜海阚花权强帅屠豆朴盖练廉禹井祖漆巴丰支卿狄索宣晋相初门云容敬扈晁芮普阙浦戈伏鹿薄邸雍辜羊阿乌母裘亓修邰赫杭宿鲜印逯隆茹诺战慕危玉银亢嵇哈湛宾戎勾茅利於呼居揭尉冶斯元束檀衣展阴昝智幸奉植衡富尧闭`

var compound = words(`欧阳 上官 司马 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 长孙 夏侯 轩辕 端木 南宫 司空 独孤`)

// notName are words that begin like a name after "我叫".
var notName = words(`马上 高兴 时候 方便 于是 何必 任何 安排 明天 明明 万一 全部 全额 都是 都要 关于 连接 车子 车票 和你 和我 应该 单号 单子 游戏 来人
	平时 商家 商品 信息 公司 都不 都说 都没 那个 那位 但是 由于 来电 来一 来个 干嘛 干什 居然 利用 相关 原来 国家 计划 门店 成功 师傅 华为 满意 花了
	银行 房东 宣传 全家 云上 管理 卫生 解决 解释 别人 外卖 快递 客服 人工 经理 了你 你们`)

// endsName are characters that no given name ends with here: they begin the next word.
const endsName = `的是在要想电手我你他她它了吗呢啊吧呀和跟与就也都还有从住来去这那请给把被让对号今昨买订退换说打给先女寄收不没很`

// neverName is in no given name at all.
const neverName = `的是了你我他她它们吗呢啊吧呀什么这那个不没很先女`

func people(text string) []Span {
	var spans []Span
	for _, m := range chineseNamed.FindAllStringIndex(text, -1) {
		if n := chineseName(text[m[1]:]); n > 0 {
			spans = append(spans, Span{Kind: Name, Start: m[1], End: m[1] + n})
		}
	}
	for _, m := range englishNamed.FindAllStringIndex(text, -1) {
		if n := englishName(text[m[1]:]); n > 0 {
			spans = append(spans, Span{Kind: Name, Start: m[1], End: m[1] + n})
		}
	}
	for _, m := range speaking.FindAllStringSubmatchIndex(text, -1) {
		spans = append(spans, Span{Kind: Name, Start: m[2], End: m[3]})
	}
	return spans
}

// chineseName is the length of the name that s begins with, 0 for none.
func chineseName(s string) int {
	rs := make([]rune, 0, 5)
	for _, r := range s {
		if !han(r) || len(rs) == 5 {
			break
		}
		rs = append(rs, r)
	}
	if len(rs) < 2 || notName[string(rs[:2])] {
		return 0
	}
	family := 1
	if compound[string(rs[:2])] {
		family = 2
	} else if !strings.ContainsRune(surnames, rs[0]) {
		return 0
	}
	if len(rs) == family || strings.ContainsRune(neverName, rs[family]) {
		return 0
	}
	n := family + 1
	if n < len(rs) && n < family+2 && !strings.ContainsRune(endsName, rs[n]) {
		n++
	}
	return len(string(rs[:n]))
}

// notEnglishName ends a name, or is none.
var notEnglishName = words(`and i i'm im my the a an on in at is it's its not calling from with but so because for to of that this what spelled
	spelt you your we our can could would please wrong missing here speaking was are be or if misspelled correct there same different under
	still no yes also just very really already`)

func englishName(s string) int {
	n := 0
	for count := range 3 {
		rest := s[n:]
		skip := 0
		if count > 0 {
			if !strings.HasPrefix(rest, " ") {
				break
			}
			skip = 1
		}
		w := word.FindString(rest[skip:])
		if w == "" || notEnglishName[strings.ToLower(w)] {
			break
		}
		first, _ := utf8.DecodeRuneInString(w)
		if count == 2 && (first < 'A' || first > 'Z') {
			break // a third name only where it is written as one
		}
		n += skip + len(w)
	}
	return n
}
