package backendtest

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"hotline/dialog"
	"hotline/dialog/backend"
	"hotline/dialog/emotion"
	"hotline/dialog/engine"
	"hotline/dialog/private"
)

// moods tries how callers are treated who are upset, abusive, in danger, or tell what
// is nobody's business.
func moods(t *testing.T, start func(*testing.T, Handler) backend.Brain) {
	t.Helper()
	feeling := func(t *testing.T) option {
		t.Helper()
		r, err := emotion.New(emotion.Config{Language: "zh"})
		if err != nil {
			t.Fatal(err)
		}
		return func(_ *backend.Config, e *engine.Config) { e.Moods = r }
	}
	const angry = "气死我了，你们什么破服务，我要投诉到12315"
	t.Run("who is angry once hears that it is noticed, twice is brought to a person", func(t *testing.T) {
		c := begin(t, start(t, fixed(backend.Reply{Say: []string{"在路上。"}})), feeling(t))
		if acts := c.say("我的订单到哪了"); words(acts) != "在路上。" {
			t.Errorf("%q", words(acts))
		}
		acts := c.say(angry)
		note, _ := has[dialog.Note](acts)
		alert, alerted := has[dialog.Alert](acts)
		if words(acts) != "抱歉。|在路上。" || note.Emotion != "angry" || !alerted || alert.Kind != "complaint_risk" {
			t.Errorf("%q, %+v, %+v", words(acts), note, alert)
		}
		acts = c.say("你们太差劲了，气死人")
		x, ok := has[dialog.Transfer](acts)
		if !ok || x.Reason != "upset" || !x.Urgent || !strings.Contains(x.Summary, "我的订单到哪了") {
			t.Errorf("%+v", acts)
		}
		if _, twice := has[dialog.Alert](acts); twice {
			t.Error("the supervisor was alerted twice")
		}
	})
	t.Run("a person is offered where there is no answer, and taken", func(t *testing.T) {
		asked := 0
		b := start(t, func(context.Context, Said) (backend.Reply, int) {
			asked++
			return backend.Reply{Say: []string{"没听懂。"}, Unknown: true}, http.StatusOK
		})
		c := begin(t, b, feeling(t))
		if got := words(c.say(angry)); got != "我请人工来，好吗？" {
			t.Errorf("it said %q", got)
		}
		if x, ok := has[dialog.Transfer](c.say("好的")); !ok || x.Reason != "upset" || asked != 1 {
			t.Errorf("%v %+v, asked %d times", ok, x, asked)
		}
		c = begin(t, b, feeling(t))
		c.say(angry)
		if got := words(c.say("不用")); got != "您请说。" {
			t.Errorf("declined, it said %q", got)
		}
	})
	t.Run("the caller's words are moderated before the system hears them", func(t *testing.T) {
		asked := false
		c := begin(t, start(t, func(context.Context, Said) (backend.Reply, int) {
			asked = true
			return backend.Reply{Say: []string{"好。"}}, http.StatusOK
		}))
		acts := c.say("我不想活了，想自杀")
		if x, ok := has[dialog.Transfer](acts); !ok || x.Reason != "crisis" || asked {
			t.Errorf("%v, the system was asked: %v", acts, asked)
		}
	})
	t.Run("personal data are masked but what the line may send", func(t *testing.T) {
		var heard []string
		b := start(t, func(_ context.Context, s Said) (backend.Reply, int) {
			heard = append(heard, s.Text+s.Keys)
			return backend.Reply{Say: []string{"好。"}}, http.StatusOK
		})
		const said = "订单号44170的，我手机13912345678"
		begin(t, b).say(said)
		begin(t, b, func(c *backend.Config, _ *engine.Config) { c.Send = []private.Kind{private.Phone} }).say(said)
		begin(t, b).turn(dialog.Turn{Kind: dialog.Pressed, Keys: "13912345678#"})
		want := []string{"订单号44170的，我手机****5678", said, "****5678"}
		for i := range want {
			if heard[i] != want[i] {
				t.Errorf("it heard %q, not %q", heard[i], want[i])
			}
		}
	})
	t.Run("the system's own questions are answered by a yes", func(t *testing.T) {
		c := begin(t, start(t, fixed(backend.Reply{Say: []string{"要取消吗？"}})))
		c.say("我的订单不要了")
		a, ok := c.conv.(dialog.Assenter)
		if !ok || a.Assent("是的") || !a.Assent("嗯嗯") {
			t.Error("a yes over its question is passed over, or a murmur is not")
		}
	})
	t.Run("what was not heard is gone on with", func(t *testing.T) {
		asked := 0
		c := begin(t, start(t, func(context.Context, Said) (backend.Reply, int) {
			asked++
			return backend.Reply{Say: []string{"昨天发出了，明天到。"}}, http.StatusOK
		}))
		c.say("我的订单到哪了")
		acts := c.turn(dialog.Turn{Kind: dialog.Spoke, Text: "嗯", Confidence: 1, Interrupted: &dialog.Interruption{Heard: "昨天发出了，", Unheard: "明天到。"}})
		if words(acts) != "明天到。" || asked != 1 {
			t.Errorf("it said %q, asked %d times", words(acts), asked)
		}
	})
}
