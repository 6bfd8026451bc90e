package engine_test

import (
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog"
	"hotline/dialog/internal/packtest"
	"hotline/dialog/knowledge"
	"hotline/dialog/moderation"
)

// shop answers a little, with the lists of a language and a business's own.
func shop(t *testing.T, language string, open bool, own fstest.MapFS) *call {
	t.Helper()
	pairs := map[string][]knowledge.Pair{
		"zh": {
			{ID: "burnt", Category: "安全", Question: "机器有烧焦味怎么办", Answer: "请马上拔掉插头，不要再用。", Variants: []string{"闻到一股焦味", "有糊味"}},
			{ID: "trips", Category: "安全", Question: "水壶一烧水就跳闸怎么办", Answer: "擦干底座，别再插电。"},
			{ID: "return", Category: "退换", Question: "不想要了能退吗", Answer: "七天内可以退。"},
			{ID: "lights", Category: "使用", Question: "燃气灶打不着火怎么办", Answer: "先换电池。"},
		},
		"en": {
			{ID: "smoke", Category: "danger", Question: "There's smoke coming out of it.", Answer: "Unplug it right away.", Variants: []string{"my purifier is smoking"}},
			{ID: "cable", Category: "danger", Question: "The cable's damaged. Can I still use it?", Answer: "Don't use it or tape it up."},
			{ID: "return", Category: "returns", Question: "Can I return it?", Answer: "Within thirty days."},
			{ID: "recall", Category: "safety", Question: "I heard one exploded, is mine safe?", Answer: "Nothing of ours is under recall."},
		},
	}[language]
	c := config(t, packtest.Pack{Language: language, Pairs: pairs})
	c.Now, c.Urgent = at(10), []string{"安全", "danger"}
	c.Open = func(time.Time, string) bool { return open }
	var problems []moderation.Problem
	c.Words, problems = moderation.Load(language, own)
	require.Empty(t, problems)
	k := begin(t, c)
	k.open()
	return k
}

// Whatever thing burns or gives shocks, who says so hears what to do first and gets a person
// before all others.
func TestDangerGetsAPersonFirst(t *testing.T) {
	for language, texts := range map[string]map[string]string{
		"zh": {
			"闻到一股焦味": "拔掉插头",
			"我妈的电热毯把床单烧焦了一块，你们得给个说法": "插头",
			"榨汁机一按就冒烟":   "插头",
			"洗脚盆漏电，我脚麻了": "插头",
			"被挂烫机烫伤了":    "插头",
		},
		"en": {
			"my purifier is smoking":                        "Unplug it right away",
			"my electric blanket scorched the sheet":        "nplug",
			"I got an electric shock from the foot spa":     "nplug",
			"the juicer caught fire":                        "nplug",
			"there's a smell of burning from the projector": "nplug",
		},
	} {
		for text, advice := range texts {
			s := shop(t, language, true, nil).say(text)
			assert.Contains(t, s.text(), advice, text)
			hand, ok := find[dialog.Transfer](s)
			require.True(t, ok, "%s: %s", text, s.text())
			assert.True(t, hand.Urgent, text)
			assert.Contains(t, alerts(s), "sensitive", text)
		}
	}
}

// Out of hours there is the advice, and a callback or a message; a later hand-over is urgent.
func TestDangerOutOfHours(t *testing.T) {
	s := shop(t, "zh", false, nil).say("榨汁机一按就冒烟")
	assert.Contains(t, s.text(), "插头")
	assert.Contains(t, s.text(), "回电")
	assert.False(t, s.has("transfer"))
}

// What the list does not know by its words, and a pair does, gets the pair's advice and
// the offer of a person, who comes before all others.
func TestUrgentAnswersOfferAPerson(t *testing.T) {
	for language, text := range map[string][3]string{
		"zh": {"水壶一烧水就跳闸怎么办", "别再插电", "好的"},
		"en": {"the cable's damaged, can I still use it", "tape it up", "yes please"},
	} {
		k := shop(t, language, true, nil)
		s := k.say(text[0])
		assert.Contains(t, s.text(), text[1])
		require.False(t, s.has("transfer"), s.text())
		s = k.say(text[2])
		hand, ok := find[dialog.Transfer](s)
		require.True(t, ok, s.text())
		assert.True(t, hand.Urgent)
		assert.Equal(t, "danger", hand.Reason)

		k = shop(t, language, true, nil)
		k.say(text[0])
		no := map[string]string{"zh": "不用了", "en": "no thanks"}[language]
		assert.False(t, k.say(no).has("transfer"))

		off := shop(t, language, false, nil).say(text[0])
		assert.Contains(t, off.text(), text[1])
		assert.Contains(t, off.text(), map[string]string{"zh": "回电", "en": "Callback"}[language])
	}
}

// A question with such words in it is a question, and what did not happen is none.
func TestWordsOfDangerInPeace(t *testing.T) {
	for language, texts := range map[string][]string{
		"zh": {"燃气灶打不着火怎么办", "这个会不会漏电", "没冒烟，就是不转了", "你们有防烫伤的手套吗"},
		"en": {"I heard one exploded, is mine safe?", "it just died, no smoke, nothing", "could it catch fire"},
	} {
		for _, text := range texts {
			assert.False(t, shop(t, language, true, nil).say(text).has("transfer"), text)
		}
	}
}

// The list and what follows from it are the owner's to change.
func TestDangerIsTheOwnersToSay(t *testing.T) {
	own := fstest.MapFS{"danger.txt": {Data: []byte("压力锅喷了\n-冒烟\n")}}
	assert.True(t, shop(t, "zh", true, own).say("压力锅喷了一厨房").has("transfer"))
	assert.False(t, shop(t, "zh", true, own).say("榨汁机一按就冒烟").has("transfer"))
	off := fstest.MapFS{"policies.txt": {Data: []byte("danger | pass\n")}}
	assert.False(t, shop(t, "zh", true, off).say("榨汁机一按就冒烟").has("transfer"))
}
