package knowledge

// Words of the languages, not of any business. A business adds its own synonyms by
// Options.Synonyms.

// chinesePoliteness is dropped wherever it stands.
const chinesePoliteness = `
请问 请问一下 想请问 请教一下 你好 您好 喂 哈喽 你好啊 您好啊 我想问一下 我想问下 我想问 想问一下 想问下 想问问 我想问问 我问一下 我问下
问一下 问下 问你一下 我想咨询一下 我想咨询 想咨询一下 想咨询 咨询一下 咨询 我想了解一下 我想了解 想了解一下 了解一下 想知道 我想知道 我想知道一下
麻烦你 麻烦您 麻烦 麻烦问一下 麻烦问下 帮我查一下 帮我查下 帮我看一下 帮我看下 帮我 帮忙 帮我问一下 劳驾 打扰一下 打扰 不好意思 谢谢 谢谢你 谢谢您 多谢 谢了
嗯 呃 额 啊 呀 哦 噢 喔 哎 唉 诶 欸 哈 嘛 呗 哟 那个那个 就是说 那什么 这个这个 就是就是 我就想问 我就想知道 我就想问一下 是这样的 是这样 是这么回事
跟你说 跟您说 跟你打听一下 打听一下 打听个事 想打听一下 亲 一下 一下子 的话 到底 究竟 其实 反正 应该 大概 差不多 能告诉我 告诉我 说一下 说说 给我说说 讲一下
`

// chineseWeak are characters that tell little by themselves.
const chineseWeak = "的了吗呢吧么是在我你您他她它们这那个有就都也还要会能可以和跟与把被给对为到从上下里着过得地很太更最啊呀哦嗯什怎多少几哪谁请想说看去来没不之其但如果因所再又才只做弄让用"

// chineseParticles are those that one caller says and another does not, for the
// same wording.
const chineseParticles = " 的了吗呢吧呀啊嘛哦嗯呗啦你我您们那这个就都也还要请是"

// chineseConcepts are words of the same meaning, a line each.
const chineseConcepts = `
怎么 怎么样 怎样 如何 咋 咋样 咋个 怎么个 怎么办理 怎么弄 怎么办 咋办 咋弄 如何办理 怎么操作 如何操作 怎么搞
几点 什么时候 啥时候 何时 什么时间 几时 哪天 啥时间 几号 哪一天 多会儿 什么日子 几点钟
多久 多长时间 几天 多少天 要多久 多久时间 几个工作日 多少时间 几天时间 时效 周期 几个小时 多少个小时 多长
多少钱 什么价格 价格 价钱 价位 费用 收费 啥价 什么价 贵不贵 怎么收费 咋收费 怎么卖 几块钱 多少块 要钱 花钱 收钱 免费 要不要钱 收不收费 收不收钱 多钱 报价 售价
哪里 哪儿 在哪 在哪里 在哪儿 什么地方 啥地方 地址 位置 什么位置 哪个地方 去哪 去哪里 去哪儿 到哪 怎么走
为什么 为啥 为何 怎么会 咋会 怎么回事 咋回事 什么原因 啥原因 原因 干嘛 凭什么
可以 能 能不能 可不可以 能否 可否 是否可以 行不行 能够 让不让 允许 支持 支不支持 是否支持 可以吗 行吗 成不成
有没有 有无 是否有 有吗 提供 提不提供 有不有
哪些 什么 啥 哪种 哪几种 哪个
买 购买 下单 订购 订 选购 入手 拍 拍下 预定 预订
退货 退掉 退回 退回去 不想要 不要了 退了 退
退款 退钱 返款 退回来的钱 钱退 返钱 退费
换货 换 调换 更换 换一个 换个 换成 改成 改换
修改 更改 改 改一下 变更 改动 换成别的
取消 撤销 撤回 不订了 退订 作废
快递 物流 包裹 货物 货 东西 商品 订单 快件 件
发货 寄出 寄 发出 出库 发走 发出来 发了 邮寄 寄送
到 到货 送到 送达 收到 抵达 到达 送过来 送来
运费 邮费 快递费 邮资 包邮 配送费 送货费
发票 开票 票据 专票 增值税 报销 抬头
付款 支付 付钱 结账 结算 付 交钱 缴费 买单 刷卡 扣款 转账
优惠 打折 折扣 便宜 活动 促销 减价 特价 优惠券 折扣券 券 满减 代金券
会员 会员卡 积分 等级
坏 坏了 故障 出问题 有问题 毛病 不能用 用不了 失灵 不好使 不好用 没反应 损坏 破了 碎了 破损 烂了
修 维修 修理 保修 售后 质保 报修 修一修
电话 号码 联系方式 手机号 联系电话 热线 怎么联系 打给
账号 账户 帐号 帐户 户头 登录 登陆 登不上 登不进
密码 口令 验证码
上班 营业 开门 工作时间 营业时间 开店 下班 关门 打烊 开放
上门 到家 来家里 上家里
安装 装 装上 装好 调试
投诉 举报 反映 不满意 差评
质量 正品 真假 假货 品质 靠谱
尺寸 尺码 大小 多大 号码大小 码数 规格 型号
赔 赔偿 补偿 赔付 理赔
停车 车位 停车场 泊车
预约 约 约时间 挂号 排队
丢 丢了 丢失 不见了 找不到 没了 遗失 弄丢 落 落下
寄存 存放 保管 存 行李
宠物 狗 猫 小狗 小猫
小孩 孩子 儿童 宝宝 小朋友 娃
无线 无线网 网络 wifi wi-fi 上网 网
人 个人 一个人 几个人
提前 早点 早一点 早 提早
延迟 晚点 晚一点 推迟 延后 晚
`

// englishPoliteness is dropped wherever it stands, a line each.
const englishPoliteness = `
please
hi
hello
hey
hi there
hello there
hey there
good morning
good afternoon
good evening
thanks
thank you
thank you very much
um
uh
er
erm
hmm
well
okay
ok
so
like
you know
i mean
sorry
excuse me
pardon me
i was wondering
i was just wondering
i was wondering if
i was just wondering if
i wonder if
i would like to know
i would like to ask
i want to know
i wanted to know
i wanted to ask
i want to ask
i need to know
i am calling to ask
i am calling about
i am calling because
i am just calling to
can you tell me
could you tell me
can you please tell me
could you please tell me
would you tell me
tell me
do you know
do you happen to know
can i ask
may i ask
can i just ask
quick question
i have a question
i have got a question
i have a quick question
just
actually
basically
really
maybe
by any chance
by the way
at all
`

// englishWeak tell little by themselves.
const englishWeak = `a an the of to in on at for from by with about as into is am are was were be been being do does did have has had
i me my mine we us our you your yours it its he she they them their this that these those there here
can could will would shall should may might must not no and or but if then than so too also any some
what which who whom when where why how get got want need like go going come thing things stuff one up out`

// englishParticles are the same of English.
const englishParticles = "a an the of to my your our i you we it is are am do does did can could will would be just so that this there some any please got get have has"

// englishConcepts are words of the same meaning, a line each, separated by commas.
const englishConcepts = `
how much,cost,price,prices,charge,charges,fee,fees,pricing,rate,rates,expensive,how many dollars,free,pay extra
how long,how many days,how many hours,how soon,time frame,turnaround,duration,take long
when,what time,what day,which day,hours,schedule,what times
where,location,address,located,directions,find you,how do i get to,situated
why,how come,what is the reason,reason
open,opening,close,closing,closed,business hours,opening hours,shut,opening time
buy,purchase,order,get one,place an order
return,send back,bring back,give back,take back,sent back
refund,money back,reimburse,reimbursement,get my money
exchange,swap,replace,replacement,different one,switch
change,modify,edit,alter,update,amend
cancel,call off,stop,terminate,quit,end my
package,parcel,order,shipment,delivery,item
ship,deliver,send,mail,dispatch,deliv
arrive,arrival,get here,show up,come,reach,received,receive
late,delay,delayed,overdue,has not come,not arrived,still waiting
track,tracking,status,whereabouts,locate,follow
pay,payment,card,credit card,debit,checkout,paypal,cash,pay with,apple pay
discount,coupon,promo,promotion,sale,deal,voucher,promo code,cheaper,offer
member,membership,account,subscription,sign up,join,enroll,register
broken,damaged,defective,faulty,not working,does not work,stopped working,will not turn on,dead,cracked,busted
repair,fix,warranty,guarantee,service,mend
phone,number,contact,call,reach,phone number
password,login,log in,sign in,locked out,log on
invoice,receipt,bill,vat
size,sizing,fit,dimension,big,small,large,measurement
appointment,book,booking,reserve,reservation,schedule
park,parking,car park,garage
bring,take,carry
kid,child,children,toddler,son,daughter,baby
guest,friend,visitor,buddy
age,old,years old,minimum age,young
lose,lost,missing,misplaced,left behind,forgot
wrong,incorrect,mistake,error,not what i ordered
complain,complaint,unhappy,feedback,dissatisfied
allow,permit,permitted,can i,may i,okay to,able
`

// What takes back what was said before, and says nothing else: the longest first.
const (
	recantsChinese = "说错了 搞错了 弄错了 错了错了 等一下 不对 不是 等等 慢着 哎呀 哎 诶 唉"
	recantsEnglish = "no nope wait actually sorry hang hold on oh um"
)
