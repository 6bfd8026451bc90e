package engine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/dialog/flow"
	"hotline/dialog/internal/packtest"
	"hotline/dialog/knowledge"
	"hotline/dialog/slot"
)

// cancelling is a task of the hotel: which booking, sure, and a ticket.
func cancelling() *flow.Flow {
	return &flow.Flow{
		Name: "cancel", Title: "取消预订", Skill: "desk", Start: flow.Start{Pairs: []string{"cancel"}},
		Slots: []flow.Slot{
			{Name: "booking", Title: "订单号", Type: slot.Code, Length: "6", Ask: []string{"请说六位订单号。", "订单号是多少？"}},
			{Name: "sure", Title: "取消", Type: slot.YesNo, Ask: []string{"确定要取消吗？"}},
		},
		Steps: []flow.Step{
			{Ask: []string{"booking"}},
			{Lookup: &flow.Lookup{Table: "bookings", Where: map[string]string{"单号": "{booking}"}, As: "单"}, None: []flow.Step{{Say: []string{"没有这个订单。"}}, {Transfer: &flow.Transfer{}}}},
			{Say: []string{"{单.入住:date}的{单.房型}。"}},
			{Ask: []string{"sure"}},
			{If: `sure == "yes"`, Then: []flow.Step{
				{Ticket: &flow.Ticket{Kind: "取消", Summary: "取消 {单.单号}"}},
				{Say: []string{"取消好了。"}},
			}, Else: []flow.Step{{Say: []string{"好，给您留着。"}}}},
		},
	}
}

// stock asks another system.
func stock() *flow.Flow {
	return &flow.Flow{
		Name: "stock", Title: "查房态", Start: flow.Start{Pairs: []string{"price"}},
		Steps: []flow.Step{
			{Lookup: &flow.Lookup{URL: "https://pms.example/free", As: "房"}, None: []flow.Step{{Say: []string{"没有房了。"}}}},
			{Say: []string{"还有{房.n}间。"}},
		},
	}
}

func withTasks(tb testing.TB, e engine.Effects) engine.Config {
	tb.Helper()
	set, problems := flow.Compile([]*flow.Flow{cancelling(), stock()}, flow.Context{
		Language: "zh",
		Tables: []flow.Table{{Name: "bookings", Columns: []string{"单号", "入住", "房型"}, Rows: []flow.Row{
			{"单号": "100200", "入住": "2026-03-05", "房型": "大床房"}, {"单号": "100300", "入住": "2026-03-06", "房型": "双床房"},
		}}},
	})
	require.Empty(tb, problems)
	c := config(tb, packtest.Hotel(tb))
	c.Flows, c.Effects = func() *flow.Set { return set }, e
	c.Now = at(10)
	return c
}

func desk(t *testing.T) *call {
	t.Helper()
	c := begin(t, withTasks(t, nil))
	c.open()
	return c
}

func TestATaskIsDone(t *testing.T) {
	c := desk(t)
	s := c.say("怎么取消预订")
	assert.Equal(t, "cancel", s.note.Flow)
	assert.Contains(t, s.text(), "订单号")
	s = c.say("幺零零二零零")
	assert.Contains(t, s.text(), "大床房")
	assert.Contains(t, s.text(), "确定要取消吗")
	assert.False(t, s.has("ticket"))
	s = c.say("确定")
	ticket, ok := find[dialog.Ticket](s)
	require.True(t, ok)
	assert.Equal(t, "取消 100200", ticket.Summary)
	assert.True(t, s.note.Resolved)
	assert.Equal(t, "100200", s.note.Slots["booking"])
	s = c.say("没有了")
	assert.True(t, s.has("hangup"))
}

func TestAQuestionInMidTaskIsAnsweredAndTheTaskGoesOn(t *testing.T) {
	c := desk(t)
	c.say("怎么取消预订")
	s := c.say("早餐几点开始")
	assert.Equal(t, "breakfast", s.note.KnowledgeID)
	assert.Contains(t, s.text(), "订单号")
	s = c.say("一零零三零零")
	assert.Contains(t, s.text(), "双床房")
}

func TestWhoSaysWhatTheyWantIsNotAskedToSayItAgain(t *testing.T) {
	c := desk(t)
	c.say("怎么取消预订")
	c.say("一零零三零零")
	s := c.say("给我转人工")
	hand, ok := find[dialog.Transfer](s)
	require.True(t, ok)
	assert.Equal(t, "desk", hand.Skill)
	assert.Contains(t, hand.Summary, "100300")
	assert.Contains(t, hand.Summary, "取消预订")
}

// A person asked for by the name of his desk is got, also by who gives the task up.
func TestPeopleAreAskedForByTheirDesk(t *testing.T) {
	for text, want := range map[string]string{
		"算了，我要跟前台的人说": "front", "帮我转前台": "front", "找一下你们财务部": "billing", "我想跟前台讲两句": "front",
		"前台电话是多少": "", "前台几点上班": "", "不用转前台": "",
	} {
		conf := withTasks(t, nil)
		conf.Titles = map[string]string{"前台": "front", "财务部": "billing"}
		c := begin(t, conf)
		c.open()
		c.say("怎么取消预订")
		hand, _ := find[dialog.Transfer](c.say(text))
		assert.Equal(t, want, hand.Skill, text)
	}
}

func TestGivingUpATaskIsObeyed(t *testing.T) {
	c := desk(t)
	c.say("怎么取消预订")
	s := c.say("算了不取消了")
	assert.NotContains(t, s.text(), "订单号")
	s = c.say("早餐几点开始")
	assert.NotContains(t, s.text(), "订单号")
}

func TestRepeatAndRobotDoNotEndATask(t *testing.T) {
	c := desk(t)
	c.say("怎么取消预订")
	for _, text := range []string{"你说什么", "你是机器人吗", "喂"} {
		s := c.say(text)
		assert.Contains(t, s.text(), "订单号", text)
	}
	assert.Contains(t, c.say("一零零二零零").text(), "大床房")
}

func TestSilenceInATaskPutsTheQuestionAgain(t *testing.T) {
	c := desk(t)
	c.say("怎么取消预订")
	assert.Contains(t, c.turn(dialog.Turn{Kind: dialog.Silent}).text(), "订单号")
}

// A reply that is only tried, for its sound, changes nothing.
func TestPreviewDoesNoTask(t *testing.T) {
	c := desk(t)
	l := c.c.(dialog.Listener)
	for range 3 {
		assert.Contains(t, l.Preview("怎么取消预订"), "订单号")
	}
	c.say("怎么取消预订")
	assert.Contains(t, l.Preview("一零零二零零"), "大床房")
	assert.Contains(t, c.say("一零零三零零").text(), "双床房")
}

// The recogniser is told of no sentences while digits are dictated.
func TestDictationIsNotMisled(t *testing.T) {
	c := desk(t)
	l := c.c.(dialog.Listener)
	require.NotEmpty(t, l.Suggest("枣餐的几店", 4))
	c.say("怎么取消预订")
	assert.Empty(t, l.Suggest("一零零二", 4))
	assert.NotEmpty(t, l.Suggest("枣餐的几店", 4), "a question of the caller's own")
}

func TestDictationIsWaitedFor(t *testing.T) {
	c := desk(t)
	c.say("怎么取消预订")
	l := c.c.(dialog.Listener)
	assert.GreaterOrEqual(t, l.Patience("一零零", 0.9), 700*time.Millisecond, "half a number")
	assert.Less(t, l.Patience("一零零二零零", 0.9), 500*time.Millisecond, "a whole one")
}

// effects answers after a while.
type effects struct {
	after time.Duration
	r     flow.Response
	asked int
}

func (e *effects) Do(ctx context.Context, _ flow.Request) flow.Response {
	e.asked++
	select {
	case <-ctx.Done():
		return flow.Response{Err: context.Cause(ctx)}
	case <-time.After(e.after):
		return e.r
	}
}

func TestOtherSystemsAreWaitedForAloud(t *testing.T) {
	room := flow.Response{Rows: []flow.Row{{"n": "3"}}}
	for _, c := range []struct {
		name    string
		e       *effects
		said    string
		comfort bool
		person  bool
	}{
		{"at once", &effects{0, room, 0}, "还有3间", false, false},
		{"slowly", &effects{6 * time.Second, room, 0}, "还有3间", true, false},
		{"never", &effects{time.Hour, room, 0}, "", true, true},
		{"broken", &effects{time.Second, flow.Response{Err: errors.New("502")}, 0}, "", false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := begin(t, withTasks(t, c.e))
				var acts []dialog.Act
				reply := func(turn dialog.Turn) {
					acts = nil
					require.NoError(t, k.c.Reply(t.Context(), turn, func(a dialog.Act) error { acts = append(acts, a); return nil }))
				}
				reply(dialog.Turn{Kind: dialog.Opened})
				reply(dialog.Turn{Kind: dialog.Spoke, Text: "一晚多少钱", Confidence: 1})
				s := said{acts: acts}
				assert.Contains(t, s.text(), c.said)
				assert.Equal(t, c.person, s.has("transfer"), s.text())
				filler := false
				for _, a := range acts {
					if x, ok := a.(dialog.Say); ok && x.Filler {
						filler = true
					}
				}
				assert.Equal(t, c.comfort, filler)
				assert.Equal(t, 1, c.e.asked)
				assert.Empty(t, k.c.(dialog.Listener).Preview("一晚多少钱"), "nothing is asked for a preview")
				assert.Equal(t, 1, c.e.asked)
			})
		})
	}
}

// Who speaks over the reply does not undo what it was about.
func TestWhatWasDoneIsNotLostToAnInterruption(t *testing.T) {
	c := desk(t)
	c.say("怎么取消预订")
	c.say("幺零零二零零")
	ctx, cut := context.WithCancelCause(t.Context())
	var acts []dialog.Act
	err := c.c.Reply(ctx, dialog.Turn{Kind: dialog.Spoke, Text: "确定", Confidence: 1}, func(a dialog.Act) error {
		if _, ok := a.(dialog.Say); ok {
			cut(errors.New("the caller spoke"))
			return context.Cause(ctx)
		}
		acts = append(acts, a)
		return nil
	})
	require.Error(t, err)
	_, ok := find[dialog.Ticket](said{acts: acts})
	assert.True(t, ok)
}

// A task that was cut off while another system was asked is taken up again.
func TestACutOffTaskIsTakenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &effects{time.Hour, flow.Response{Rows: []flow.Row{{"n": "3"}}}, 0}
		c := begin(t, withTasks(t, e))
		c.open()
		ctx, cut := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			done <- c.c.Reply(ctx, dialog.Turn{Kind: dialog.Spoke, Text: "一晚多少钱", Confidence: 1}, func(dialog.Act) error { return nil })
		}()
		time.AfterFunc(50*time.Millisecond, cut)
		require.Error(t, <-done)
		e.after = 0
		assert.Contains(t, c.say("嗯").text(), "还有3间")

		e.after = 0
		assert.NotEmpty(t, c.say("早餐几点开始").note.KnowledgeID)
	})
}

// The question how a task is done and the task itself are not asked back against each
// other.
func TestATaskAndItsQuestionAreOneMatter(t *testing.T) {
	f := cancelling()
	f.Start = flow.Start{Offer: []string{"cancel"}}
	set, problems := flow.Compile([]*flow.Flow{f}, flow.Context{Language: "zh", Tables: []flow.Table{{Name: "bookings", Columns: []string{"单号", "入住", "房型"}}}})
	require.Empty(t, problems)
	pack := packtest.Hotel(t)
	pack.Pairs = append(pack.Pairs, knowledge.Pair{ID: "flow-cancel", Question: "我要取消预订", Variants: []string{"帮我把订的房间退掉", "取消我的预订"}, Topic: "取消预订", Flow: "cancel"})
	c := config(t, pack)
	c.Flows, c.Now = func() *flow.Set { return set }, at(10)
	k := begin(t, c)
	k.open()
	s := k.say("我要取消预订，应该怎么取消")
	assert.Equal(t, "cancel", s.note.KnowledgeID, "who asks how is told how")
	assert.Contains(t, s.text(), "取消预订吗", "the task is offered")
	s = k.say("不用")
	assert.Empty(t, s.note.Flow)
	s = k.say("怎么取消预订")
	assert.Equal(t, "cancel", s.note.KnowledgeID)
	assert.Contains(t, s.text(), "取消预订吗", "the task is offered")
	assert.Contains(t, k.say("好的").text(), "订单号")
}
