package flow_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog"
	"hotline/dialog/flow"
	"hotline/dialog/slot"
)

// orders is a shop's table.
func orders() flow.Table {
	row := func(id, phone, state, place string) flow.Row {
		return flow.Row{"订单号": id, "电话": phone, "状态": state, "位置": place}
	}
	return flow.Table{Name: "orders", Columns: []string{"订单号", "电话", "状态", "位置"}, Rows: []flow.Row{
		row("202611180017", "13800138000", "运输中", "上海"),
		row("202611190032", "13912345678", "已签收", ""),
		row("202611120044", "13800138000", "已签收", ""),
	}}
}

func rooms() flow.Table {
	return flow.Table{Name: "rooms", Columns: []string{"日期", "名额"}, Rows: []flow.Row{{"日期": "2026-03-05", "名额": "1"}, {"日期": "2026-03-06", "名额": "0"}}}
}

// track is a task as an owner writes it.
func track() *flow.Flow {
	return &flow.Flow{
		Name: "track", Title: "查物流", Skill: "aftersales", Start: flow.Start{Pairs: []string{"track"}},
		Slots: []flow.Slot{
			{Name: "order", Title: "订单号", Type: slot.Code, Length: "4-12", Ask: []string{"请说订单号。"}, Unknown: "by_phone"},
			{Name: "phone", Title: "手机号", Type: slot.Phone, Ask: []string{"请说手机号。"}},
			{Name: "received", Title: "收到没有", Type: slot.YesNo, Ask: []string{"您收到了吗？"}},
		},
		Steps: []flow.Step{
			{Ask: []string{"order"}},
			{Lookup: &flow.Lookup{Table: "orders", Where: map[string]string{"订单号": "*{order}"}, As: "订单"}, None: []flow.Step{
				{Say: []string{"没有查到{order:digits}。"}},
				{ID: "by_phone", Ask: []string{"phone"}},
				{Lookup: &flow.Lookup{Table: "orders", Where: map[string]string{"电话": "{phone}"}, As: "订单"}, None: []flow.Step{
					{Transfer: &flow.Transfer{}},
				}},
			}},
			{Case: "订单.状态", Of: map[string][]flow.Step{
				"运输中": {{Say: []string{"尾号{订单.订单号:last4}到了{订单.位置}。"}}},
				"已签收": {
					{Ask: []string{"received"}},
					{If: `received == "no"`, Then: []flow.Step{
						{Ticket: &flow.Ticket{Kind: "签收未收到", Summary: "订单 {订单.订单号} 没有收到", Fields: map[string]string{"电话": "{订单.电话}"}}},
						{Say: []string{"登记了。"}},
					}, Else: []flow.Step{{Say: []string{"那就好。"}}}},
				},
			}},
		},
	}
}

func book() *flow.Flow {
	return &flow.Flow{
		Name: "book", Title: "预约", Slots: []flow.Slot{{Name: "day", Title: "日期", Type: slot.Date, Ask: []string{"哪一天？"}, Side: "future"}},
		Steps: []flow.Step{
			{ID: "again", Ask: []string{"day"}},
			{Book: &flow.Book{Table: "rooms", Where: map[string]string{"日期": "{day}"}, Count: "名额", As: "号"}, None: []flow.Step{
				{Say: []string{"{day}约满了。"}}, {Clear: []string{"day"}}, {Goto: "again"},
			}},
			{Say: []string{"约好了，{号.日期:date}。"}},
		},
	}
}

func remote() *flow.Flow {
	return &flow.Flow{
		Name: "remote", Title: "查库存", Slots: []flow.Slot{{Name: "order", Title: "编号", Type: slot.Code, Length: "4", Ask: []string{"编号？"}}},
		Steps: []flow.Step{
			{Ask: []string{"order"}},
			{
				Lookup: &flow.Lookup{URL: "https://shop.example/stock?id={order}", As: "货", Headers: map[string]string{"Authorization": "Bearer ${HOTLINE_SECRET_SHOP}"}, Take: "data"},
				None:   []flow.Step{{Say: []string{"没有这个编号。"}}, {End: "open"}},
				Failed: []flow.Step{{Say: []string{"系统坏了。"}}, {End: "open"}},
			},
			{If: "number(货.数量) > 0", Then: []flow.Step{{Say: []string{"还有{货.数量}件。"}}}, Else: []flow.Step{{Say: []string{"没有货了。"}}}},
		},
	}
}

func compiled(t *testing.T, flows ...*flow.Flow) *flow.Set {
	t.Helper()
	s, problems := flow.Compile(flows, flow.Context{
		Language: "zh", Tables: []flow.Table{orders(), rooms()}, Skills: []string{"aftersales"},
		Pair:   func(id string) bool { return id == "track" },
		Secret: func(name string) (string, bool) { return "s3cret", name == "HOTLINE_SECRET_SHOP" },
	})
	require.Empty(t, problems)
	return s
}

func env() flow.Env {
	return flow.Env{Now: time.Date(2026, 3, 3, 10, 30, 0, 0, time.UTC), Caller: "13700000000", Line: "chinese"}
}

// talk is a caller in a flow.
type talk struct {
	t    *testing.T
	set  *flow.Set
	last flow.Move
}

func begin(t *testing.T, set *flow.Set, name, text string) *talk {
	t.Helper()
	m, ok := set.Start(flow.State{}, name, flow.Heard{Text: text, Confidence: 1}, env())
	require.True(t, ok)
	return &talk{t, set, m}
}

// say answers and returns whether it was taken.
func (k *talk) say(text string) bool {
	k.t.Helper()
	h := flow.Heard{Text: text, Confidence: 1, Yes: text == "对", No: text == "没有" || strings.HasPrefix(text, "不对"), Correction: strings.HasPrefix(text, "不对"), TakesBack: text == "不对，输错了"}
	m, ok := k.set.Answer(k.last.State, h, env())
	if ok {
		k.last = m
	}
	return ok
}

func (k *talk) heard() string {
	var out []string
	for _, o := range k.last.Out {
		switch {
		case o.Phrase != "":
			out = append(out, "<"+string(o.Phrase)+":"+o.Values["value"]+">")
		case o.Text != "":
			out = append(out, o.Text)
		}
	}
	return strings.Join(out, " ")
}

func (k *talk) acts() []dialog.Act {
	var out []dialog.Act
	for _, o := range k.last.Out {
		if o.Act != nil {
			out = append(out, o.Act)
		}
	}
	return out
}

func TestAsksLooksUpAndTells(t *testing.T) {
	k := begin(t, compiled(t, track()), "track", "我的快递到哪了")
	assert.Equal(t, "请说订单号。", k.heard())
	require.True(t, k.say("零零幺七"))
	assert.Contains(t, k.heard(), "到了上海")
	assert.Equal(t, flow.Done, k.last.End)
	assert.False(t, k.last.State.Running())
	assert.Equal(t, "0017", k.last.State.Slots()["order"])
}

func TestWhatWasSaidAtFirstIsNotAsked(t *testing.T) {
	k := begin(t, compiled(t, track()), "track", "帮我查一下订单二零二六一一一八零零一七到哪了")
	assert.Contains(t, k.heard(), "到了上海")
	assert.Equal(t, flow.Done, k.last.End)
}

func TestWhoDoesNotKnowIsAskedForSomethingElse(t *testing.T) {
	k := begin(t, compiled(t, track()), "track", "")
	require.True(t, k.say("订单号我不记得了"))
	assert.Equal(t, "请说手机号。", k.heard())
	require.True(t, k.say("幺三八零零幺三八零零零"))
	assert.Contains(t, k.heard(), "到了上海")
}

func TestTicketOnlyAfterTheAnswer(t *testing.T) {
	k := begin(t, compiled(t, track()), "track", "")
	require.True(t, k.say("零零三二"))
	assert.Equal(t, "您收到了吗？", k.heard())
	assert.Empty(t, k.acts())
	require.True(t, k.say("没有"))
	assert.Equal(t, []dialog.Act{dialog.Ticket{Kind: "签收未收到", Summary: "订单 202611190032 没有收到", Fields: map[string]string{"电话": "13912345678"}}}, k.acts())
	assert.Equal(t, flow.Done, k.last.End)
}

// What was decided with a wrong value is decided again, as long as nothing was done.
func TestACorrectionGoesBack(t *testing.T) {
	k := begin(t, compiled(t, track()), "track", "")
	require.True(t, k.say("零零三二"))
	assert.Equal(t, "您收到了吗？", k.heard())
	require.True(t, k.say("不对，是零零幺七"))
	assert.Contains(t, k.heard(), "到了上海")
	assert.Equal(t, flow.Done, k.last.End)
}

// A caller who pauses behind "I typed it wrong" has not said no to what was asked meanwhile.
func TestWhatWasToldWronglyIsAskedForAgain(t *testing.T) {
	k := begin(t, compiled(t, track()), "track", "")
	asked := k.heard()
	require.True(t, k.say("零零三二"))
	assert.Equal(t, "您收到了吗？", k.heard())
	require.True(t, k.say("不对，输错了"))
	assert.Equal(t, asked, k.heard())
	assert.Empty(t, k.acts())
	require.True(t, k.say("零零幺七"))
	assert.Contains(t, k.heard(), "到了上海")
}

func TestRetriesChangeAndEndAtAPerson(t *testing.T) {
	set := compiled(t, track())
	k := begin(t, set, "track", "")
	require.True(t, k.say("不记得了"))
	assert.False(t, k.say("今天天气怎么样"))
	first := set.Retry(k.last.State, env())
	second := set.Retry(first.State, env())
	assert.NotEqual(t, first.Out[0].Phrase, second.Out[0].Phrase)
	third := set.Retry(second.State, env())
	assert.Equal(t, flow.Person, third.End)
	assert.Equal(t, "aftersales", third.Skill)
	assert.False(t, third.State.Running())
}

func TestKeysAnswerAnyQuestion(t *testing.T) {
	set := compiled(t, track())
	k := begin(t, set, "track", "")
	require.True(t, set.TakesKeys(k.last.State))
	m, ok := set.Answer(k.last.State, flow.Heard{Keys: "0032#"}, env())
	require.True(t, ok)
	k.last = m
	assert.Equal(t, "您收到了吗？", k.heard())
	m, ok = set.Answer(m.State, flow.Heard{Keys: "2"}, env())
	require.True(t, ok)
	k.last = m
	assert.Len(t, k.acts(), 1)
}

func TestADoubtIsAskedAbout(t *testing.T) {
	set := compiled(t, track())
	k := begin(t, set, "track", "")
	// No table has it, one has a number that differs by a digit.
	m, ok := set.Answer(k.last.State, flow.Heard{Text: "零零幺八", Confidence: 0.5}, env())
	require.True(t, ok)
	k.last = m
	assert.Contains(t, k.heard(), "<flow_confirm:")
	assert.Contains(t, k.heard(), "零零幺七")
	require.True(t, k.say("对"))
	assert.Contains(t, k.heard(), "到了上海")
}

// A number that a table holds was hardly made of noise.
func TestANumberOfTheTableIsBelieved(t *testing.T) {
	set := compiled(t, track())
	k := begin(t, set, "track", "")
	for _, text := range []string{"零零幺七", "零零一起", "零零一七零零一七"} {
		m, ok := set.Answer(k.last.State, flow.Heard{Text: text, Confidence: 0.3}, env())
		require.True(t, ok, text)
		one := *k
		one.last = m
		assert.Contains(t, one.heard(), "到了上海", text)
	}
}

// What is said well and stands in no table is what was said.
func TestAnUnknownNumberIsNotReplaced(t *testing.T) {
	set := compiled(t, track())
	k := begin(t, set, "track", "")
	m, ok := set.Answer(k.last.State, flow.Heard{Text: "零零幺八", Confidence: 0.95}, env())
	require.True(t, ok)
	k.last = m
	assert.NotContains(t, k.heard(), "零零幺七")
}

// The turn is over when a number of the table is whole, and goes on while one is begun.
func TestTheTableTellsWhetherANumberGoesOn(t *testing.T) {
	set := compiled(t, track())
	k := begin(t, set, "track", "")
	for text, on := range map[string]bool{
		"二零二六": true, "二零二六一一一八": true, "零零": true, "零零幺七": false, "二零二六一一一八零零幺七": false, "九九八八": true,
	} {
		assert.Equal(t, on, set.Unfinished(k.last.State, text, env()), text)
	}
	assert.True(t, set.Complete(k.last.State, "零零幺七", env()))
}

func TestStateIsAValue(t *testing.T) {
	set := compiled(t, track())
	k := begin(t, set, "track", "")
	before := k.last.State
	for range 2 { // the same answer to the same state gives the same
		m, ok := set.Answer(before, flow.Heard{Text: "零零幺七", Confidence: 1}, env())
		require.True(t, ok)
		assert.Equal(t, flow.Done, m.End)
		assert.Empty(t, before.Slots())
		assert.Equal(t, "order", before.Asking())
	}
}

func TestBookingsAreMadeOutside(t *testing.T) {
	set := compiled(t, book())
	k := begin(t, set, "book", "我想约三月五号")
	require.NotNil(t, k.last.Await)
	q := k.last.Await.Book
	assert.Equal(t, "rooms", q.Table)
	assert.Equal(t, []int{1}, q.Places)
	k.last = set.Resume(k.last.State, flow.Response{Rows: q.Rows}, env())
	assert.Contains(t, k.heard(), "约好了")
	assert.Equal(t, flow.Done, k.last.End)

	k = begin(t, set, "book", "我想约三月五号")
	k.last = set.Resume(k.last.State, flow.Response{}, env())
	assert.Contains(t, k.heard(), "约满了")
	assert.Contains(t, k.heard(), "哪一天？")
	assert.Equal(t, "day", k.last.State.Asking())
}

func TestOtherSystemsAreAskedOutside(t *testing.T) {
	set := compiled(t, remote())
	k := begin(t, set, "remote", "编号 1024")
	require.NotNil(t, k.last.Await)
	q := k.last.Await.HTTP
	assert.Equal(t, "https://shop.example/stock?id=1024", q.URL)
	assert.Equal(t, "Bearer s3cret", q.Headers["Authorization"])
	assert.Equal(t, "GET", q.Method)
	for _, c := range []struct {
		r    flow.Response
		said string
	}{
		{flow.Response{Rows: []flow.Row{{"数量": "3"}}}, "还有3件。"},
		{flow.Response{Rows: []flow.Row{{"数量": "0"}}}, "没有货了。"},
		{flow.Response{}, "没有这个编号。"},
		{flow.Response{Err: errors.New("timed out")}, "系统坏了。"},
	} {
		k.last = set.Resume(k.last.State, c.r, env())
		assert.Equal(t, c.said, k.heard())
		k = begin(t, set, "remote", "编号 1024")
	}
}

// A flow that goes in circles ends at a person and not in a hang.
func TestCirclesEnd(t *testing.T) {
	f := &flow.Flow{Name: "circle", Title: "转圈", Steps: []flow.Step{{ID: "a", Set: map[string]string{"x": "1"}}, {Goto: "a"}}}
	k := begin(t, compiled(t, f), "circle", "")
	assert.Equal(t, flow.Person, k.last.End)
}

func TestMistakesAreNamedWithTheirPlace(t *testing.T) {
	for _, c := range []struct {
		name, path, code string
		change           func(f *flow.Flow)
	}{
		{"goto", "steps[4].goto", "flow_goto", func(f *flow.Flow) { f.Steps = append(f.Steps, flow.Step{End: "done"}, flow.Step{Goto: "nowhere"}) }},
		{"two actions", "steps[0]", "flow_actions", func(f *flow.Flow) { f.Steps[0].Say = []string{"x"} }},
		{"slot", "steps[0].ask", "flow_no_slot", func(f *flow.Flow) { f.Steps[0].Ask = []string{"ordr"} }},
		{"column", "steps[1].lookup.where", "flow_column", func(f *flow.Flow) { f.Steps[1].Lookup.Where = map[string]string{"单号": "{order}"} }},
		{"table", "steps[1].lookup.table", "flow_table", func(f *flow.Flow) { f.Steps[1].Lookup.Table = "order" }},
		{"condition", "steps[2].of.已签收[1].if", "flow_condition", func(f *flow.Flow) { f.Steps[2].Of["已签收"][1].If = `rceived == "no"` }},
		{"template", "steps[1].none[0].say[0]", "flow_unknown", func(f *flow.Flow) { f.Steps[1].None[0].Say = []string{"{oder}"} }},
		{"brace", "steps[1].none[0].say[0]", "flow_brace", func(f *flow.Flow) { f.Steps[1].None[0].Say = []string{"{order"} }},
		{"type", "slots[0]", "flow_slot", func(f *flow.Flow) { f.Slots[0].Type = "number" }},
		{"pair", "start.pairs[0]", "flow_pair", func(f *flow.Flow) { f.Start.Pairs[0] = "trak" }},
		{"branch", "steps[0].then", "flow_spare", func(f *flow.Flow) { f.Steps[0].Then = []flow.Step{{End: "done"}} }},
		{"unknown", "slots[0].unknown", "flow_goto", func(f *flow.Flow) { f.Slots[0].Unknown = "x" }},
		{"skill", "skill", "flow_skill", func(f *flow.Flow) { f.Skill = "sales" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := track()
			c.change(f)
			_, problems := flow.Compile([]*flow.Flow{f}, flow.Context{
				Language: "zh", Tables: []flow.Table{orders()}, Skills: []string{"aftersales"}, Pair: func(id string) bool { return id == "track" },
			})
			require.NotEmpty(t, problems["track"])
			assert.Equal(t, c.path, problems["track"][0].Path)
			assert.Equal(t, c.code, problems["track"][0].Code)
		})
	}
}

func TestADrawingHasEveryStep(t *testing.T) {
	g, ok := compiled(t, track()).Draw("track")
	require.True(t, ok)
	kinds := map[string]int{}
	ids := map[string]bool{}
	for _, n := range g.Nodes {
		kinds[n.Kind]++
		ids[n.ID] = true
	}
	assert.Equal(t, map[string]int{"start": 1, "ask": 3, "lookup": 2, "say": 4, "transfer": 1, "case": 1, "if": 1, "ticket": 1, "end": 1}, kinds)
	for _, e := range g.Edges {
		assert.True(t, ids[e.From] && ids[e.To], "%v", e)
	}
	assert.Contains(t, g.Mermaid(), "flowchart TD")
}
