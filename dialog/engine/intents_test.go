package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/dialog/flow"
	"hotline/dialog/internal/packtest"
)

// intents finds a word and is as sure as it says.
type intents map[string]struct {
	name       string
	confidence float64
}

func (m intents) Classify(_ context.Context, text string) (string, float64, bool) {
	for word, x := range m {
		if strings.Contains(text, word) {
			return x.name, x.confidence, true
		}
	}
	return "", 0, false
}

func TestIntentsRoute(t *testing.T) {
	f := cancelling()
	f.Start.Intents = []string{"revoke"}
	set, problems := flow.Compile([]*flow.Flow{f}, flow.Context{Language: "zh", Tables: []flow.Table{{Name: "bookings", Columns: []string{"单号", "入住", "房型"}}}})
	require.Empty(t, problems)
	c := config(t, packtest.Hotel(t))
	c.Flows, c.Now = func() *flow.Set { return set }, at(10)
	c.Routes = engine.Routes{
		Intents: intents{"黄了": {"revoke", 0.9}, "媒体": {"press", 0.95}, "合影": {"press", 0.5}, "发票": {"press", 0.99}},
		Skills:  map[string]string{"press": "press"},
	}
	for name, c2 := range map[string]struct {
		say, skill, flow, knows string
	}{
		"to its task":               {say: "我那趟行程黄了", flow: "cancel"},
		"to its people":             {say: "我是媒体的想做个采访", skill: "press"},
		"not when in doubt":         {say: "老板能合影留念吗"},
		"the knowledge comes first": {say: "怎么开发票", knows: "invoice"},
	} {
		t.Run(name, func(t *testing.T) {
			call := begin(t, c)
			call.open()
			s := call.say(c2.say)
			transfer, moved := find[dialog.Transfer](s)
			assert.Equal(t, c2.skill != "", moved)
			assert.Equal(t, c2.skill, transfer.Skill)
			assert.Equal(t, c2.flow, s.note.Flow)
			if c2.knows != "" {
				assert.Equal(t, "knowledge", s.note.Source)
				assert.True(t, s.note.Resolved)
			}
		})
	}
}
