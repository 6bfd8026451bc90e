package llm

import "strings"

// Words in these lists hold neither fact nor promise, refusal or consent: a reply may
// use them though they stand in no source. Yes, no, can and will are not among them.
var (
	freeChinese = longestFirst(`的 了 呢 吧 呀 哦 啊 嘛 和 与 及 以及 或 或者 也 这 这个 这些 这样 那 那么 您 您的 你 你的 我们 我们的 您好 你好 请问 关于 根据 对于 一下 其中 另外 此外 同时 然后 还有 以下 如下 是 在 就 就是 目前 现在 的话 说明 方面 情况 问题`)
	// These may stand alone where the source has them somewhere.
	looseChinese = "到从把被让请用按由先再等对为"
	freeEnglish  = set(`a an the of to in on at for and or but is are be it its this that these those you your yours we our us as with from by about so well hello hi please also then there here which who what do does`)

	// Negations, and words that only look like them.
	negationChinese = longestFirst(`不 没 没有 无 未 非 别 勿 莫 拒 禁 除 除外 除非 否`)
	noNegation      = longestFirst(`不好意思 非常 不管 无论 不仅 不但 特别 分别 区别 级别 类别 性别 别人 是否 拜访`)
	negationEnglish = set(`not no never none nor cannot without except unless neither nothing excluded excluding except non`)

	// Bound words count as facts: promises, consent, degree, days, and what quantity
	// words say. Each must stand in the very clause that a sentence rests on.
	boundChinese = longestFirst(`保证 承诺 答应 一定 肯定 绝对 必定 必 赔 赔偿 赔付 补偿 免费 免 减免 包邮 包退 包换 包赔 退款 退钱 退您 退给 退还 退回 全额 返现 返还 送 赠送 赠 优惠 折扣 打折 补发 补贴 优先 立即 马上 立刻 尽快 随时 永久 终身 无条件 无理由 全部 全国 全场 任何 所有 每 都 给您 帮您 替您 为您 已经 已 会 将 可以 能够 能 支持 允许 同意 没问题 好的 当然 是的 对的 行 必须 只 仅 只要 最 第一 今天 明天 后天 昨天 今晚 今日 明日 次日 当天 当日 当晚 隔天 本周 下周 上周 本月 下月 上月 下个月 今年 明年 去年 周末 工作日 节假日 春节 国庆 元旦 上午 下午 早上 中午 晚上 凌晨 傍晚 夜间 左右 大约 半 半天 半年 双 双倍 几 多少 若干 数 一半 整 期间 小时内 提前 延期 延长 分期 退 换 付 扣 罚 收取 收费 转账 汇款 密码 验证码`)
	boundEnglish = set(`promise promises promised guarantee guarantees guaranteed ensure assure free refund refunds refunded refundable compensate compensation reimburse reimbursed waive waived gift bonus discount discounts discounted credit always any all everything every everyone each immediately instantly right away soon will shall must would could should can may might definitely certainly absolutely sure course yes yeah okay ok correct unconditional unlimited lifetime full fully only half double triple twice couple few several dozen today tomorrow yesterday tonight monday tuesday wednesday thursday friday saturday sunday january february march april june july august september october november december weekend weekends weekday weekdays morning afternoon evening noon midnight am pm week-long daily weekly monthly yearly annually more less over under least most up within before after until since pay paid charge charged transfer password already approved`)
)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// longestFirst holds words by their first character, the longest first.
func longestFirst(words string) map[rune][][]rune {
	m := map[rune][][]rune{}
	for w := range strings.FieldsSeq(words) {
		rs := []rune(w)
		l := m[rs[0]]
		i := 0
		for i < len(l) && len(l[i]) >= len(rs) {
			i++
		}
		l = append(l, nil)
		copy(l[i+1:], l[i:])
		l[i] = rs
		m[rs[0]] = l
	}
	return m
}

// longest is the length of the longest word of l that rs begins with.
func longest(l map[rune][][]rune, rs []rune) int {
	if len(rs) == 0 {
		return 0
	}
	for _, w := range l[rs[0]] {
		if len(w) <= len(rs) && string(w) == string(rs[:len(w)]) {
			return len(w)
		}
	}
	return 0
}
