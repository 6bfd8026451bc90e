package knowledge

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog/internal/lang"
)

func TestPolarity(t *testing.T) {
	for text, want := range map[string]polarity{
		"我没收到快递":      {negated: true},
		"快递我收到了":      {},
		"优惠券用不了":      {negated: true},
		"我不用开发票":      {negated: true},
		"不支持货到付款吗":    {negated: true, asks: true, whether: true},
		"能不能退":        {asks: true, whether: true},
		"有没有发票":       {asks: true, whether: true},
		"不好意思我要退货":    {},
		"特别慢":         {},
		"机器连不上网怎么办":   {negated: true, asks: true},
		"不能不退":        {},
		"扫地机不会掉下去吧":   {negated: true, asks: true, whether: true},
		"我要退货？":       {asks: true},
		"别人送的":        {},
		"连无线网":        {},
		"不小心付了两次钱":    {},
		"密码我没忘就是登不上去": {negated: true},
		"不是淘宝上便宜多啊":   {},
		"能给我发顺丰不":     {negated: true, asks: true, whether: true},
		"退不退":         {asks: true, whether: true},
	} {
		assert.Equal(t, want, chinesePolarity(text), text)
	}
	for text, want := range map[string]polarity{
		"my refund hasn't arrived":                    {negated: true},
		"my refund has arrived":                       {},
		"the technician didn't show up":               {negated: true},
		"I don't want to return it after all":         {negated: true},
		"don't you take PayPal":                       {negated: true, asks: true, whether: true},
		"can I return it if it's not opened":          {negated: true, asks: true, whether: true},
		"I do have the receipt, is it under warranty": {asks: true, whether: true},
		"the kettle stops by itself, right":           {asks: true, whether: true},
		"it won't connect":                            {negated: true},
		"won't charge":                                {negated: true},
		"do I lose it if I don't pay straight away":   {negated: true, asks: true, whether: true},
		"I lost my receipt":                           {},
		"where is it":                                 {asks: true},
		"nobody called me back":                       {negated: true},
	} {
		assert.Equal(t, want, englishPolarity(text, lang.Words(lang.Fold(text))), text)
	}
}

// What is said with a not is no longer what it was without.
func TestTheOppositeIsNotAnswered(t *testing.T) {
	for _, c := range []struct {
		language      string
		pairs         []Pair
		said, counter string
		id            string
	}{
		{"zh", []Pair{
			{ID: "paper", Question: "可以开纸质发票吗？", Answer: "可以。", Variants: []string{"我要纸质发票", "给我开纸质的发票"}},
			{ID: "refund", Question: "退款没收到怎么办？", Answer: "再等等。", Variants: []string{"我没收到退款", "退款一直没到账"}},
		}, "我要纸质发票", "我不要纸质发票", "paper"},
		{"en", []Pair{
			{ID: "late", Question: "The technician didn't show up.", Answer: "Sorry.", Variants: []string{"your technician did not show up", "nobody showed up"}},
			{ID: "paper", Question: "Can I get a paper invoice?", Answer: "Yes.", Variants: []string{"I need a paper invoice"}},
		}, "the technician didn't show up", "the technician showed up", "late"},
	} {
		x, err := New(c.pairs, Options{Language: c.language})
		require.NoError(t, err)
		r := x.Find(t.Context(), Query{Text: c.said})
		assert.Equal(t, c.id, r.Top().Pair.ID)
		assert.Greater(t, r.Top().Score, 0.8, c.said)
		r = x.Find(t.Context(), Query{Text: c.counter})
		for _, m := range r.Matches {
			assert.Less(t, m.Score, 0.69, "%s: %s", c.counter, m.Pair.ID)
		}
	}
}
