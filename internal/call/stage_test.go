package call_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/dialog/flow"
	"hotline/dialog/knowledge"
	"hotline/dialog/slot"
	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/media"
	"hotline/media/dsp"
	"hotline/media/mediatest"
	"hotline/media/sdp"
	"hotline/tts"
)

// What is said in these tests is tones: each text has a pitch of its own, the
// caller's words are tones that the decoder knows, and what a party hears is the
// row of pitches in its ear.
const (
	rate    = 8000
	perRune = 100 * time.Millisecond

	asksHours  = 500.0 // Hz: 门店几点开门
	asksPerson = 600.0 // 转人工
	saysYes    = 700.0 // 嗯
	asksFare   = 800.0 // 运费多少钱
	coughs     = 900.0 // nothing that could be decoded
	callback   = 560.0 // 给我回电
	tomorrow   = 640.0 // 明天上午
	faults     = 960.0 // the decoder fails
	agentTalks = 1500.0
)

var words = map[float64]string{
	asksHours: "门店几点开门", asksPerson: "转人工", saysYes: "嗯", asksFare: "运费多少钱", callback: "给我回电", tomorrow: "明天上午",
}

const (
	disclosure = "这里是云上商城，通话会录音。"
	greeting   = "请说您要办的事。"
	hours      = "门店每天上午十点到晚上九点营业，周末也一样。"
	fare       = "满九十九元包邮。"
)

// pitch is that of a text of the bot's: 2,000 Hz and more, in steps of 50.
func pitch(text string) float64 {
	known := []string{disclosure, greeting, hours, fare}
	for i, k := range known {
		if strings.TrimSpace(text) == k {
			return 2000 + 100*float64(i)
		}
	}
	var h uint32 = 2166136261
	for _, r := range text {
		h = (h ^ uint32(r)) * 16777619
	}
	return 2500 + 50*float64(h%16)
}

// tones is a voice.
type tones struct {
	broken func(text string) error
}

func (v tones) Synthesize(_ context.Context, u tts.Utterance, dst media.Writer) error {
	if v.broken != nil {
		if err := v.broken(u.Text); err != nil {
			return err
		}
	}
	d := time.Duration(len([]rune(u.Text))) * perRune
	x := dsp.Sine(dst.Rate(), -14, d, pitch(u.Text))
	for n := dst.Rate() / 50; len(x) >= n; x = x[n:] {
		if err := dst.WriteFrame(x[:n]); err != nil {
			return err
		}
	}
	return nil
}

// loudness is a voice detector.
type loudness struct{}

func (loudness) Detect(f []int16) (float64, error) {
	if dsp.LevelDB(f) > -40 {
		return 0.95, nil
	}
	return 0.02, nil
}
func (loudness) Window() time.Duration { return media.FrameTime }
func (loudness) Reset()                {}
func (loudness) Close() error          { return nil }

// decoder knows the callers' tones.
type decoder struct{ delay time.Duration }

func (d decoder) Decode(ctx context.Context, s asr.Segment) (asr.Transcript, error) {
	select {
	case <-time.After(d.delay):
	case <-ctx.Done():
		return asr.Transcript{}, context.Cause(ctx)
	}
	best, hz := -60.0, 0.0
	for _, f := range []float64{asksHours, asksPerson, saysYes, asksFare, coughs, callback, tomorrow, faults, agentTalks} {
		if l := dsp.Goertzel(s.Samples, s.Rate, f); l > best {
			best, hz = l, f
		}
	}
	switch hz {
	case faults:
		return asr.Transcript{}, errors.New("the engine is lost")
	case coughs, 0:
		return asr.Transcript{NoSpeech: 0.9, LogProb: -2}, nil
	case agentTalks:
		return asr.Transcript{Text: "您好我是客服", Confidence: 0.9, LogProb: -0.2, Language: "zh"}, nil
	default:
		return asr.Transcript{Text: words[hz], Confidence: 0.95, LogProb: -0.1, Language: "zh"}, nil
	}
}

// leg is the signalling of one party.
type leg struct {
	id     string
	offer  []byte
	ctx    context.Context //nolint:containedctx // what a Leg is
	end    context.CancelCauseFunc
	mu     sync.Mutex
	answer []byte
	hungUp bool
	reason string
}

func newLeg(id string, offer []byte) *leg {
	ctx, end := context.WithCancelCause(context.Background())
	return &leg{id: id, offer: offer, ctx: ctx, end: end}
}

func (l *leg) ID() string               { return l.id }
func (l *leg) Context() context.Context { return l.ctx }
func (l *leg) Offer() []byte            { return l.offer }
func (l *leg) Answer(_ context.Context, s []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answer = s
	return nil
}
func (l *leg) Transfer(context.Context, string) error { return nil }
func (l *leg) Hangup(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hungUp = true
	l.end(errHungUp)
	return nil
}

func (l *leg) SetReason(protocol string, cause int, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reason = fmt.Sprintf("%s;cause=%d;text=%q", protocol, cause, text)
}

func (l *leg) why() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reason
}

func (l *leg) gone() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hungUp
}

var errHungUp = errors.New("we hung up")

// bye is the far end's hanging up.
type bye struct{}

func (bye) Error() string    { return "the far end hung up" }
func (bye) CallerGone() bool { return true }

// party is someone at a telephone: sound in and out, and what was heard.
type party struct {
	session *media.Session
	conn    *mediatest.Conn

	mu    sync.Mutex
	heard []int16
}

// newParty makes a party at one end of a pipe and the socket of the other.
func newParty(ctx context.Context, wg *sync.WaitGroup) (p *party, ours *mediatest.Conn, offer []byte) {
	theirs, ours := mediatest.Pipe()
	offer = sdp.Offer(sdp.Local{Addr: theirs.Addr().Addr(), Port: int(theirs.Addr().Port())})
	m := sdp.Media{Codec: sdp.PCMA, Remote: ours.Addr(), Direction: sdp.SendRecv, DTMF: 101, HasDTMF: true, DTMFClock: rate}
	p = &party{conn: theirs}
	p.session = media.NewSession(media.SessionConfig{Conn: theirs, Media: m, Rate: rate, SilenceTimeout: -1})
	wg.Go(func() { _ = p.session.Run(ctx) })
	wg.Go(func() {
		f := make(media.Frame, rate/50)
		for p.session.In().ReadFrame(f) == nil {
			p.mu.Lock()
			p.heard = append(p.heard, f...)
			p.mu.Unlock()
		}
	})
	return p, ours, offer
}

// say speaks a tone.
func (p *party) say(ctx context.Context, hz float64, d time.Duration) {
	u := p.session.Out().Utterance(ctx)
	defer u.Finish()
	x := dsp.Sine(rate, -12, d, hz)
	for ; len(x) >= rate/50; x = x[rate/50:] {
		if u.WriteFrame(x[:rate/50]) != nil {
			return
		}
	}
	u.Finish()
	select {
	case <-u.Done():
	case <-ctx.Done():
	}
}

func (p *party) now() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.heard)
}

func (p *party) since(mark int) []int16 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.heard[min(mark, len(p.heard)):])
}

// tone is a stretch of one pitch in what a party heard.
type tone struct {
	hz   float64
	at   time.Duration
	long time.Duration
}

// melody is what was heard, tone by tone, silence left out.
func melody(x []int16) []tone {
	var out []tone
	last, quiet := 0.0, 0
	for i := 0; i+320 <= len(x); i += 320 {
		w := x[i : i+320]
		at := time.Duration(i) * time.Second / rate
		if dsp.LevelDB(w) < -35 {
			if quiet++; quiet > 5 {
				last = 0
			}
			continue
		}
		quiet = 0
		hz := crossings(w)
		switch {
		case math.Abs(hz-last) > 20:
			out = append(out, tone{hz: hz, at: at})
			last = hz
		case out[len(out)-1].long == 40*time.Millisecond:
			out[len(out)-1].hz, last = hz, hz // the first piece may hold some of the tone before
		}
		out[len(out)-1].long += 40 * time.Millisecond
	}
	return slices.DeleteFunc(out, func(t tone) bool { return t.long < 100*time.Millisecond })
}

// crossings is the frequency of a pure tone, from where it rises through zero.
func crossings(w []int16) float64 {
	first, last, n := 0.0, 0.0, 0
	for i := 1; i < len(w); i++ {
		a, b := float64(w[i-1]), float64(w[i])
		if a < 0 && b >= 0 {
			last = float64(i-1) + a/(a-b)
			if n == 0 {
				first = last
			}
			n++
		}
	}
	if n < 2 {
		return 0
	}
	return float64(n-1) * rate / (last - first)
}

// heardFor is how long a text was heard.
func heardFor(x []int16, text string) time.Duration {
	var d time.Duration
	for _, t := range melody(x) {
		if math.Abs(t.hz-pitch(text)) <= 15 {
			d += t.long
		}
	}
	return d
}

// length is how long a text is spoken.
func length(text string) time.Duration { return time.Duration(len([]rune(text))) * perRune }

// journal keeps records in memory.
type journal struct {
	mu     sync.Mutex
	record call.Record
	all    map[string]call.Record // by line and caller
	turns  []call.TurnRecord
	events []call.Event
	wishes []call.Wish
	ended  bool
}

func (j *journal) Begin(_ context.Context, r call.Record) error { return j.set(r, false) }
func (j *journal) Update(_ context.Context, r call.Record) error {
	return j.set(r, false)
}
func (j *journal) End(_ context.Context, r call.Record) error { return j.set(r, true) }

func (j *journal) set(r call.Record, ended bool) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.record, j.ended = r, ended
	if j.all == nil {
		j.all = map[string]call.Record{}
	}
	j.all[r.Caller] = r
	return nil
}

func (j *journal) AddTurn(_ context.Context, t call.TurnRecord) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.turns = append(j.turns, t)
	return nil
}

func (j *journal) AddEvents(_ context.Context, _ string, e []call.Event) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, e...)
	return nil
}

func (j *journal) AddWish(_ context.Context, w call.Wish) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.wishes = append(j.wishes, w)
	return nil
}

func (j *journal) kinds() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var list []string
	for _, e := range j.events {
		list = append(list, e.Kind)
	}
	return list
}

func (j *journal) count(kind string) int {
	n := 0
	for _, k := range j.kinds() {
		if k == kind {
			n++
		}
	}
	return n
}

func (j *journal) bot() []call.TurnRecord {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(j.turns), func(t call.TurnRecord) bool { return t.Speaker != "bot" })
}

// staff are the people who can be rung.
type staff struct {
	mu       sync.Mutex
	names    []string
	results  map[string]call.OfferResult
	talking  []string
	shut     bool
	reserved int
	wants    call.Waiting     // of who entered last
	left     call.LeaveReason // of who left last

	busy         chan struct{} // closed when somebody is free; nil: from the beginning
	patience     time.Duration // until a caller has waited too long
	announcement string
}

func person(name string) call.Person {
	return call.Person{Name: name, Target: call.Target{To: "agent:" + name}}
}

// Enter puts a caller before those who are there, each of whom is rung once.
func (s *staff) Enter(_ context.Context, w call.Waiting) (call.Place, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wants = w
	switch {
	case s.shut:
		return nil, call.ErrQueueShut
	case len(s.names) == 0 && s.busy == nil:
		return nil, call.ErrNobodyThere
	}
	return &spot{staff: s}, nil
}

// spot is a caller's place.
type spot struct {
	staff *staff
	tried []string
}

func (p *spot) Next(ctx context.Context) (call.Person, error) {
	if p.staff.busy != nil {
		select {
		case <-p.staff.busy:
		case <-time.After(p.staff.patience):
			return call.Person{}, call.ErrWaitedLong
		case <-ctx.Done():
			return call.Person{}, context.Cause(ctx)
		}
	}
	p.staff.mu.Lock()
	defer p.staff.mu.Unlock()
	for _, n := range p.staff.names {
		if !slices.Contains(p.tried, n) {
			p.tried = append(p.tried, n)
			p.staff.reserved++
			return person(n), nil
		}
	}
	return call.Person{}, call.ErrWaitedLong
}

func (p *spot) Ring() time.Duration { return 20 * time.Second }

func (p *spot) Announcement() (string, time.Duration) { return p.staff.announcement, time.Hour }

func (p *spot) Leave(why call.LeaveReason) {
	p.staff.mu.Lock()
	defer p.staff.mu.Unlock()
	p.staff.left = why
}

func (s *staff) Reserve(string, string) (call.Person, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut || len(s.names) == 0 {
		return call.Person{}, false
	}
	s.reserved++
	return person(s.names[0]), true
}

func (s *staff) ReserveAgent(_, name string) (call.Person, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.names, name) {
		return call.Person{}, false
	}
	s.reserved++
	return person(name), true
}

func (s *staff) Talking(name, _ string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.talking = append(s.talking, name)
}

func (s *staff) why() call.LeaveReason {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.left
}

func (s *staff) atWork() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.talking)
}

func (s *staff) Release(name, _ string, r call.OfferResult) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reserved--
	if s.results == nil {
		s.results = map[string]call.OfferResult{}
	}
	s.results[name] = r
}

// exchange rings people: each has an answer to being rung.
type exchange map[string]func(ctx context.Context) (call.Leg, error)

func (e exchange) Dial(ctx context.Context, t call.Target, _ []byte, _ func(int, []byte)) (call.Leg, error) {
	return e[strings.TrimPrefix(t.To, "agent:")](ctx)
}

type refusal int

func (r refusal) Error() string { return "refused" }
func (r refusal) Status() int   { return int(r) }

// stage is a call on a test's clock.
type stage struct {
	t       *testing.T
	ctx     context.Context //nolint:containedctx // of the call
	wg      *sync.WaitGroup
	call    *call.Call
	caller  *party
	leg     *leg
	journal *journal
	staff   *staff
	dialer  exchange
	sockets chan *mediatest.Conn // for the legs that the call opens, in order
	conn    *mediatest.Conn      // the call's own end
	keys    func(byte)
	update  func(offer []byte) ([]byte, error)
	err     error
	run     func(ctx context.Context) error // nil: the call's
	over    chan struct{}
}

// bot is the engine of the tests.
func bot(t *testing.T) dialog.Engine {
	t.Helper()
	index, err := knowledge.New([]knowledge.Pair{
		{ID: "hours", Question: "门店几点开门", Variants: []string{"营业时间是几点"}, Answer: hours, Topic: "营业时间"},
		{ID: "fare", Question: "运费多少钱", Variants: []string{"邮费怎么算"}, Answer: fare, Topic: "运费"},
	}, knowledge.Options{Language: "zh"})
	require.NoError(t, err)
	tasks, problems := flow.Compile([]*flow.Flow{{
		Name: "order", Title: "记订单号",
		Slots: []flow.Slot{{Name: "order", Title: "订单号", Type: slot.Code, Length: "4", Ask: []string{askOrder}}},
		Steps: []flow.Step{{Ask: []string{"order"}}, {Say: []string{"好的，记下了。"}}},
	}}, flow.Context{Language: "zh"})
	require.Empty(t, problems)
	e, err := engine.New(engine.Config{
		Flows: func() *flow.Set { return tasks },
		Name:  "line", Language: "zh", Disclosure: disclosure, Greeting: greeting, Pairs: knowledge.NewLive(index).Load, Skill: "service",
		Menu: []engine.MenuItem{{Key: "1", Label: "营业时间", Ask: "门店几点开门"}},
	})
	require.NoError(t, err)
	return e
}

// listenTo opens the sockets that are given, in order.
func listenTo(sockets <-chan *mediatest.Conn) func(netip.Addr) (call.Socket, error) {
	return func(netip.Addr) (call.Socket, error) { return <-sockets, nil }
}

// perform runs a call: play conducts the caller, and the call is over when it
// returns (by a BYE) or when the bot ends it.
func perform(t *testing.T, prepare func(s *stage), play func(s *stage)) *stage {
	t.Helper()
	e := bot(t)
	var s *stage
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		s = &stage{t: t, ctx: ctx, wg: &wg, journal: &journal{}, staff: &staff{}, dialer: exchange{}, sockets: make(chan *mediatest.Conn, 8), over: make(chan struct{})}
		var ours *mediatest.Conn
		var offer []byte
		s.caller, ours, offer = newParty(ctx, &wg)
		s.conn = ours
		s.sockets <- ours
		s.leg = newLeg("leg-1", offer)
		clock := &media.Clock{}
		wg.Go(func() { _ = clock.Run(ctx) })
		s.call = &call.Call{
			ID: "call-1",
			Party: call.Arrival{
				Leg: s.leg, Caller: "13900001111", Called: "8000", Reached: netip.MustParseAddr("192.0.2.2"),
				OnKey: func(f func(byte)) { s.keys = f },
			},
			Line: call.Line{
				Name: "line", Title: "云上商城", Language: "zh", Engine: e, Speak: tones{}, Silence: 5 * time.Second,
				Hear: func(h call.Hearing) asr.Recognizer {
					o := asr.Options{Call: h.Call, Language: h.Language}
					l, err := asr.NewListener(asr.ListenerConfig{
						Options: o, Decoder: decoder{60 * time.Millisecond},
						Detector: func(int) (asr.Detector, error) { return loudness{}, nil },
					})
					if err != nil {
						panic(err)
					}
					return l
				},
			},
			Services: call.Services{
				Audio: &call.Audio{
					Clock: clock, Silence: -1, Log: slog.New(slog.DiscardHandler),
					Listen: listenTo(s.sockets),
				},
				Desk: s.staff, Dialer: s.dialer, Journal: s.journal, Wishes: s.journal, Bus: &event.Bus{}, Log: slog.New(slog.DiscardHandler),
			},
		}
		if prepare != nil {
			prepare(s)
		}
		wg.Go(func() {
			defer close(s.over)
			if s.run == nil {
				s.run = s.call.Run
			}
			s.err = s.run(ctx)
		})
		play(s)
		select {
		case <-s.over:
		default:
			s.leg.end(bye{})
			<-s.over
		}
		cancel()
		wg.Wait()
	})
	require.True(t, s.journal.ended, "the record says how it ended")
	require.True(t, s.leg.gone(), "the caller's leg is hung up")
	require.True(t, s.conn.Closed(), "the caller's port is given back")
	require.Zero(t, s.staff.reserved, "every agent is given back")
	return s
}

// pause lets time pass.
func (s *stage) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-s.over:
	}
}

// until waits for something, for at most a minute.
func (s *stage) until(done func() bool) {
	for range 3000 {
		if done() {
			return
		}
		s.pause(media.FrameTime)
	}
	s.t.Error("it did not happen within a minute")
}

// say has the caller say something for 700 ms.
func (s *stage) say(hz float64) { s.caller.say(s.ctx, hz, 700*time.Millisecond) }

// greeted waits until the bot has said its greeting.
func (s *stage) greeted() { s.pause(length(disclosure+greeting) + 300*time.Millisecond) }

// agent is a person who can be rung.
type agent struct {
	*party
	leg    *leg
	conn   *mediatest.Conn
	update func(offer []byte) ([]byte, error)
}

// newAgent adds a person who answers after a while.
func (s *stage) newAgent(name string, after time.Duration) *agent {
	a := &agent{}
	var description []byte
	a.party, a.conn, description = newParty(s.ctx, s.wg)
	a.leg = newLeg("leg-"+name, description)
	s.staff.names = append(s.staff.names, name)
	s.sockets <- a.conn
	s.dialer[name] = answer(after, a.leg, nil)
	return a
}

// answer is that of a telephone which has rung for a while.
func answer(after time.Duration, l call.Leg, err error) func(ctx context.Context) (call.Leg, error) {
	return func(ctx context.Context) (call.Leg, error) {
		select {
		case <-time.After(after):
			return l, err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// unreachable adds a person who does not take the call.
func (s *stage) unreachable(name string, after time.Duration, err error) {
	s.staff.names = append(s.staff.names, name)
	_, conn := mediatest.Pipe()
	s.sockets <- conn
	s.dialer[name] = answer(after, nil, err)
}
