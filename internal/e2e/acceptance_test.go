package e2e_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/acceptance"
	"hotline/internal/stand"
	"hotline/internal/testdata"
)

// askers are voices that no line speaks with.
var askers = map[string][]string{
	"zh": {"zm_yunxi", "zf_xiaobei", "zm_yunjian", "zf_xiaoyi"},
	"en": {"af_bella", "am_michael", "bf_emma", "am_puck"},
}

// Strangers' questions, some drawn by lot, each the first words of a real call. Where
// the bot asks back, the caller answers once.
func TestQuestionsByTelephone(t *testing.T) {
	long(t)
	drawn := 24
	if n, err := strconv.Atoi(os.Getenv("HOTLINE_E2E_QUESTIONS")); err == nil && n > 0 {
		drawn = n
	}
	for _, tt := range []struct {
		language, number string
		least            int // of drawn that end well
	}{{"zh", "8000", leastSpoken["zh"]}, {"en", "8001", leastSpoken["en"]}} {
		t.Run(tt.language, func(t *testing.T) {
			dir := filepath.Join(testdata.Root(t), "internal", "acceptance", "testdata")
			list, err := acceptance.Read(filepath.Join(dir, tt.language+".tsv"))
			require.NoError(t, err)
			verdicts, err := acceptance.ReadVerdicts(filepath.Join(dir, "verdicts-"+tt.language+".tsv"))
			require.NoError(t, err)
			r := rand.New(rand.NewPCG(1, 0))
			r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
			list = list[:min(drawn, len(list))]
			s := shared(t)
			calls := make([]askedCall, len(list)) // one voice after another: the worker has calls to hear
			for i, q := range list {
				calls[i] = askedCall{number: tt.number, voice: askers[tt.language][i%len(askers[tt.language])], question: q}
				calls[i].prepare(t, s, tt.language)
			}
			var mu sync.Mutex
			var outcomes []acceptance.Outcome
			t.Run("calls", func(t *testing.T) {
				for i, c := range calls {
					t.Run(strconv.Itoa(i), func(t *testing.T) {
						t.Parallel()
						o := c.ring(t, s, verdicts)
						mu.Lock()
						defer mu.Unlock()
						outcomes = append(outcomes, o)
					})
				}
			})
			figures, judged := verdicts.Judge(outcomes)
			for _, j := range judged {
				for _, r := range j.Replies {
					t.Logf("%s: %s, heard %q, %s %s: %s", j.Verdict, j.Text, r.Heard, r.Key(), j.Why, r.Said)
				}
			}
			t.Logf("%d of %d ended well, %d not judged", figures.Success, drawn, figures.Unjudged)
			if drawn >= 24 {
				assert.GreaterOrEqual(t, figures.Success+figures.Unjudged, tt.least)
			}
		})
	}
}

// leastSpoken is somewhat under what was measured (docs/quality.md).
var leastSpoken = map[string]int{"zh": 7, "en": 9}

// askedCall is a question that is asked by telephone.
type askedCall struct {
	number, voice string
	question      acceptance.Question
	words         []int16
	answers       [3][]int16 // yes, the first, the second
}

func (c *askedCall) prepare(t *testing.T, s *stand.Stand, language string) {
	t.Helper()
	words := map[string][3]string{
		"zh": {"对，是的。", "是第一个。", "是第二个。"},
		"en": {"Yes, that's right.", "The first one.", "The second one."},
	}[language]
	c.words = voiceOf(t, s, c.voice, c.question.Text)
	for i, w := range words {
		c.answers[i] = voiceOf(t, s, c.voice, w)
	}
}

// ring asks, and answers one question of the bot.
func (c *askedCall) ring(t *testing.T, s *stand.Stand, v acceptance.Verdicts) acceptance.Outcome {
	t.Helper()
	q := c.question
	rec, _ := ring(t, s, c.number, func(by *caller) {
		by.listen(0)
		by.ask(c.words)
		live, err := s.Live(by.ctx, by.number)
		if err != nil {
			return
		}
		replies := replied(live)
		if len(replies) == 0 || replies[len(replies)-1].Direct() {
			return
		}
		r := replies[len(replies)-1]
		first, second, two := strings.Cut(r.ID, "|")
		switch {
		case r.Does == acceptance.Confirm && v.Right(q.Text, acceptance.KeyOf(first)):
			by.ask(c.answers[0])
		case r.Does == acceptance.Which && v.Right(q.Text, acceptance.KeyOf(first)):
			by.ask(c.answers[1])
		case r.Does == acceptance.Which && two && v.Right(q.Text, acceptance.KeyOf(second)):
			by.ask(c.answers[2])
		default:
			by.ask(c.words)
		}
	})
	o := acceptance.Outcome{Question: q, Voice: c.voice, Replies: replied(rec)}
	if len(o.Replies) == 0 { // it was not heard at all
		o.Replies = []acceptance.Reply{{Does: acceptance.Unheard}}
	}
	return o
}

// replied are the bot's replies to what the caller said.
func replied(c stand.Call) []acceptance.Reply {
	var out []acceptance.Reply
	var heard []string
	for i, turn := range c.Turns {
		if turn.Speaker == "caller" {
			heard = append(heard, turn.Text)
			continue
		}
		if turn.Speaker != "bot" || len(heard) == 0 {
			continue
		}
		flow := ""
		if turn.Source == "flow" {
			flow = turn.Intent
		}
		out = append(out, acceptance.Recorded(strings.Join(heard, " / "), turn.Intent, turn.Source, turn.KnowledgeID, turn.Text,
			turn.Confidence, turn.Candidates, flow, c.TransferReason != "" && i == len(c.Turns)-1))
		heard = nil
	}
	return out
}
