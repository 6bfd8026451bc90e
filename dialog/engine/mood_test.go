package engine_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog"
	"hotline/dialog/emotion"
	"hotline/dialog/internal/packtest"
	"hotline/dialog/moderation"
)

// feeling is the hotel with an ear for moods and words.
func feeling(t *testing.T) *call {
	t.Helper()
	c := config(t, packtest.Hotel(t))
	c.Now = at(10)
	var err error
	c.Moods, err = emotion.New(emotion.Config{Language: "zh"})
	require.NoError(t, err)
	var problems []moderation.Problem
	c.Words, problems = moderation.Load("zh", fstest.MapFS{"defamation.txt": {Data: []byte("二楼餐厅\n")}})
	require.Empty(t, problems)
	k := begin(t, c)
	k.open()
	return k
}

func alerts(s said) []string {
	var out []string
	for _, a := range s.acts {
		if x, ok := a.(dialog.Alert); ok {
			out = append(out, x.Kind)
		}
	}
	return out
}

func TestCalmCallersAreNotApologisedTo(t *testing.T) {
	k := feeling(t)
	for _, text := range []string{"几点可以入住", "怎么开发票", "停车要钱吗"} {
		s := k.say(text)
		assert.NotEmpty(t, s.note.KnowledgeID, text)
		assert.NotContains(t, s.text(), "抱歉", text)
		assert.Empty(t, alerts(s), text)
	}
}

func TestASinkingMoodGetsAPersonUnasked(t *testing.T) {
	k := feeling(t)
	k.say("发票到底什么时候能开，我都催了三遍了")
	s := k.say("你们怎么回事啊，太气人了，还让我等，简直是骗子")
	if !s.has("transfer") {
		assert.Contains(t, s.text(), "人工", "a person is offered at the first clear anger")
		s = k.say("我受够了，你们这种态度我一定要曝光")
	}
	hand, ok := find[dialog.Transfer](s)
	require.True(t, ok, s.text())
	assert.True(t, hand.Urgent)
}

func TestThreatsRaiseAnAlertOnce(t *testing.T) {
	k := feeling(t)
	first := k.say("再不给我退押金我就打12315投诉你们，找记者曝光")
	assert.Contains(t, alerts(first), "complaint_risk")
	assert.NotContains(t, alerts(k.say("我说了我要去12315投诉")), "complaint_risk")
}

func TestWhoIsInDangerIsCaredFor(t *testing.T) {
	s := feeling(t).say("我不想活了")
	assert.Contains(t, s.text(), "一二三五六")
	hand, ok := find[dialog.Transfer](s)
	require.True(t, ok)
	assert.True(t, hand.Urgent)
}

func TestAbuseHasALimit(t *testing.T) {
	k := feeling(t)
	ended := false
	for range 4 {
		s := k.say("陪我裸聊")
		if ended = s.has("hangup"); ended {
			break
		}
		assert.NotEmpty(t, s.text())
	}
	assert.True(t, ended)
}

// Whatever a pack says, what must not be said does not reach the voice.
func TestNothingIsSaidUnchecked(t *testing.T) {
	k := feeling(t)
	l := k.c.(dialog.Listener)
	assert.Empty(t, l.Preview("早餐几点开始"))
	s := k.say("早餐几点开始")
	assert.NotContains(t, s.text(), "二楼餐厅")
	assert.NotEmpty(t, s.text())
	assert.Contains(t, alerts(s), "blocked")
}
