package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog"
)

// Whoever says his question again instead of yes was not understood: he is not asked the
// same again.
func TestWhatWasDeclinedIsNotAskedAgain(t *testing.T) {
	for _, again := range []string{"房间里的拖鞋能带走吗", "我说房间里的拖鞋能带走吗", "放间里的托鞋能代走吗", "不是。"} {
		c := hotel(t)
		first := c.say("房间里的拖鞋能带走吗")
		require.Equal(t, "confirm", first.note.Intent)
		require.Contains(t, first.text(), "毛巾")
		s := c.say(again)
		assert.NotContains(t, s.text(), "毛巾", again)
		assert.Empty(t, s.note.KnowledgeID, again)
		if again == "不是。" {
			s = c.say("房间里的拖鞋能带走吗")
			assert.NotContains(t, s.text(), "毛巾", "nor after a no")
		}
		assert.Equal(t, "towel", c.say("可以多要几条毛巾吗").note.KnowledgeID, "what is asked in so many words is answered")
	}
}

// A yes that was heard badly is one behind a question, and nowhere else.
func TestAYesIsKnownByItsSound(t *testing.T) {
	for heard, want := range map[string]string{"对事的。": "towel", "对一世的": "towel", "就这个": "towel", "不是得": ""} {
		c := hotel(t)
		require.Equal(t, "confirm", c.say("房间里的拖鞋能带走吗").note.Intent)
		s := c.turn(dialog.Turn{Kind: dialog.Spoke, Text: heard, Confidence: 0.1})
		assert.Equal(t, want, s.note.KnowledgeID, heard)
	}
	c := hotel(t)
	require.Equal(t, "confirm", c.say("房间里的拖鞋能带走吗").note.Intent)
	s := c.turn(dialog.Turn{Kind: dialog.Spoke, Text: "推是德", Alternatives: []string{"对，是的。"}, Confidence: 0.1})
	assert.Equal(t, "towel", s.note.KnowledgeID, "the other reading says it")
	assert.Empty(t, hotel(t).say("对事的。").note.KnowledgeID)
}

// The recogniser is shown what short answers look like while one is awaited, and is not led
// astray by wordings of questions when it has heard one.
func TestShortAnswersAreExpected(t *testing.T) {
	c := hotel(t)
	x, l := c.c.(dialog.Expecter), c.c.(dialog.Listener)
	before := l.Patience("对事的", 0.1)
	require.Equal(t, "confirm", c.say("房间里的拖鞋能带走吗").note.Intent)
	assert.Contains(t, x.Expect(), "是的")
	assert.Empty(t, l.Suggest("对事的", 4))
	assert.NotEmpty(t, l.Suggest("我想要毛巾", 4))
	assert.Less(t, l.Patience("对事的", 0.1), before, "a yes is whole")
	g := gym(t)
	assert.Empty(t, g.c.(dialog.Expecter).Expect())
	require.Equal(t, "which", g.say("can I bring my dog to the yoga class").note.Intent)
	assert.Contains(t, g.c.(dialog.Expecter).Expect(), "The second one")
}
