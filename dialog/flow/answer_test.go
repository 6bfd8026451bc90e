package flow_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/dialog/flow"
	"hotline/dialog/slot"
)

// complaint is a task in English with a story, something that need not be known, and
// a choice whose names are parts of other words.
func complaint() *flow.Flow {
	return &flow.Flow{
		Name: "complaint", Title: "your complaint",
		Slots: []flow.Slot{
			{Name: "kind", Title: "kind", Type: slot.Choice, Ask: []string{"Faulty, or a change?"}, Choices: []flow.Choice{{Value: "faulty"}, {Value: "change"}}},
			{Name: "what", Title: "what happened", Type: slot.Text, Ask: []string{"What happened?"}},
			{Name: "order", Title: "order number", Type: slot.Code, Length: "4", Optional: true, Ask: []string{"Which order?"}},
			{Name: "works", Title: "works", Type: slot.YesNo, Ask: []string{"Does it work?"}, Choices: []flow.Choice{{Value: "yes", Names: []string{"on"}}}},
		},
		Steps: []flow.Step{{Ask: []string{"kind", "what", "order", "works"}}, {Say: []string{"{kind:raw}/{what}/{order}/{works:raw}"}}},
	}
}

// talkOf answers each question in turn and returns the last Move.
func talkOf(t *testing.T, first string, answers ...flow.Heard) flow.Move {
	t.Helper()
	set, problems := flow.Compile([]*flow.Flow{complaint()}, flow.Context{Language: "en"})
	require.Empty(t, problems)
	env := flow.Env{Now: time.Date(2026, 3, 3, 10, 0, 0, 0, time.UTC)}
	m, ok := set.Start(flow.State{}, "complaint", flow.Heard{Text: first, Confidence: 1}, env)
	require.True(t, ok)
	for _, h := range answers {
		h.Confidence = 1
		next, ok := set.Answer(m.State, h, env)
		if !ok {
			next = set.Retry(m.State, env)
		}
		m = next
	}
	return m
}

func TestAWordWithinAWordIsNoChoice(t *testing.T) {
	require.Equal(t, "kind", stateOf(talkOf(t, "I want to exchange words with you")).Asking())
	require.Equal(t, "what", stateOf(talkOf(t, "a change, please")).Asking())
	m := talkOf(t, "", flow.Heard{Text: "faulty"}, flow.Heard{Text: "it broke"}, flow.Heard{Text: "no", No: true}, flow.Heard{Text: "it's done and gone"})
	require.Equal(t, "works", stateOf(m).Asking(), `"done" and "gone" hold no "on"`)
	m = talkOf(t, "", flow.Heard{Text: "faulty"}, flow.Heard{Text: "it broke"}, flow.Heard{Text: "no", No: true}, flow.Heard{Text: "it's on!"})
	require.Equal(t, flow.Done, m.End)
}

func TestNoToWhatNeedNotBeKnownChangesNothingElse(t *testing.T) {
	for _, no := range []flow.Heard{{Text: "no", No: true}, {Text: "no, there isn't one", Correction: true}} {
		m := talkOf(t, "", flow.Heard{Text: "faulty"}, flow.Heard{Text: "it broke"}, no)
		require.Equal(t, "works", stateOf(m).Asking())
		require.Equal(t, "it broke", stateOf(m).Slots()["what"])
	}
}

func stateOf(m flow.Move) *flow.State { return &m.State }
