package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog"
	"hotline/dialog/internal/packtest"
)

func surveyed(t *testing.T) *call {
	t.Helper()
	c := config(t, packtest.Hotel(t))
	c.Survey, c.Now = true, at(10)
	k := begin(t, c)
	k.open()
	k.say("早餐几点开始")
	return k
}

func TestSurveyBeforeTheGoodbye(t *testing.T) {
	for text, want := range map[string]int{"五分": 5, "四": 4, "很满意": 5, "不太满意": 2, "一般吧": 3, "非常不满意": 1, "1": 1} {
		t.Run(text, func(t *testing.T) {
			k := surveyed(t)
			s := k.say("没有了，再见")
			assert.False(t, s.has("hangup"), s.text())
			s = k.say(text)
			r, ok := find[dialog.Rating](s)
			require.True(t, ok)
			assert.Equal(t, want, r.Score)
			assert.True(t, s.has("hangup"))
		})
	}
}

func TestSurveyByKeyAndNotAtAll(t *testing.T) {
	k := surveyed(t)
	k.say("再见")
	s := k.turn(dialog.Turn{Kind: dialog.Pressed, Keys: "4"})
	r, _ := find[dialog.Rating](s)
	assert.Equal(t, 4, r.Score)
	assert.True(t, s.has("hangup"))

	k = surveyed(t)
	k.say("再见")
	s = k.say("不用了")
	_, ok := find[dialog.Rating](s)
	assert.False(t, ok)
	assert.True(t, s.has("hangup"), "asked once")

	k = surveyed(t)
	k.say("再见")
	assert.True(t, k.turn(dialog.Turn{Kind: dialog.Silent}).has("hangup"), "who says nothing is not kept")
}

// Who got nothing is not asked how content he is.
func TestNoSurveyWithoutAnAnswer(t *testing.T) {
	c := config(t, packtest.Hotel(t))
	c.Survey, c.Now = true, at(10)
	k := begin(t, c)
	k.open()
	assert.True(t, k.say("再见").has("hangup"))
}
