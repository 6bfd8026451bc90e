package emotion_test

import (
	"encoding/csv"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"hotline/dialog"
	"hotline/dialog/emotion"
)

func recognizer(tb testing.TB, language string) *emotion.Recognizer {
	tb.Helper()
	r, err := emotion.New(emotion.Config{Language: language})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestRead(t *testing.T) {
	for language, cases := range map[string]map[string]emotion.Label{
		"zh": {
			"": emotion.Calm, "你好,请问几点关门": emotion.Calm, "我没生气": emotion.Calm, "我不是要投诉": emotion.Calm, "我要投诉你们": emotion.Angry, "再不退钱我就打12315": emotion.Angry,
			"我已經說了三遍了": emotion.Impatient, "什么意思,没听懂": emotion.Confused, "唉,太失望了": emotion.Sad, "太好了,谢谢": emotion.Happy, "。。。!!!": emotion.Calm,
		},
		"en": {
			"": emotion.Calm, "What time do you close?": emotion.Calm, "I'm not angry": emotion.Calm, "This is unacceptable, I'm calling my lawyer": emotion.Angry,
			"I already told you twice": emotion.Impatient, "Sorry, I don't understand": emotion.Confused, "I'm so disappointed": emotion.Sad, "That's wonderful, thank you": emotion.Happy,
		},
	} {
		r := recognizer(t, language)
		for text, want := range cases {
			got := r.Read(text)
			if got.Label != want {
				t.Errorf("%q: %+v, want %s", text, got, want)
			}
			if got.Score < 0 || got.Score > 1 || got.ComplaintRisk < 0 || got.ComplaintRisk > 1 {
				t.Errorf("%q: %+v", text, got)
			}
		}
		if got := r.Read(strings.Repeat("啊a ", 100_000)); got.Score <= 0 {
			t.Errorf("a long text: %+v", got)
		}
	}
	if got := recognizer(t, "zh").Read("你们这些骗子,我要曝光你们"); len(got.Evidence) < 2 || got.ComplaintRisk < 0.6 {
		t.Errorf("evidence and risk: %+v", got)
	}
}

// calmTexts are the telephone sentences that are read as calm.
func calmTexts(tb testing.TB, r *emotion.Recognizer, language string) []string {
	tb.Helper()
	f, err := os.Open("testdata/telephone_" + language + ".csv")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		tb.Fatal(err)
	}
	var texts []string
	for _, row := range rows[1:] {
		if row[1] == "calm" && r.Read(row[0]).Label == emotion.Calm {
			texts = append(texts, row[0])
		}
	}
	if len(texts) < 50 {
		tb.Fatalf("%s: %d calm texts", language, len(texts))
	}
	return texts
}

// However loud, high or fast a caller speaks, and even if the speech engine takes
// the voice for an angry one: with calm words he is neither angry nor sinking.
func TestVoiceAloneIsNeverAnger(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, language := range []string{"zh", "en"} {
		r := recognizer(t, language)
		texts := calmTexts(t, r, language)
		for range 300 {
			tracker := emotion.NewTracker(r, emotion.Thresholds{Voice: rng.Float64()})
			order := rng.Perm(len(texts))
			for i := range 8 {
				turn := emotion.Turn{
					Text: texts[order[i]],
					Mood: []string{"", "angry", "neutral", "ANGRY"}[rng.IntN(4)],
					Prosody: dialog.Prosody{
						LevelDB: -60 + 60*rng.Float64(), PitchHz: 400 * rng.Float64(), PitchVar: rng.Float64(), Rate: 12 * rng.Float64(),
						VoicedFor: time.Duration(rng.IntN(6000)) * time.Millisecond,
					},
				}
				got := tracker.Next(turn)
				if got.Label == emotion.Angry || got.Sinking || got.Upset() {
					t.Fatalf("%+v: %+v", turn, got)
				}
			}
		}
	}
}

// A caller who speaks as always is read by the words; the same words said louder,
// higher and faster than this caller's wont are worse, never better.
func TestVoiceWeighsWords(t *testing.T) {
	r := recognizer(t, "zh")
	usual := dialog.Prosody{LevelDB: -30, PitchHz: 150, PitchVar: 0.2, Rate: 4, VoicedFor: 2 * time.Second}
	loud := dialog.Prosody{LevelDB: -18, PitchHz: 230, PitchVar: 0.5, Rate: 6, VoicedFor: 2 * time.Second}
	read := func(p dialog.Prosody, text string) emotion.Reading {
		tracker := emotion.NewTracker(r, emotion.Thresholds{})
		for _, s := range []string{"你好,我想查一下订单", "单号是四四幺七", "对,昨天下的单"} {
			tracker.Next(emotion.Turn{Text: s, Prosody: usual})
		}
		return tracker.Next(emotion.Turn{Text: text, Prosody: p})
	}
	const text = "怎么还没发货,我都催了好几次了"
	quiet, shouted := read(usual, text), read(loud, text)
	angry := 3 // the place of Angry in Labels
	if emotion.Labels()[angry] != emotion.Angry || shouted.Scores[angry] <= quiet.Scores[angry] {
		t.Errorf("shouted %+v, said %+v", shouted, quiet)
	}
	if strings.Join(quiet.Evidence, " ") == strings.Join(shouted.Evidence, " ") {
		t.Errorf("the voice is not named: %v", shouted.Evidence)
	}
	// without a baseline nothing is known of the voice
	tracker := emotion.NewTracker(r, emotion.Thresholds{})
	first := tracker.Next(emotion.Turn{Text: text, Prosody: loud})
	silent := emotion.NewTracker(r, emotion.Thresholds{})
	if first.Scores != silent.Next(emotion.Turn{Text: text}).Scores {
		t.Errorf("the first turn: %+v", first)
	}
}

// The course of a call: asked again, sinking, and the risk before the word is said.
func TestTrajectory(t *testing.T) {
	for _, c := range []struct {
		language string
		turns    []string
		sinking  int // the first turn that sinks, −1 for none
		upset    int // the first upset turn, −1 for none
	}{
		{"zh", []string{"你好,我想查一下订单", "怎么还没发货啊,催了好几次了", "你们到底管不管,我都等了半个月了", "我要投诉"}, 2, 2},
		{"zh", []string{"你好", "骗子公司,还我钱"}, -1, 1},
		{"zh", []string{"你好,我想查一下订单", "单号是四四幺七", "好的,谢谢"}, -1, -1},
		{"zh", []string{"怎么这么慢啊", "好的,谢谢你,太好了", "怎么这么慢啊"}, -1, -1},
		{"en", []string{"Hi, I'd like to check my order", "I've called three times already, why is it still not here", "You keep saying that, I can't wait any longer"}, 2, 2},
		{"en", []string{"Hi", "Thanks, that's great"}, -1, -1},
	} {
		tracker := emotion.NewTracker(recognizer(t, c.language), emotion.Thresholds{})
		sinking, upset := -1, -1
		for i, s := range c.turns {
			got := tracker.Next(emotion.Turn{Text: s})
			if got.Sinking && sinking < 0 {
				sinking = i
			}
			if got.Upset() && upset < 0 {
				upset = i
			}
		}
		if sinking != c.sinking || upset != c.upset {
			t.Errorf("%q: sinking at %d, upset at %d, want %d and %d", c.turns, sinking, upset, c.sinking, c.upset)
		}
	}
	tracker := emotion.NewTracker(recognizer(t, "zh"), emotion.Thresholds{})
	risk := 0.0
	for i, s := range []string{"我的快递在哪里", "我问的是快递在哪里", "快递到底在哪里啊,都问了三遍了", "你们管不管,凭什么让我等"} {
		got := tracker.Next(emotion.Turn{Text: s})
		if got.ComplaintRisk < risk {
			t.Errorf("turn %d: the risk fell: %+v", i, got)
		}
		risk = got.ComplaintRisk
		if i == 2 && !strings.Contains(strings.Join(got.Evidence, " "), "asked again") {
			t.Errorf("asked again is not noticed: %+v", got)
		}
	}
	if risk < 0.6 {
		t.Errorf("no alert before the word is said: %.2f", risk)
	}
	calm := emotion.NewTracker(recognizer(t, "zh"), emotion.Thresholds{})
	for _, s := range []string{"你好,我想退一件衣服", "单号是四四幺七", "不急,你慢慢查", "好的,知道了"} {
		if got := calm.Next(emotion.Turn{Text: s}); got.ComplaintRisk > 0.3 {
			t.Errorf("%q: %+v", s, got)
		}
	}
}

// The engine plans on copies: what a copy hears the original does not.
func TestTrackerIsAValue(t *testing.T) {
	one := emotion.NewTracker(recognizer(t, "zh"), emotion.Thresholds{})
	one.Next(emotion.Turn{Text: "你好,我想查订单"})
	two := one
	for range 3 {
		two.Next(emotion.Turn{Text: "骗子,我要投诉你们"})
	}
	three := one
	turn := emotion.Turn{Text: "什么时候发货"}
	if a, b := one.Next(turn), three.Next(turn); a.Scores != b.Scores || a.ComplaintRisk != b.ComplaintRisk || a.Sinking != b.Sinking {
		t.Errorf("%+v, %+v", a, b)
	}
}

// A business that wants more certainty gets it.
func TestThresholds(t *testing.T) {
	r := recognizer(t, "zh")
	strict := emotion.NewTracker(r, emotion.Thresholds{Angry: 0.999})
	if got := strict.Next(emotion.Turn{Text: "我要投诉你们"}); got.Label == emotion.Angry {
		t.Errorf("%+v", got)
	}
}

func FuzzRead(f *testing.F) {
	zh, en := recognizer(f, "zh"), recognizer(f, "en")
	for _, s := range []string{"我没生气", "I'm not angry", "\xff", "再不", "不", "…", "can't"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range []*emotion.Recognizer{zh, en} {
			got := r.Read(s)
			if !(got.Score > 0 && got.Score <= 1) || !(got.ComplaintRisk >= 0 && got.ComplaintRisk <= 1) {
				t.Fatalf("%q: %+v", s, got)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	r := recognizer(b, "zh")
	for b.Loop() {
		r.Read("你好,我上周五在你们店里买的那个空气净化器到现在还没发货,麻烦你帮我查一下")
	}
}

// Who calls himself what he might call us is not angry with us; who has us think so is.
func TestCrossWithOneself(t *testing.T) {
	for language, texts := range map[string][2][]string{
		"en": {{"I'm useless with a ladder, can somebody put it up", "I'm a complete idiot, I threw the box away"}, {"you are all useless, I want my money back now"}},
		"zh": {{"我太笨了，连不上网", "我真没用，又忘了密码"}, {"你们都是一群废物，赶紧给我退钱"}},
	} {
		r, err := emotion.New(emotion.Config{Language: language})
		if err != nil {
			t.Fatal(err)
		}
		for i, list := range texts {
			for _, text := range list {
				if got := r.Read(text); (got.Label == emotion.Angry) != (i == 1) {
					t.Errorf("%s: %s %v", text, got.Label, got.Evidence)
				}
			}
		}
	}
}

// A word for anger may stand in the name of a thing, or in what somebody else has done.
func TestNamesAreNoAnger(t *testing.T) {
	for language, calm := range map[string][]string{
		"zh": {"你们卖空气炸锅吗", "滚刷要不要经常换", "水滚了还在烧", "赠品坏了管不管", "过生日你们送啥", "用我妈的积分抵我的单", "扫地机一直报警", "垃圾盒怎么倒", "有个人讲要退我钱，怕是骗子吧", "怎么退钱", "给老爸买，傻瓜式的"},
		"en": {"I've had it four days and it's stopped", "the tank sits crooked", "have you charged me yet", "I hate mopping, does one of them do it for me", "the steam burned my arm"},
	} {
		for _, text := range calm {
			tracker := emotion.NewTracker(recognizer(t, language), emotion.Thresholds{})
			if got := tracker.Next(emotion.Turn{Text: text}); got.Upset() {
				t.Errorf("%s: upset by %v", text, got.Evidence)
			}
		}
	}
	for _, text := range []string{"滚", "你给我滚", "你们到底管不管", "你们管不管", "不退钱我就报警了", "你们就是骗子", "给我退钱，马上"} {
		tracker := emotion.NewTracker(recognizer(t, "zh"), emotion.Thresholds{})
		if got := tracker.Next(emotion.Turn{Text: text}); !got.Upset() {
			t.Errorf("%s: not upset: %+v", text, got)
		}
	}
}
