package engine_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/dialog/internal/packtest"
)

// randomTurn is anything that a caller or a line may do.
func randomTurn(r *rand.Rand, p packtest.Pack) dialog.Turn {
	words := []string{
		"转人工", "嗯", "好的", "谢谢", "再说一遍", "不是", "是的", "第一个", "都不是", "等一下", "留言", "回电", "明天巴黎天气怎么样", "你是机器人吗",
		"太过分了", "继续", "幺三八零", "明天下午", "你好", "我问的不是这个", "那运费呢", "慢一点", "大声点",
		"agent", "yes", "no", "thanks", "repeat that", "what's the weather", "message", "call me back", "one three eight", "this is ridiculous", "go on", "the second one", "hold on", "\xff\xfe", "   ", "。。。",
	}
	t := dialog.Turn{Kind: dialog.TurnKind(1 + r.IntN(6)), Confidence: r.Float64()}
	switch t.Kind {
	case dialog.Spoke:
		switch r.IntN(3) {
		case 0:
			t.Text = p.Asked[r.IntN(len(p.Asked))].Text
		case 1:
			t.Text = p.Outside[r.IntN(len(p.Outside))]
		default:
			t.Text = words[r.IntN(len(words))]
		}
		if r.IntN(4) == 0 {
			t.Interrupted = &dialog.Interruption{Heard: "前面说的,", Unheard: "后面没听到的。", After: time.Second}
		}
		if r.IntN(5) == 0 {
			t.Alternatives = []string{p.Asked[r.IntN(len(p.Asked))].Text, ""}
		}
	case dialog.Pressed:
		t.Keys = []string{"0", "1", "2", "3", "9", "*", "#", "12#", "13800138000#", "", "A"}[r.IntN(11)]
	case dialog.Unheard:
		t.Lost = r.IntN(4) == 0
	case dialog.Returned:
		t.Result = []dialog.Result{dialog.TransferDone, dialog.TransferNoAgent, dialog.TransferNoAnswer, dialog.TransferOff, dialog.MessageTaken, dialog.MessageEmpty, "", "odd"}[r.IntN(8)]
	case dialog.Opened:
		if r.IntN(3) > 0 { // seldom twice
			t.Kind = dialog.Silent
		}
	default:
	}
	return t
}

// noMatch are the phrases which may never be said twice running.
var noMatch = []engine.Key{
	engine.KeyRephrase, engine.KeyMisunderstood, engine.KeyDontKnow, engine.KeyDontKnowOff, engine.KeyMisheard,
	engine.KeyMisheardMenu, engine.KeyOverheardKeys, engine.KeyNoHearing, engine.KeyYesOrNo, engine.KeyChooseAgain, engine.KeyChooseOff, engine.KeyNumberAgain,
}

// Whatever is said and pressed: the bot is never silent, never says the same
// no-match words twice running, and comes to an end.
func runRandom(tb testing.TB, cfg engine.Config, p packtest.Pack, seed uint64) {
	tb.Helper()
	e, err := engine.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	r := rand.New(rand.NewPCG(seed, 1))
	facts := dialog.Facts{CallID: string(rune('a' + r.IntN(20))), Language: cfg.Language}
	if r.IntN(2) == 0 {
		facts.Caller = "1000"
	}
	conv, err := e.Begin(context.Background(), facts)
	if err != nil {
		tb.Fatal(err)
	}
	c := &call{tb, conv}
	c.open()
	failing := map[string]bool{}
	for _, k := range noMatch {
		for _, w := range e.Phrases()[k] {
			failing[w] = true
		}
	}
	last := ""
	for range 90 {
		t := randomTurn(r, p)
		l := conv.(dialog.Listener)
		l.Patience(t.Text, t.Confidence)
		l.Suggest(t.Text, 4)
		preview := l.Preview(t.Text)
		_ = preview
		s := c.turn(t)
		if !s.has("say") && !s.has("transfer") && !s.has("hangup") {
			tb.Fatalf("seed %d: silent at %+v: %+v", seed, t, s)
		}
		for _, a := range s.acts {
			if x, ok := a.(dialog.Say); ok {
				if strings.TrimSpace(x.Text) == "" || strings.Contains(x.Text, "{") {
					tb.Fatalf("seed %d: said %q at %+v", seed, x.Text, t)
				}
				if failing[x.Text] && x.Text == last {
					tb.Fatalf("seed %d: %q twice running", seed, last)
				}
				last = x.Text
			}
		}
		if s.has("hangup") {
			return
		}
	}
	tb.Fatalf("seed %d: it does not end", seed)
}

func TestRandomCalls(t *testing.T) {
	for _, p := range []packtest.Pack{packtest.Hotel(t), packtest.Gym(t)} {
		cfg := config(t, p)
		cfg.Limits.Turns = 60
		for seed := range uint64(40) {
			if seed == 20 {
				cfg.Open = func(time.Time, string) bool { return false }
				cfg.Menu, cfg.Hours = nil, ""
			}
			runRandom(t, cfg, p, seed)
		}
	}
}

func FuzzCalls(f *testing.F) {
	f.Add(uint64(1), false)
	f.Add(uint64(2), true)
	hotel, gym := packtest.Hotel(f), packtest.Gym(f)
	zh, en := config(f, hotel), config(f, gym)
	zh.Limits.Turns, en.Limits.Turns = 60, 60
	f.Fuzz(func(t *testing.T, seed uint64, chinese bool) {
		if chinese {
			runRandom(t, zh, hotel, seed)
			return
		}
		runRandom(t, en, gym, seed)
	})
}

// A caller who never says anything of use is not kept for ever.
func TestCallsEnd(t *testing.T) {
	for _, turn := range []dialog.Turn{
		{Kind: dialog.Spoke, Text: "嗯", Confidence: 1},
		{Kind: dialog.Spoke, Text: "明天巴黎天气怎么样", Confidence: 1},
		{Kind: dialog.Spoke, Text: "你好", Confidence: 1},
		{Kind: dialog.Spoke, Text: "早餐几点", Confidence: 1},
		{Kind: dialog.Spoke, Text: "再说一遍", Confidence: 1},
		{Kind: dialog.Unheard},
		{Kind: dialog.Silent},
		{Kind: dialog.Pressed, Keys: "7"},
		{Kind: dialog.Pressed, Keys: "*"},
	} {
		c := hotel(t)
		ended := false
		for range 120 {
			s := c.turn(turn)
			if s.has("transfer") { // nobody is there
				s = c.turn(dialog.Turn{Kind: dialog.Returned, Result: dialog.TransferNoAgent})
			}
			if s.has("message") {
				s = c.turn(dialog.Turn{Kind: dialog.Returned, Result: dialog.MessageEmpty})
			}
			if s.has("hangup") {
				ended = true
				break
			}
		}
		if !ended {
			t.Errorf("%+v goes on for ever", turn)
		}
	}
}
