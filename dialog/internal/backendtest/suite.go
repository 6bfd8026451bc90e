// Package backendtest is what every dialogue system elsewhere must do for a caller,
// tried through its own wire format.
package backendtest

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline/dialog"
	"hotline/dialog/backend"
	"hotline/dialog/engine"
	"hotline/dialog/knowledge"
	"hotline/dialog/moderation"
)

// Said is what the system was told, taken off its wire format.
type Said struct {
	Text, Keys, Session string
	Welcome             bool
}

// Handler answers as the system does; a status other than 200 is its failure.
type Handler func(ctx context.Context, s Said) (backend.Reply, int)

// A System is one kind of them.
type System struct {
	// Start serves h in the system's format and returns the brain that asks it.
	Start func(t *testing.T, h Handler) backend.Brain
	// At is the brain that asks the server at an address.
	At func(t *testing.T, url string) backend.Brain
}

// talk is a call.
type talk struct {
	t    *testing.T
	conv dialog.Conversation
}

func (c talk) turn(turn dialog.Turn) []dialog.Act {
	c.t.Helper()
	var acts []dialog.Act
	if err := c.conv.Reply(c.t.Context(), turn, func(a dialog.Act) error { acts = append(acts, a); return nil }); err != nil {
		c.t.Fatal(err)
	}
	return acts
}

func (c talk) say(text string) []dialog.Act {
	c.t.Helper()
	return c.turn(dialog.Turn{Kind: dialog.Spoke, Text: text, Confidence: 1})
}

// words are what acts say, fillers apart.
func words(acts []dialog.Act) string {
	var out []string
	for _, a := range acts {
		if s, ok := a.(dialog.Say); ok && !s.Filler {
			out = append(out, s.Text)
		}
	}
	return strings.Join(out, "|")
}

func has[A dialog.Act](acts []dialog.Act) (found A, ok bool) {
	for _, a := range acts {
		if x, is := a.(A); is {
			return x, true
		}
	}
	return found, false
}

type option func(*backend.Config, *engine.Config)

// known is what all lines share: it takes long to make.
var known = sync.OnceValues(func() (*knowledge.Index, *moderation.Matcher) {
	index, err := knowledge.New([]knowledge.Pair{{ID: "hours", Question: "几点开门", Answer: "早上九点开门。"}}, knowledge.Options{Language: "zh"})
	if err != nil {
		panic(err) // it is written here
	}
	matcher, _ := moderation.Load("zh", nil)
	return index, matcher
})

// begin starts a call on a line whose brain is b.
func begin(t *testing.T, b backend.Brain, options ...option) talk {
	t.Helper()
	index, matcher := known()
	ec := engine.Config{Words: matcher, Name: "main", Language: "zh", Skill: "service", Pairs: func() *knowledge.Index { return index }, Disclosure: "这里是小店，我是智能助手。", Greeting: "请讲。"}
	c := backend.Config{
		Name: "elsewhere", Language: "zh", Brain: b, Moderation: matcher, Skills: []string{"service", "billing"}, Log: slog.New(slog.DiscardHandler),
		Words: backend.Words{Wait: "还在查。", Lost: "系统没有回应。", Safe: "这个我不方便说。", Sorry: "抱歉。", Offer: "我请人工来，好吗？", Ready: "您请说。"},
	}
	for _, o := range options {
		o(&c, &ec)
	}
	own, err := engine.New(ec)
	if err != nil {
		t.Fatal(err)
	}
	c.Own = own
	e, err := backend.New(c)
	if err != nil {
		t.Fatal(err)
	}
	conv, err := e.Begin(t.Context(), dialog.Facts{CallID: "call-1", Line: "main", Language: "zh", Caller: "13800138000"})
	if err != nil {
		t.Fatal(err)
	}
	return talk{t, conv}
}

// fixed always answers the same.
func fixed(r backend.Reply) Handler {
	return func(context.Context, Said) (backend.Reply, int) { return r, http.StatusOK }
}

// Run tries everything.
func Run(t *testing.T, sys System) {
	t.Helper()
	start := sys.Start
	t.Run("talks", func(t *testing.T) { talks(t, start) })
	t.Run("moods", func(t *testing.T) { moods(t, start) })
	t.Run("losses", func(t *testing.T) { losses(t, start) })
	t.Run("wire", func(t *testing.T) { wire(t, sys.At) })
}

// talks tries what a call is like where nothing goes wrong.
func talks(t *testing.T, start func(*testing.T, Handler) backend.Brain) {
	t.Helper()
	t.Run("the line greets in its own words and the system answers", func(t *testing.T) {
		var heard Said
		c := begin(t, start(t, func(_ context.Context, s Said) (backend.Reply, int) {
			heard = s
			return backend.Reply{Say: []string{"**您的订单**[昨天](https://shop.example/o/1)发出了。😊"}}, http.StatusOK
		}))
		if got := words(c.turn(dialog.Turn{Kind: dialog.Opened})); got != "这里是小店，我是智能助手。|请讲。" {
			t.Errorf("it opened with %q", got)
		}
		if got := words(c.say("我的订单到哪了")); got != "您的订单昨天发出了。" {
			t.Errorf("it said %q", got)
		}
		if heard.Text != "我的订单到哪了" || heard.Session == "" || len(heard.Session) > 36 {
			t.Errorf("the system heard %+v", heard)
		}
		if got := words(c.say("再说一遍")); !strings.HasSuffix(got, "|您的订单昨天发出了。") {
			t.Errorf("it repeated %q", got)
		}
	})
	t.Run("the system greets behind the disclosure", func(t *testing.T) {
		welcome := func(c *backend.Config, _ *engine.Config) { c.Welcome = true }
		c := begin(t, start(t, func(_ context.Context, s Said) (backend.Reply, int) {
			if !s.Welcome {
				t.Errorf("it was told %+v", s)
			}
			return backend.Reply{Say: []string{"有什么可以帮您？"}}, http.StatusOK
		}), welcome)
		if got := words(c.turn(dialog.Turn{Kind: dialog.Opened})); got != "这里是小店，我是智能助手。|有什么可以帮您？" {
			t.Errorf("it opened with %q", got)
		}
		c = begin(t, start(t, func(context.Context, Said) (backend.Reply, int) { return backend.Reply{}, http.StatusBadGateway }), welcome)
		if got := words(c.turn(dialog.Turn{Kind: dialog.Opened})); got != "这里是小店，我是智能助手。|请讲。" {
			t.Errorf("without the system it opened with %q", got)
		}
	})
	t.Run("silence is the line's own matter", func(t *testing.T) {
		asked := false
		c := begin(t, start(t, func(context.Context, Said) (backend.Reply, int) { asked = true; return backend.Reply{}, http.StatusOK }))
		if words(c.turn(dialog.Turn{Kind: dialog.Silent})) == "" || asked {
			t.Errorf("nothing was said, or the system was asked: %v", asked)
		}
	})
	t.Run("a person is never more than a word away", func(t *testing.T) {
		asked := false
		c := begin(t, start(t, func(context.Context, Said) (backend.Reply, int) { asked = true; return backend.Reply{}, http.StatusOK }))
		if _, ok := has[dialog.Transfer](c.say("转人工")); !ok || asked {
			t.Errorf("transfer %v, the system was asked %v", ok, asked)
		}
	})
	t.Run("the system brings the caller to a person", func(t *testing.T) {
		c := begin(t, start(t, fixed(backend.Reply{Say: []string{"我请同事帮您。"}, Transfer: true, Skill: "billing"})))
		acts := c.say("账单不对")
		if x, ok := has[dialog.Transfer](acts); !ok || x.Skill != "billing" || !strings.Contains(x.Summary, "账单不对") || words(acts) != "我请同事帮您。" {
			t.Errorf("%v: %+v", words(acts), x)
		}
		c = begin(t, start(t, fixed(backend.Reply{Say: []string{"好。"}, Transfer: true, Skill: "elsewhere"})))
		if x, ok := has[dialog.Transfer](c.say("账单不对")); !ok || x.Skill != "service" {
			t.Errorf("a skill that there is not: %+v", x)
		}
	})
	t.Run("out of hours the line offers what there is", func(t *testing.T) {
		closed := func(_ *backend.Config, c *engine.Config) { c.Open = func(time.Time, string) bool { return false } }
		c := begin(t, start(t, fixed(backend.Reply{Say: []string{"好。"}, Transfer: true})), closed)
		if acts := c.say("我要投诉这件事"); len(acts) < 3 {
			t.Errorf("nothing was offered: %v", acts)
		}
		acts := c.say("给我回电")
		if words(acts) == "" || words(acts) == "好。" {
			t.Errorf("the callback went to the system: %q", words(acts))
		}
	})
	t.Run("the system ends the call", func(t *testing.T) {
		c := begin(t, start(t, fixed(backend.Reply{Say: []string{"办好了，再见。"}, Hangup: true})))
		acts := c.say("就这些")
		if _, ok := acts[len(acts)-1].(dialog.Hangup); !ok || words(acts) != "办好了，再见。" {
			t.Errorf("%v", acts)
		}
	})
	t.Run("choices are named, three at most, and chosen by word or key", func(t *testing.T) {
		var heard []Said
		c := begin(t, start(t, func(_ context.Context, s Said) (backend.Reply, int) {
			heard = append(heard, s)
			return backend.Reply{Say: []string{"怎么配送？"}, Choices: []backend.Choice{{Title: "快递"}, {Title: "自提"}, {Title: "同城"}, {Title: "冷链"}}}, http.StatusOK
		}))
		if got := words(c.say("我要下单")); got != "怎么配送？|您可以说快递、自提，或者同城。" {
			t.Errorf("it said %q", got)
		}
		c.say("我想自提吧")
		c.turn(dialog.Turn{Kind: dialog.Pressed, Keys: "3"})
		c.turn(dialog.Turn{Kind: dialog.Pressed, Keys: "4417#"})
		if heard[1].Text != "自提" || heard[2].Text != "同城" || heard[3].Keys+heard[3].Text != "4417" {
			t.Errorf("it was told %+v", heard[1:])
		}
	})
	t.Run("what must not be said is not said", func(t *testing.T) {
		c := begin(t, start(t, fixed(backend.Reply{Say: []string{"我们的药保证治愈，包治百病。"}})))
		acts := c.say("怎么付款")
		if _, alerted := has[dialog.Alert](acts); strings.Contains(words(acts), "治") || !alerted {
			t.Errorf("it said %q, alerted %v", words(acts), alerted)
		}
		if got := words(c.say("再说一遍")); strings.Contains(got, "治") {
			t.Errorf("it was repeated: %q", got)
		}
		c = begin(t, start(t, fixed(backend.Reply{Say: []string{"我们的药保证", "治愈。"}})))
		if got := words(c.say("怎么付款")); strings.Contains(got, "治") {
			t.Errorf("said in two parts: %q", got)
		}
	})
	t.Run("a system with nothing to say is not silence", func(t *testing.T) {
		c := begin(t, start(t, fixed(backend.Reply{})))
		if words(c.say("嗡嗡嗡")) == "" {
			t.Error("the caller heard nothing")
		}
	})
	t.Run("it helps the recogniser as the line's own engine does", func(t *testing.T) {
		c := begin(t, start(t, fixed(backend.Reply{})))
		l, ok := c.conv.(dialog.Listener)
		if !ok || l.Patience("几点开门", 1) <= 0 || !slices.Contains(l.Suggest("开门", 3), "几点开门") || l.Preview("几点开门") != "" {
			t.Error("the recogniser is left alone")
		}
	})
}
