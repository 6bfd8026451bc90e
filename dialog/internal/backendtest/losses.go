package backendtest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hotline/dialog"
	"hotline/dialog/backend"
	"hotline/dialog/engine"
)

// menu gives the line a keypad menu.
func menu(c *backend.Config, e *engine.Config) {
	e.Menu = []engine.MenuItem{{Key: "1", Label: "营业时间", Ask: "几点开门"}}
	c.Words.Menu = "营业时间按1，人工按0"
}

// losses tries what becomes of the caller where the system does not answer.
func losses(t *testing.T, start func(*testing.T, Handler) backend.Brain) {
	t.Helper()
	down := func(context.Context, Said) (backend.Reply, int) {
		return backend.Reply{}, http.StatusInternalServerError
	}
	t.Run("a broken system costs the caller one sentence, then none waits for it", func(t *testing.T) {
		var asked atomic.Int32
		b := start(t, func(context.Context, Said) (backend.Reply, int) {
			asked.Add(1)
			return backend.Reply{}, http.StatusInternalServerError
		})
		for range 6 {
			acts := begin(t, b).say("我的订单到哪了")
			if x, ok := has[dialog.Transfer](acts); !ok || !strings.Contains(x.Summary, "我的订单到哪了") || words(acts) != "系统没有回应。" {
				t.Fatalf("%v", acts)
			}
		}
		if n := asked.Load(); n != 3 {
			t.Errorf("it was asked %d times; the breaker opens at 3", n)
		}
	})
	t.Run("a slow system is covered, then left for a person", func(t *testing.T) {
		quick := func(c *backend.Config, _ *engine.Config) {
			c.Comfort, c.Timeout = 20*time.Millisecond, 200*time.Millisecond
		}
		c := begin(t, start(t, func(ctx context.Context, _ Said) (backend.Reply, int) {
			<-ctx.Done()
			return backend.Reply{}, http.StatusOK
		}), quick)
		acts := c.say("我的订单到哪了")
		filler, ok := acts[0].(dialog.Say)
		if _, person := has[dialog.Transfer](acts); !ok || !filler.Filler || filler.Text != "还在查。" || !person {
			t.Errorf("%v", acts)
		}
	})
	t.Run("who interrupts is not waited for", func(t *testing.T) {
		asked := make(chan struct{}, 8)
		b := start(t, func(ctx context.Context, _ Said) (backend.Reply, int) {
			asked <- struct{}{}
			<-ctx.Done()
			return backend.Reply{}, http.StatusOK
		})
		interrupted := errors.New("interrupted")
		for range 5 { // no failure of the system's: the breaker stays closed
			ctx, cancel := context.WithCancelCause(t.Context())
			done := make(chan error, 1)
			conv := begin(t, b).conv
			var acts []dialog.Act
			go func() {
				done <- conv.Reply(ctx, dialog.Turn{Kind: dialog.Spoke, Text: "我的订单到哪了", Confidence: 1}, func(a dialog.Act) error { acts = append(acts, a); return nil })
			}()
			<-asked
			cancel(interrupted)
			if err := <-done; !errors.Is(err, interrupted) || len(acts) > 0 {
				t.Fatalf("%v, %v", err, acts)
			}
		}
	})
	t.Run("without the system the line answers what it knows", func(t *testing.T) {
		c := begin(t, start(t, down))
		acts := c.say("几点开门")
		if _, gone := has[dialog.Transfer](acts); words(acts) != "早上九点开门。" || gone {
			t.Errorf("%v", acts)
		}
	})
	t.Run("without the system the keypad is offered once, then a person", func(t *testing.T) {
		c := begin(t, start(t, down), menu)
		if got := words(c.say("我的订单到哪了")); got != "系统没有回应。您可以按键：营业时间按1，人工按0。" {
			t.Errorf("it said %q", got)
		}
		if got := words(c.turn(dialog.Turn{Kind: dialog.Pressed, Keys: "1"})); got != "早上九点开门。" {
			t.Errorf("the key led to %q", got)
		}
		if _, ok := has[dialog.Transfer](c.say("我的订单到底到哪了")); !ok {
			t.Error("nobody took over")
		}
	})
	t.Run("what the system does not understand ends at a person, by way of the line and the keypad", func(t *testing.T) {
		n := 0
		c := begin(t, start(t, func(context.Context, Said) (backend.Reply, int) {
			n++
			return backend.Reply{Say: []string{"没听懂。"}, Unknown: true}, http.StatusOK
		}), menu)
		if got := words(c.say("几点开门")); got != "早上九点开门。" {
			t.Errorf("the line knows that one: %q", got)
		}
		if got := words(c.say("我要修一下那个")); got != "没听懂。" {
			t.Errorf("it said %q", got)
		}
		if got := words(c.say("就是那个东西")); !strings.Contains(got, "按1") {
			t.Errorf("the second time it said %q", got)
		}
		if _, ok := has[dialog.Transfer](c.say("那个东西啊")); !ok || n != 4 {
			t.Errorf("transfer %v, asked %d times", ok, n)
		}
	})
	t.Run("silences between answers are not added up", func(t *testing.T) {
		c := begin(t, start(t, fixed(backend.Reply{Say: []string{"在路上。"}})))
		for range 5 {
			acts := append(c.turn(dialog.Turn{Kind: dialog.Silent}), c.turn(dialog.Turn{Kind: dialog.Unheard})...)
			if _, gone := has[dialog.Hangup](acts); gone {
				t.Fatal("it hung up")
			}
			if _, gone := has[dialog.Transfer](acts); gone {
				t.Fatal("it handed over")
			}
			c.say("我的订单到哪了")
		}
	})
	t.Run("a call ends some time", func(t *testing.T) {
		short := func(_ *backend.Config, e *engine.Config) { e.Limits.Turns = 5 }
		c := begin(t, start(t, fixed(backend.Reply{Say: []string{"在路上。"}})), short)
		for range 8 {
			if _, gone := has[dialog.Hangup](c.say("我的订单到哪了")); gone {
				return
			}
		}
		t.Error("it does not end")
	})
}
