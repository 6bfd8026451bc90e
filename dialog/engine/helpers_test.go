package engine_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/dialog/internal/packtest"
	"hotline/dialog/knowledge"
)

// said is one reply.
type said struct {
	note dialog.Note
	acts []dialog.Act
}

// text is everything spoken in the reply.
func (s said) text() string {
	var parts []string
	for _, a := range s.acts {
		if x, ok := a.(dialog.Say); ok {
			parts = append(parts, x.Text)
		}
	}
	return strings.Join(parts, " ")
}

func (s said) kinds() []string {
	var ks []string
	for _, a := range s.acts {
		switch a.(type) {
		case dialog.Say:
			ks = append(ks, "say")
		case dialog.Transfer:
			ks = append(ks, "transfer")
		case dialog.Callback:
			ks = append(ks, "callback")
		case dialog.Message:
			ks = append(ks, "message")
		case dialog.Hangup:
			ks = append(ks, "hangup")
		case dialog.Ticket:
			ks = append(ks, "ticket")
		}
	}
	return ks
}

func (s said) has(kind string) bool { return slices.Contains(s.kinds(), kind) }

func find[A dialog.Act](s said) (A, bool) {
	for _, a := range s.acts {
		if x, ok := a.(A); ok {
			return x, true
		}
	}
	var none A
	return none, false
}

// call is a conversation under test.
type call struct {
	tb testing.TB
	c  dialog.Conversation
}

// config is a line for p.
func config(tb testing.TB, p packtest.Pack) engine.Config {
	tb.Helper()
	x, err := knowledge.New(p.Pairs, knowledge.Options{Language: p.Language})
	if err != nil {
		tb.Fatal(err)
	}
	c := engine.Config{Name: "line", Language: p.Language, Pairs: knowledge.NewLive(x).Load, Skill: "service"}
	if p.Language == "zh" {
		c.Disclosure, c.Greeting = "您好,这里是青禾酒店,我是智能助手,通话会录音。", "请说您要办的事。"
		c.Hours = "早上八点到晚上十点"
		c.Skills = map[string]string{"账单": "billing"}
		c.Menu = []engine.MenuItem{{Key: "1", Label: "订房间", Ask: "怎么预订房间"}, {Key: "2", Label: "开发票", Ask: "怎么开发票"}, {Key: "3", Label: "会议销售", Skill: "sales"}}
	} else {
		c.Disclosure, c.Greeting = "This is Harbor Fitness. I'm an automated assistant, and calls are recorded.", "How can I help?"
		c.Hours = "nine to five on weekdays"
		c.Skills = map[string]string{"billing": "billing"}
		c.Menu = []engine.MenuItem{{Key: "1", Label: "opening hours", Ask: "What are your opening hours?"}, {Key: "2", Label: "memberships", Ask: "How much is a membership?"}, {Key: "3", Label: "training", Skill: "trainers"}}
	}
	return c
}

func begin(tb testing.TB, c engine.Config) *call {
	tb.Helper()
	e, err := engine.New(c)
	if err != nil {
		tb.Fatal(err)
	}
	conv, err := e.Begin(context.Background(), dialog.Facts{CallID: "c1", Line: c.Name, Language: c.Language, Caller: "13800138000"})
	if err != nil {
		tb.Fatal(err)
	}
	return &call{tb, conv}
}

func (c *call) turn(t dialog.Turn) said {
	c.tb.Helper()
	var s said
	first := true
	err := c.c.Reply(context.Background(), t, func(a dialog.Act) error {
		n, ok := a.(dialog.Note)
		if first && !ok { // a task that asks another system sends a second one
			c.tb.Errorf("the note is not the first act: %#v", a)
		}
		if ok {
			s.note = n
		} else {
			s.acts = append(s.acts, a)
		}
		first = false
		return nil
	})
	if err != nil {
		c.tb.Fatal(err)
	}
	return s
}

func (c *call) say(text string) said {
	c.tb.Helper()
	return c.turn(dialog.Turn{Kind: dialog.Spoke, Text: text, Confidence: 0.9})
}

func (c *call) open() said {
	c.tb.Helper()
	return c.turn(dialog.Turn{Kind: dialog.Opened})
}

func hotel(tb testing.TB) *call {
	tb.Helper()
	c := begin(tb, config(tb, packtest.Hotel(tb)))
	c.open()
	return c
}

func gym(tb testing.TB) *call {
	tb.Helper()
	c := begin(tb, config(tb, packtest.Gym(tb)))
	c.open()
	return c
}

func at(hour int) func() time.Time {
	return func() time.Time { return time.Date(2026, 3, 2, hour, 0, 0, 0, time.UTC) }
}
