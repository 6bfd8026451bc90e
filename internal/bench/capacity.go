package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"hotline/asr/asrtest"
	"hotline/internal/call"
	"hotline/internal/softphone"
	"hotline/internal/stand"
	"hotline/media"
)

// A caller speaks every period; the first time after the greeting, at a moment of
// its own.
const (
	period      = 20 * time.Second
	greeting    = 8 * time.Second
	callerNoise = -60.0 // dBov, of the callers' lines: no line is silent
	dialEvery   = 25 * time.Millisecond
)

// Recognition is where sound is decoded while capacity is measured.
type Recognition string

// What stands for it.
const (
	ByWorker Recognition = "worker" // the server's own, on the same machine
	ByReplay Recognition = "replay" // other machines: a replay server
)

// capacity raises the number of calls at once until answers come too late.
func (b *Bench) capacity(ctx context.Context, language string) error {
	if b.cfg.Worker[0] > 0 {
		if err := b.patient(ctx, nil, func(s *stand.Stand) error {
			return b.raise(ctx, s, language, ByWorker, b.questions[language], b.cfg.Worker)
		}); err != nil {
			return err
		}
	}
	if b.cfg.Remote[0] == 0 {
		return nil
	}
	dir, err := os.MkdirTemp("", "hotline-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	list := b.people(language)
	r, err := b.startReplay(ctx, dir, list)
	if err != nil {
		return err
	}
	defer r.stop()
	b.replay = r
	defer func() { b.replay = nil }()
	settings := []string{"HOTLINE_SPEECH_URLS=" + r.url, fmt.Sprintf("HOTLINE_SPEECH_WORKERS=%d", remotePlaces)}
	return b.patient(ctx, settings, func(s *stand.Stand) error {
		return b.raise(ctx, s, language, ByReplay, list, b.cfg.Remote)
	})
}

var silenceSetting = regexp.MustCompile(`(?m)^(\s+silence:) .*$`)

// patient runs f with a server of its own, which does not take its leave of callers
// who think for a quarter of a minute.
func (b *Bench) patient(ctx context.Context, settings []string, f func(*stand.Stand) error) (err error) {
	dir, err := os.MkdirTemp("", "hotline-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	folders, err := stand.Business(dir, nil, b.cfg.Business)
	if err != nil {
		return err
	}
	file := filepath.Join(folders[0], "business.yaml")
	text, err := os.ReadFile(file) //nolint:gosec // a copy made just now
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, silenceSetting.ReplaceAll(text, []byte("$1 1m")), 0o600); err != nil { //nolint:gosec // as above
		return err
	}
	data := filepath.Join(dir, "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	if err := copySpeech(filepath.Join(b.cfg.Cache, "speech"), filepath.Join(data, "speech")); err != nil {
		return err
	}
	s, err := stand.Start(ctx, stand.Config{
		Binary: b.cfg.Binary, Business: folders, Data: data, Ports: rtpPorts, Env: append(slices.Clone(b.cfg.Settings), settings...),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	if warm := s.AwaitLog(ctx, "the fixed sentences are ready", b.cfg.Warm); !warm {
		b.cfg.Log.Warn("not all fixed sentences have been made; some answers will be made while callers wait")
	}
	return f(s)
}

// remotePlaces is how many decodes the other machines do at once.
const remotePlaces = 32

func (b *Bench) raise(ctx context.Context, s *stand.Stand, language string, by Recognition, list []question, levels []int) error {
	largest := 0
	for _, n := range levels {
		l, err := b.level(ctx, s, language, by, list, n)
		if err != nil {
			return err
		}
		if n == levels[0] {
			cost, _ := l.More["cpu_ms_per_call_second"].(map[string]float64)
			if l.More["server_cpu_ms"], err = b.divide(ctx, s, list, n, cost["server"]); err != nil {
				return err
			}
		}
		if err := b.print(l); err != nil {
			return err
		}
		if l.MS.P95 > responseP95 {
			break
		}
		largest = n
	}
	want := map[Recognition]float64{ByWorker: 60, ByReplay: 200}[by]
	pass := float64(largest) >= want
	l := Line{
		Bench: "capacity", Language: language, N: largest, Marks: map[string]float64{"largest": want}, Pass: &pass,
		More: map[string]any{"line": string(by) + " largest", "largest": largest},
	}
	return b.print(l)
}

// heardCall is what one caller did and heard.
type heardCall struct {
	asked   []asked
	false   int // barge-ins while the caller was silent
	lost    bool
	seconds float64
}

// level holds n calls whose callers speak every period, and measures.
func (b *Bench) level(ctx context.Context, s *stand.Stand, language string, by Recognition, list []question, n int) (Line, error) {
	rounds := 3
	if b.cfg.Quick {
		rounds = 1
	}
	long := greeting + time.Duration(rounds)*period + period/2
	calls := make([]heardCall, n)
	var errs error
	var mu sync.Mutex
	var wg sync.WaitGroup
	noise := asrtest.Noise("pink", 8000, 4*time.Second, callerNoise)
	for i := range n {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(n), uint64(i)))
			m := &mouth{noise: noise, at: r.IntN(len(noise)), long: long, next: greeting + time.Duration(r.Int64N(int64(period)))}
			for k := range rounds {
				m.say = append(m.say, list[(7*i+5*k+r.IntN(len(list)))%len(list)])
			}
			_ = sleep(ctx, time.Duration(i)*dialEvery)
			c, err := b.hold(ctx, s, numbers[language], fmt.Sprintf("6%02d%05d", n%100, i), m)
			mu.Lock()
			defer mu.Unlock()
			calls[i] = c
			errs = errors.Join(errs, err)
		})
	}
	// While all stand and speak.
	_ = sleep(ctx, time.Duration(n)*dialEvery+greeting+period/4)
	before, was := b.costs(s), readUsage(b.parties(s)...)
	began := time.Now()
	_ = sleep(ctx, long-greeting-period)
	took := time.Since(began)
	used, others := b.costs(s).minus(before), readUsage(b.parties(s)...).others(was)
	wg.Wait()
	var all []asked
	l := Line{}
	falseStops, lost := 0, 0
	for _, c := range calls {
		all = append(all, c.asked...)
		falseStops += c.false
		if c.lost {
			lost++
		}
	}
	if len(all) == 0 {
		return l, errors.Join(errors.New("no call could be measured"), errs)
	}
	l = summarize(all, language, n)
	l.Bench, l.Marks, l.Others = "capacity", map[string]float64{"p95": responseP95}, others
	per := func(d time.Duration) float64 { return round3(ms(d) / took.Seconds() / float64(n)) }
	l.More["line"], l.More["false_barge_ins"], l.More["calls_lost"] = string(by), falseStops, lost
	l.More["cpu_ms_per_call_second"] = map[string]float64{"server": per(used.server), "worker": per(used.worker), "replay": per(used.replay), "callers": per(used.bench)}
	l.More["cores"] = map[string]float64{
		"server": cores(used.server, took), "worker": cores(used.worker, took), "replay": cores(used.replay, took), "callers": cores(used.bench, took),
	}
	if errs != nil {
		l.More["errors"] = first(errs.Error(), 500)
	}
	if by == ByReplay {
		l.Marks["crossed"] = 0
		crossed := crossings(all, list)
		l.More["crossed"] = crossed
		stats, err := b.replay.stats(ctx)
		if err != nil {
			return l, err
		}
		l.More["replay"] = stats
		l.judge(map[string]float64{"p95": l.MS.P95, "crossed": float64(crossed + stats.Crossed)})
		return l, nil
	}
	l.judgeSpread()
	return l, nil
}

func first(s string, n int) string { return s[:min(len(s), n)] }

func cores(d, took time.Duration) float64 { return round3(d.Seconds() / took.Seconds()) }

// crossings counts what was heard in one call and said in another: the text of a
// recording that this caller did not speak then.
func crossings(all []asked, list []question) int {
	texts := map[string]bool{}
	for _, q := range list {
		texts[bare(q.text)] = true
	}
	n := 0
	for _, a := range all {
		for h := range strings.SplitSeq(a.heard, "\n") {
			if h := bare(h); h != "" && h != bare(a.question.text) && texts[h] {
				n++
			}
		}
	}
	return n
}

// understood is what the server wrote down of a question, a line for each turn.
func (a *asked) understood(rec stand.Call) string {
	from := a.ended.Add(-time.Duration(len(a.question.samples))*time.Second/8000 - time.Second)
	var lines []string
	for _, t := range rec.Turns {
		at := rec.AnsweredAt.Add(time.Duration(t.StartMS) * time.Millisecond)
		if t.Speaker == "caller" && at.After(from) && !at.After(a.ended) {
			lines = append(lines, t.Text)
		}
	}
	return strings.Join(lines, "\n")
}

// costs are what the parties have used of the processors.
type costs struct{ server, worker, replay, bench time.Duration }

func (c costs) minus(o costs) costs {
	return costs{c.server - o.server, c.worker - o.worker, c.replay - o.replay, c.bench - o.bench}
}

func (b *Bench) costs(s *stand.Stand) costs {
	c := costs{server: cpuTime(s.PID()), bench: cpuTime(os.Getpid())}
	for _, p := range s.WorkerPIDs() {
		c.worker += cpuTime(p)
	}
	if b.replay != nil {
		c.replay = cpuTime(b.replay.pid())
	}
	return c
}

func (b *Bench) parties(s *stand.Stand) []int {
	p := append(s.PIDs(), b.server.PIDs()...)
	if b.replay != nil {
		p = append(p, b.replay.pid())
	}
	return p
}

// mouth is a caller's side of a call: a line with noise, and a question every
// period.
type mouth struct {
	noise []int16
	at    int
	long  time.Duration
	next  time.Duration // when the first question is asked
	say   []question
}

// speak sends it all, at the rate of the call. It returns when the call is over.
func (m *mouth) speak(ctx context.Context, s *media.Session) error {
	u := s.Out().Utterance(ctx)
	defer u.Finish()
	f := make(media.Frame, 160)
	for i := range int(m.long / media.FrameTime) {
		for k := range f {
			f[k] = m.noise[m.at]
			m.at = (m.at + 1) % len(m.noise)
		}
		now := i * len(f)
		for k, q := range m.say {
			if d := now - m.starts(k); d >= 0 && d < len(q.samples) {
				for j, v := range q.samples[d:min(len(q.samples), d+len(f))] {
					f[j] += v
				}
			}
		}
		if err := u.WriteFrame(f); err != nil {
			return err
		}
	}
	u.Finish()
	select {
	case <-u.Done():
	case <-ctx.Done():
	}
	return nil
}

// starts is the sample at which a question begins.
func (m *mouth) starts(k int) int {
	return int((m.next + time.Duration(k)*period) / media.FrameTime * 160)
}

// spoke finds when a question began and ended on the wire, and when the caller
// spoke again.
func (m *mouth) spoke(w *wire) []asked {
	if len(w.sent) == 0 {
		return nil
	}
	var out []asked
	begin := w.sent[0].at
	for k, q := range m.say {
		from := begin.Add(time.Duration(m.starts(k)) * time.Second / 8000)
		to := from.Add(time.Duration(len(q.samples)) * time.Second / 8000)
		a := asked{question: q}
		for _, h := range after(w.sent, from.Add(-500*time.Millisecond)) {
			if h.at.After(to.Add(3 * time.Second)) {
				break
			}
			if h.db > voiced {
				a.ended = h.at
			}
		}
		if a.ended.IsZero() {
			break // the call was over
		}
		if len(out) > 0 {
			out[len(out)-1].next = from
		}
		out = append(out, a)
	}
	return out
}

// hold is one call.
func (b *Bench) hold(ctx context.Context, s *stand.Stand, number, from string, m *mouth) (c heardCall, err error) {
	var w *wire
	rep, err := b.phone.Call(ctx, softphone.Request{
		URI: s.URI(number), From: from, Duration: m.long + 30*time.Second,
		Conn: func(c media.PacketConn) media.PacketConn { w = newWire(c); return w },
		Talk: m.speak,
	})
	if err != nil || !rep.Answered {
		return heardCall{lost: true}, errors.Join(err, refused(rep))
	}
	rec, err := s.RecordOf(ctx, from)
	if err != nil {
		return c, err
	}
	c.seconds, c.lost = rep.Seconds, rep.Seconds < (m.long-5*time.Second).Seconds()
	c.asked = m.spoke(w)
	for i := range c.asked {
		a := &c.asked[i]
		a.first, _ = w.firstAudible(a.ended)
		a.match(rec, w)
		a.heard = a.understood(rec)
		b.tell(*a)
	}
	for _, e := range rec.Timeline {
		if e.Kind == call.KindBargeIn && !c.speaking(rec.AnsweredAt.Add(time.Duration(e.MS)*time.Millisecond)) {
			c.false++
		}
	}
	return c, nil
}

// speaking tells whether the caller was, or had just been.
func (c *heardCall) speaking(at time.Time) bool {
	for _, a := range c.asked {
		long := time.Duration(len(a.question.samples)) * time.Second / 8000
		if at.After(a.ended.Add(-long-300*time.Millisecond)) && at.Before(a.ended.Add(time.Second)) {
			return true
		}
	}
	return false
}

// people are the questions as people's recordings, as far as those go: pieces of
// them of about three seconds stand for a question each, and for the others the
// rendered voices do.
func (b *Bench) people(language string) []question {
	list := append([]question(nil), b.questions[language]...)
	if b.cfg.Recordings == "" {
		return list
	}
	table, err := readRecordings(b.cfg.Recordings)
	if err != nil {
		b.cfg.Log.Warn("there are no recordings of people; rendered voices speak", "error", err)
		return list
	}
	i := 0
	for _, r := range table {
		for _, x := range pieces(r) {
			if i < len(list) {
				list[i].samples = x
				i++
			}
		}
	}
	b.cfg.Log.Info("recordings of people", "pieces", i, "of", len(list))
	return list
}

// table writes the questions' sounds and texts for a replay server.
func table(dir string, list []question) (string, error) {
	var rows strings.Builder
	for i, q := range list {
		name := fmt.Sprintf("%03d.wav", i)
		if err := writeSamples(filepath.Join(dir, name), q.samples); err != nil {
			return "", err
		}
		fmt.Fprintf(&rows, "%s\t%s\n", name, q.text)
	}
	path := filepath.Join(dir, "recordings.tsv")
	return path, os.WriteFile(path, []byte(rows.String()), 0o600)
}
