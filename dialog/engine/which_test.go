package engine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog/flow"
	"hotline/dialog/internal/packtest"
	"hotline/dialog/knowledge"
)

// bills are many questions about one subject, none likelier than another, and two that are
// named alike.
func bills(t *testing.T, subject float64) *call {
	t.Helper()
	var pairs []knowledge.Pair
	for _, q := range [][3]string{
		{"change", "发票抬头写错了怎么改", "改抬头"},
		{"content", "发票上能写什么内容", "发票内容"},
		{"late", "以前的发票还能补吗", "补发票"},
		{"lost", "发票丢了怎么办", "发票丢了"},
		{"merge", "几张发票能合成一张吗", "合开发票"},
		{"paper", "发票可以要纸质的吗", "纸质发票"},
		{"view", "电子发票在哪里下载", "下载发票"},
		{"when", "发票几天能收到", "开票时间"},
	} {
		pairs = append(pairs, knowledge.Pair{ID: q[0], Category: "发票", Question: q[1], Topic: q[2], Answer: q[2] + "的答案。"})
	}
	c := config(t, packtest.Pack{Language: "zh", Pairs: pairs})
	c.Thresholds.Subject = subject
	k := begin(t, c)
	k.open()
	return k
}

// What was asked about and declined is not named again.
func TestDeclinedIsNotNamedAgain(t *testing.T) {
	for _, no := range []string{"都不是", "我想问一下发票的问题"} {
		k := bills(t, 0)
		s := k.say("我想问一下发票的问题")
		require.Len(t, s.note.Asked, 3)
		named := s.note.Asked
		if s = k.say(no); no == "都不是" {
			s = k.say("我想问一下发票的问题")
		}
		assert.NotEmpty(t, s.note.Asked, "others are")
		for _, id := range s.note.Asked {
			assert.NotContains(t, named, id, no)
		}
	}
}

// Who names a subject and no more is asked which of its questions it is, sooner than who asks
// something.
func TestABareSubjectIsAskedAbout(t *testing.T) {
	for text, asked := range map[string]bool{"发票的问题": true, "发票呢": false} {
		s := bills(t, 0.99).say(text)
		assert.Equal(t, asked, len(s.note.Asked) == 3, "%s: %s", text, s.text())
	}
}

// Half a sentence does not answer what the whole is not about.
func TestHalfASentenceDoesNotDecide(t *testing.T) {
	pairs := []knowledge.Pair{
		{ID: "wrong-number", Question: "Who's this?", Answer: "This is the shop.", Variants: []string{"who am I talking to", "have I got the wrong number"}},
		{ID: "missed-call", Question: "I've got a missed call from this number.", Answer: "We may have rung about an order.", Variants: []string{"I had a missed call", "you rang me", "who's this, you called me just now"}},
	}
	c := begin(t, config(t, packtest.Pack{Language: "en", Pairs: pairs}))
	c.open()
	assert.Equal(t, "missed-call", c.say("Hang on, who's this? I had a missed call").note.KnowledgeID)
	assert.Equal(t, "wrong-number", c.say("who's this?").note.KnowledgeID)
}

// Half a sentence decides where the whole is about the same matter: how it is done is
// asked like the task itself.
func TestHalfASentenceDecidesWithinItsMatter(t *testing.T) {
	returning := &flow.Flow{
		Name: "return", Title: "退货", Start: flow.Start{Offer: []string{"return-how"}},
		Steps: []flow.Step{{Say: []string{"好，给您办退货。"}}},
	}
	set, problems := flow.Compile([]*flow.Flow{returning}, flow.Context{Language: "zh"})
	require.Empty(t, problems)
	c := config(t, packtest.Pack{Language: "zh", Pairs: []knowledge.Pair{
		{ID: "return-how", Question: "怎么退货？", Answer: "在订单里申请。", Variants: []string{"买回来不喜欢怎么退", "不喜欢买回来的东西", "买回来用着不喜欢", "不喜欢了退给你们"}},
		{ID: "flow-return", Flow: "return", Question: "我要退货", Variants: []string{"我想退货", "给我办退货"}},
		{ID: "store", Question: "门店买回来的能退吗？", Answer: "能，拿到店里。", Variants: []string{"在店里买回来不喜欢"}},
	}})
	c.Flows = func() *flow.Set { return set }
	k := begin(t, c)
	k.open()
	assert.Equal(t, "return", k.say("买回来不喜欢，我想退货").note.Flow)
}

// Who asks about a thing that the business never speaks of is told so at once, and offered
// who may know; nobody is asked whether he means another thing.
func TestAThingThatNobodyKnows(t *testing.T) {
	pairs := map[string][]knowledge.Pair{
		"zh": {
			{ID: "kettle", Question: "水壶漏水怎么办", Answer: "先别用了。", Variants: []string{"水壶底下渗水"}},
			{ID: "robot", Question: "扫地机漏水怎么办", Answer: "把水箱推到底。", Variants: []string{"扫地机底下渗水"}},
		},
		"en": {
			{ID: "kettle", Question: "My kettle leaks.", Answer: "Stop using it.", Variants: []string{"water under the kettle"}},
			{ID: "robot", Question: "My vacuum leaks.", Answer: "Empty the tank.", Variants: []string{"water under the vacuum"}},
		},
	}
	for language, text := range map[string][2]string{"zh": {"加湿器底下渗水", "加湿器"}, "en": {"there's water under the humidifier", "humidifier"}} {
		c := config(t, packtest.Pack{Language: language, Pairs: pairs[language]})
		c.Open = func(time.Time, string) bool { return true }
		k := begin(t, c)
		k.open()
		s := k.say(text[0])
		assert.Contains(t, s.text(), text[1])
		assert.Empty(t, s.note.Asked)
		person := map[string]string{"zh": "人工", "en": "a person"}[language]
		assert.True(t, k.say(person).has("transfer"))

		c.Open = func(time.Time, string) bool { return false }
		k = begin(t, c)
		k.open()
		assert.Contains(t, k.say(text[0]).text(), map[string]string{"zh": "人工已经下班", "en": "our team is away"}[language])
	}
}
