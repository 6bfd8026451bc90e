package engine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/dialog/internal/packtest"
)

// Who is not the bot's in a scene is brought to a person as soon as it is known what he
// wants, and hears no answer; other scenes are answered, and so is he out of hours.
func TestSceneIsForPeople(t *testing.T) {
	begun := func(hour int) *call {
		p := packtest.Hotel(t)
		for i := range p.Pairs {
			p.Pairs[i].Scene = "pre-sales"
			if p.Pairs[i].Category == "账单" {
				p.Pairs[i].Scene = "after-sales"
			}
		}
		c := config(t, p)
		c.Now = at(hour)
		c.Bot = func(f dialog.Facts, scene string) bool {
			assert.Equal(t, "13800138000", f.Caller)
			return scene != "after-sales"
		}
		if hour > 18 {
			c.Open = func(time.Time, string) bool { return false }
		}
		b := begin(t, c)
		b.open()
		return b
	}
	s := begun(10).say("怎么开发票")
	require.True(t, s.has("transfer"), s.kinds())
	transfer, _ := find[dialog.Transfer](s)
	assert.Equal(t, engine.ReasonRollout, transfer.Reason)
	assert.Equal(t, "billing", transfer.Skill)
	assert.False(t, s.note.Resolved)
	assert.False(t, begun(10).say("怎么预订房间").has("transfer"))
	s = begun(20).say("怎么开发票")
	assert.False(t, s.has("transfer"), "nobody is there")
	assert.True(t, s.note.Resolved, "so the bot answers")
}
