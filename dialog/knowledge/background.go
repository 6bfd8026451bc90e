package knowledge

import "strings"

// background is what people ask machines about everything under the sun: what a
// text that means none of the pairs is near to. A business which does answer one
// of these has a pair that is nearer still.
func background(chinese bool) []string {
	if chinese {
		return strings.Fields(backgroundChinese)
	}
	return strings.Split(strings.TrimSpace(backgroundEnglish), "\n")
}

const backgroundChinese = `
后天会下雨吗 上海气温多少度 今天空气质量怎么样 外面冷不冷要穿什么 台风什么时候登陆
播放一首轻音乐 我想听相声 把音量调到最大 推荐一部好看的电影 昨晚的球赛结果是什么 世界杯冠军是谁
三十五乘以十二等于多少 根号二是多少 帮我算一下房贷月供 一英里等于多少公里 人民币兑换日元
用英语怎么说谢谢 这个成语是什么意思 帮我写一封情书 背一首唐诗 讲个故事给我听 给我讲个段子
糖醋排骨怎么烧 做蛋糕要放多少面粉 吃什么能补钙 喝咖啡会失眠吗 怀孕了不能吃什么
感冒发烧怎么治 腰疼挂什么科 体检报告怎么看 牙疼怎么缓解 近视手术要多少钱 血压高要注意什么
去办身份证要带什么 户口怎么迁 社保断缴有什么影响 公积金贷款怎么申请 个人所得税怎么退 结婚登记在哪里办 驾照扣分怎么查 违章怎么处理 出国签证怎么办 营业执照怎么注销
基金亏了要不要卖 银行存款利率是多少 信用卡怎么提额 我的账户余额是多少 转账多久到账 贷款逾期了会怎么样 车险怎么买划算 保险出险了怎么赔
明天去广州的机票多少钱 火车票怎么退 地铁末班车是几点 高速堵不堵 出租车怎么叫 飞机行李限重多少
电脑开不了机 手机屏幕摔坏了在哪换 路由器怎么设置 软件闪退怎么办 微信聊天记录怎么恢复 打印机卡纸了 流量用完了怎么充
北京房价会跌吗 租房合同怎么签 装修一套房要多少钱 物业费怎么交 水管漏水找谁 家里停电了
光纤断了谁来修 宽带怎么装 网速太慢了 马桶坏了找谁 房东要涨房租 邻居半夜放音乐
孩子几岁上小学 高考报名什么时候 考研要准备什么 怎么背单词 大学学费多少 作业不会做
中国有多少个省 太阳离地球多远 谁发明了电灯 鲁迅写过什么 恐龙为什么灭绝 最大的海洋是哪个
男朋友不理我了 心情不好怎么办 我好无聊陪我聊天 你喜欢我吗 你有没有女朋友 你会做梦吗 你几岁了
你们公司什么时候成立的 你们公司有多少员工 你们招人吗工资多少 怎么应聘你们的岗位 你们老总是谁 你们上市了吗 想跟你们合作推广 怎么加盟你们 你们有没有分公司
彩票怎么中奖 今天几号 现在几点了 设个提醒 打开空调 关灯 打电话给爸爸 给小王发消息 今天有什么新闻 附近有加油站吗 附近哪家饭馆好吃 附近有没有超市 外滩晚上好玩吗 去苏州玩几天合适 去杭州旅游带什么衣服 西湖游船几点停 成都哪里的小吃多 景区门票多少钱 带老人去哪儿旅游好 楼下药店开到几点 对面银行几点下班 图书馆星期天开门吗 旁边那家面馆关门没有
查一下社保卡里还有多少钱 公积金余额在哪里看 公交卡没钱了怎么充 医保能报销多少 养老金什么时候发 预约一辆网约车 打车去机场要多少钱 找人送我去车站
狗不吃饭怎么回事 猫多久打一次疫苗 花叶子发黄怎么办 怎么减肥 怎么戒烟 衣服染色了怎么洗 
买什么牌子的车好 洗衣机选哪个型号 我要买一双运动鞋 我的外卖怎么还没送来 快递寄到国外多少钱 帮我充话费 二手车怎么卖 打官司要多少钱 劳动仲裁怎么申请 被骗了怎么报警
`

const backgroundEnglish = `
will it snow this weekend
how cold is it in chicago
do i need an umbrella today
play my favorite song
turn the volume up all the way
recommend a good movie
what was the score of the football match
who won the world cup
what is thirty five times twelve
how many feet are in a mile
convert dollars to yen
how do you say thank you in french
what does this word mean
write me a love letter
tell me a story
make me laugh
how do i cook a steak
what goes into pancakes
how many calories does an apple have
is coffee bad for you
what can i eat when i am pregnant
how do i get rid of a cold
my back hurts what should i do
what are the symptoms of the flu
how do i apply for a visa
where do i renew my passport
how do i register to vote
when are taxes due
how do i get a birth certificate
where can i get married
how do i pay a parking fine
what is my bank balance
transfer money to my savings
what is the interest rate on a loan
how do i improve my credit score
my credit card was stolen
when is my bill due
how do i file an insurance claim
should i sell my shares
book me a flight to london
how do i change my train ticket
when is the last bus
how is the traffic on the highway
call me a taxi
how much luggage can i take on the plane
my computer will not start
how do i set up my router
why is my internet slow
the printer is jammed
how do i recover deleted photos
top up my phone
will house prices go down
how do i sign a lease
how much does it cost to redo a kitchen
who fixes a leaking pipe
the power is out at my house
when does school start
how do i get into college
help me with my math homework
how do i learn spanish
what is the biggest ocean
how far away is the sun
who invented the light bulb
why did the dinosaurs die out
who is the prime minister
what is the capital of france
my girlfriend is not talking to me
i feel sad today
i am bored talk to me
do you like me
do you dream
where were you born
what is your favorite color
when was your company founded
how many people work for you
are you hiring
what do you pay your employees
are you a public company
i want to become your partner
do you have a franchise
where is your headquarters
what are the lottery numbers
what day is it today
what time is it
set a timer for ten minutes
remind me to call my mother
turn off the lights
call dad
send a text to john
what is in the news
is there a gas station nearby
what is a good restaurant around here
where is the nearest supermarket
my dog will not eat
how often does a cat need shots
why are my plant's leaves yellow
how do i quit smoking
how do i get a stain out of a shirt
which car should i buy
i want to buy running shoes
where is my pizza
how much is it to send a parcel abroad
how do i sell my used car
how much does a lawyer cost
i was scammed who do i call
can i get my hair cut
add milk to my shopping list
what is on my calendar
read my emails
who wrote hamlet
how do i change a tire
do you sell furniture
is there a playground
do you have gift cards
can you sponsor our team
my landlord will not fix the heating
can they raise the rent whenever they like
may i keep a cat in a rented apartment
how do i file my taxes
what can i deduct from my income
which medicine helps against a cough
how many drops does a baby get
is this mole dangerous
my child has a temperature
how do i get a driving license
book me an appointment for a haircut
translate this letter for me
write a speech for a wedding
what does my star sign mean
is now a good time to invest
what is bitcoin worth
who should i vote for
what do you think of the government
is there going to be a war
`
