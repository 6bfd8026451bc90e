package engine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/dialog/internal/packtest"
)

// fakeModel says what a test wants.
type fakeModel struct {
	says     []string
	result   engine.AnswerResult
	err      error
	value    string
	summary  string
	asked    []engine.AnswerRequest
	values   []engine.ValueRequest
	summed   [][]engine.Line
	whenSaid func()
}

func (m *fakeModel) Call(dialog.Facts) engine.ModelCall { return m }

func (m *fakeModel) Answer(_ context.Context, r engine.AnswerRequest, say func(string) error) (engine.AnswerResult, error) {
	m.asked = append(m.asked, r)
	for _, s := range m.says {
		if err := say(s); err != nil {
			return engine.AnswerResult{}, err
		}
		if m.whenSaid != nil {
			m.whenSaid()
		}
	}
	return m.result, m.err
}

func (m *fakeModel) Value(_ context.Context, r engine.ValueRequest) (string, error) {
	m.values = append(m.values, r)
	return m.value, m.err
}

func (m *fakeModel) Summary(_ context.Context, lines []engine.Line) (string, error) {
	m.summed = append(m.summed, lines)
	return m.summary, m.err
}

// vague is something of which the hotel's knowledge has candidates and no answer.
func vague(t *testing.T) string {
	t.Helper()
	p := packtest.Hotel(t)
	for _, a := range p.Far {
		m := &fakeModel{err: errors.New("away")}
		c := config(t, p)
		c.Model = m
		conv := begin(t, c)
		conv.open()
		if s := conv.say(a.Text); len(m.asked) == 1 && s.note.Source == "fallback" {
			return a.Text
		}
	}
	t.Fatal("the hotel answers everything")
	return ""
}

func withModel(t *testing.T, m *fakeModel) *call {
	t.Helper()
	c := withTasks(t, nil)
	c.Model = m
	conv := begin(t, c)
	conv.open()
	return conv
}

func TestTheModelAnswersWhatIsNotSure(t *testing.T) {
	text := vague(t)
	m := &fakeModel{says: []string{"第一句。", "第二句。"}}
	c := withModel(t, m)
	assert.Empty(t, c.c.(dialog.Listener).Preview(text), "a preview asks no model")
	assert.Empty(t, m.asked)
	s := c.say(text)
	assert.Equal(t, "第一句。 第二句。", s.text())
	assert.Equal(t, "llm", s.note.Source)
	assert.True(t, s.note.Resolved)
	require.Len(t, m.asked, 1)
	assert.NotEmpty(t, m.asked[0].Pairs)
	assert.Contains(t, m.asked[0].Flows, "cancel")
	assert.Contains(t, m.asked[0].Skills, "billing")
	assert.Contains(t, c.say("再说一遍").text(), "第一句。第二句。")
	assert.Len(t, m.asked, 1, "commands and known questions do not need it")
	c.say("怎么取消预订")
	assert.Len(t, m.asked, 1)
}

func TestWithoutTheModelEverythingElseIsAsBefore(t *testing.T) {
	text := vague(t)
	plain := begin(t, withTasks(t, nil))
	plain.open()
	want := []string{plain.say(text).text(), plain.say(text).text()}
	m := &fakeModel{err: errors.New("away")}
	c := withModel(t, m)
	assert.Equal(t, want, []string{c.say(text).text(), c.say(text).text()})
	m.err = nil // it answers, with nothing
	c = withModel(t, m)
	assert.Equal(t, want, []string{c.say(text).text(), c.say(text).text()})
}

func TestTheModelMayOnlyDoWhatTheBusinessHas(t *testing.T) {
	text := vague(t)
	for _, x := range []struct {
		result engine.AnswerResult
		check  func(s said)
	}{
		{engine.AnswerResult{Flow: "cancel"}, func(s said) { assert.Equal(t, "cancel", s.note.Flow) }},
		{engine.AnswerResult{Flow: "pay_out"}, func(s said) { assert.Equal(t, "fallback", s.note.Source) }},
		{engine.AnswerResult{Skill: "billing"}, func(s said) {
			tr, ok := find[dialog.Transfer](s)
			require.True(t, ok)
			assert.Equal(t, "billing", tr.Skill)
		}},
		{engine.AnswerResult{Skill: "+86900"}, func(s said) { assert.False(t, s.has("transfer")) }},
		{engine.AnswerResult{Pair: "no such pair"}, func(s said) { assert.Equal(t, "fallback", s.note.Source) }},
	} {
		x.check(withModel(t, &fakeModel{result: x.result}).say(text))
	}
}

func TestAnInterruptedModelIsLeft(t *testing.T) {
	text := vague(t)
	barge := errors.New("the caller speaks")
	ctx, cancel := context.WithCancelCause(t.Context())
	c := withModel(t, &fakeModel{says: []string{"第一句。", "第二句。"}, whenSaid: func() { cancel(barge) }})
	var heard []string
	err := c.c.Reply(ctx, dialog.Turn{Kind: dialog.Spoke, Text: text, Confidence: 0.9}, func(a dialog.Act) error {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if s, ok := a.(dialog.Say); ok {
			heard = append(heard, s.Text)
		}
		return nil
	})
	require.ErrorIs(t, err, barge)
	assert.Equal(t, []string{"第一句。"}, heard)
	assert.Contains(t, c.say("再说一遍").text(), "第一句。")
}

func TestTheModelFindsAValueThatIsThenChecked(t *testing.T) {
	m := &fakeModel{}
	c := withModel(t, m)
	c.say("怎么取消预订")
	s := c.say("就是上回那个嘛")
	require.Len(t, m.values, 1)
	assert.Equal(t, "booking", m.values[0].Slot.Name)
	assert.Equal(t, "flow", s.note.Source)
	m.value = "没有数字"
	assert.Equal(t, "flow", c.say("还是上回那个嘛").note.Source, "what is no value is none from a model either")
	m.value = "一零零二零零"
	s = c.say("就是上回那个单子呀")
	assert.Equal(t, "llm", s.note.Source)
	assert.Equal(t, "100200", s.note.Slots["booking"])
	assert.Contains(t, s.text(), "幺零零", "what a model found is asked about")
}

func TestTheSummaryOfTheModelGoesToTheAgent(t *testing.T) {
	m := &fakeModel{summary: "他急。"}
	c := withModel(t, m)
	c.say("怎么开发票")
	tr, ok := find[dialog.Transfer](c.say("转人工"))
	require.True(t, ok)
	assert.Contains(t, tr.Summary, "他急。")
	require.Len(t, m.summed, 1)
	m = &fakeModel{err: errors.New("away")}
	c = withModel(t, m)
	c.say("怎么开发票")
	tr, ok = find[dialog.Transfer](c.say("转人工"))
	require.True(t, ok)
	assert.NotEmpty(t, tr.Summary)
}
