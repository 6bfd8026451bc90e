package engine_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/dialog/flow"
	"hotline/dialog/internal/packtest"
)

const visit = `
name: visit
title: 上门时间
start: {examples: [上门时间]}
slots:
  - {name: item, type: text, from: contact}
  - {name: day, type: date, title: 日期, from: contact}
  - {name: come, type: yesno, title: 方便, ask: ["{day}上门装{item}，您方便吗？"]}
steps:
  - ask: [come]
  - if: come == "no"
    then:
      - say: [好的，我们再联系您。]
      - end: done
  - say: [好的，到时候见。]
  - end: done
`

// ring is a call that we have made to Ms Wang about a boiler.
func ring(t *testing.T, change func(*dialog.Facts)) *call {
	t.Helper()
	c := config(t, packtest.Hotel(t))
	c.Now = func() time.Time { return time.Date(2026, 11, 21, 14, 20, 0, 0, time.FixedZone("CST", 8*3600)) }
	var f flow.Flow
	require.NoError(t, yaml.Unmarshal([]byte(visit), &f))
	set, problems := flow.Compile([]*flow.Flow{&f}, flow.Context{Language: "zh"})
	require.Empty(t, problems)
	c.Flows = func() *flow.Set { return set }
	e, err := engine.New(c)
	require.NoError(t, err)
	facts := dialog.Facts{
		CallID: "c1", Line: c.Name, Language: "zh", Direction: "outbound", Caller: "4008001234", Called: "13800138000", Task: "visit", OptOut: "9",
		Greeting: "{name}您好，您买的{item}到了，{gift}想跟您约上门时间。不想再接到电话请按九。",
		Values:   map[string]string{"name": "王女士", "item": "热水器", "day": "明天"},
	}
	if change != nil {
		change(&facts)
	}
	conv, err := e.Begin(context.Background(), facts)
	require.NoError(t, err)
	return &call{t, conv}
}

func TestCalledGreetingAndTask(t *testing.T) {
	k := ring(t, nil)
	s := k.open()
	assert.Contains(t, s.text(), "智能助手", "that it is a machine")
	assert.Contains(t, s.text(), "王女士您好，您买的热水器到了，想跟您约上门时间。")
	assert.Contains(t, s.text(), "明天上门装热水器，您方便吗？")
	s = k.say("方便")
	assert.Contains(t, s.text(), "到时候见")
	assert.Equal(t, "yes", s.note.Slots["come"])
	s = k.say("没有了")
	assert.True(t, s.has("hangup"))
	assert.NotContains(t, s.text(), "来电", "he has not called us")
}

func TestCalledGreetingThatDiscloses(t *testing.T) {
	k := ring(t, func(f *dialog.Facts) {
		f.Greeting, f.Discloses = "您好，我是酒店的智能助手，通话会录音。{name}，您买的{item}到了。", true
	})
	s := k.open()
	require.GreaterOrEqual(t, len(s.acts), 3)
	assert.Equal(t, dialog.Say{Text: "您好，我是酒店的智能助手，通话会录音。", MustHear: true}, s.acts[0])
	assert.Equal(t, dialog.Say{Text: "王女士，您买的热水器到了。"}, s.acts[1])
	assert.Equal(t, 1, strings.Count(s.text(), "智能助手"), "said once")
	assert.Contains(t, s.text(), "您方便吗？")
}

func TestCalledRefusals(t *testing.T) {
	for text, want := range map[string]dialog.RefusalKind{
		"你们别再打了": dialog.DoNotCall, "打错了": dialog.WrongPerson, "把我号码删了": dialog.DoNotCall,
	} {
		t.Run(text, func(t *testing.T) {
			k := ring(t, nil)
			k.open()
			s := k.say(text)
			r, ok := find[dialog.Refusal](s)
			require.True(t, ok, s.text())
			assert.Equal(t, want, r.Kind)
			assert.Equal(t, text, r.Words)
			assert.Equal(t, []string{"say", "hangup"}, s.kinds(), "one sentence, no counter-offer")
			assert.IsType(t, dialog.Refusal{}, s.acts[0], "kept before anything is heard")
		})
	}
}

func TestCalledPressesTheKey(t *testing.T) {
	k := ring(t, nil)
	k.open()
	s := k.turn(dialog.Turn{Kind: dialog.Pressed, Keys: "9"})
	r, ok := find[dialog.Refusal](s)
	require.True(t, ok)
	assert.Equal(t, dialog.Refusal{Kind: dialog.DoNotCall, Key: "9"}, r, "it is kept as one by key")
	assert.True(t, s.has("hangup"))
}

func TestCalledAtAnotherTime(t *testing.T) {
	k := ring(t, nil)
	k.open()
	s := k.say("我在开会")
	assert.False(t, s.has("hangup"), s.text())
	s = k.say("下午五点吧")
	b, ok := find[dialog.Callback](s)
	require.True(t, ok, s.text())
	assert.Equal(t, "2026-11-21 17:00", b.At.Format("2006-01-02 15:04"))
	assert.Contains(t, s.text(), "今天下午五点")
	assert.True(t, s.has("hangup"))

	s = func() said { k := ring(t, nil); k.open(); return k.say("半小时以后再打") }()
	b, ok = find[dialog.Callback](s)
	require.True(t, ok, s.text())
	assert.Equal(t, "14:50", b.At.Format("15:04"))

	k = ring(t, nil)
	k.open()
	k.say("现在不方便")
	s = k.say("随便什么时候")
	b, ok = find[dialog.Callback](s)
	require.True(t, ok, s.text())
	assert.True(t, b.At.IsZero())
	assert.True(t, s.has("hangup"))
}

// Three o'clock is three where he is.
func TestCalledInHisOwnZone(t *testing.T) {
	k := ring(t, func(f *dialog.Facts) { f.Zone = time.FixedZone("GMT", 0) })
	k.open()
	s := k.say("现在没空，下午三点再打")
	b, ok := find[dialog.Callback](s)
	require.True(t, ok, s.text())
	assert.Equal(t, "2026-11-21T15:00:00Z", b.At.UTC().Format(time.RFC3339))
}

// Who has called us himself keeps the line.
func TestCallerWantsNoCalls(t *testing.T) {
	k := ring(t, func(f *dialog.Facts) { f.Direction, f.Task, f.Greeting = "inbound", "", "" })
	k.open()
	s := k.say("你们以后别再给我打电话了")
	_, ok := find[dialog.Refusal](s)
	assert.True(t, ok)
	assert.False(t, s.has("hangup"))
	for _, text := range []string{"打错了", "我在开会", "把我的资料删掉", "没兴趣"} {
		_, ok := find[dialog.Refusal](k.say(text))
		assert.False(t, ok, text)
	}
}

// Who speaks while the greeting is still said answers no question that he has not heard.
func TestCalledSpeaksBeforeTheQuestion(t *testing.T) {
	for _, text := range []string{"对", "是的", "喂", "嗯"} {
		k := ring(t, nil)
		opening := k.open().text()
		s := k.turn(dialog.Turn{Kind: dialog.Spoke, Text: text, Confidence: 1, Interrupted: &dialog.Interruption{
			Heard: "您好,这里是青禾酒店", Unheard: opening[len("您好,这里是青禾酒店"):], After: 2 * time.Second,
		}})
		assert.Contains(t, s.text(), "您方便吗？", text)
		assert.Empty(t, s.note.Slots["come"], text)
	}
}
