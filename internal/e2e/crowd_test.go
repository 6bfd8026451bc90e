package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"hotline/internal/softphone"
	"hotline/internal/stand"
	"hotline/internal/testdata"
	"hotline/media"
	"hotline/media/dsp"
	"hotline/media/sdp"
	"hotline/sip/siptest"
)

// crowd is callers of every kind over bad networks, many at once.
type crowd struct {
	t                 *testing.T
	stand             *stand.Stand
	phone             *softphone.Phone
	ports             *media.Ports
	question, english []int16
	made              atomic.Int64

	mu      sync.Mutex
	kinds   map[string]int // calls, by what the caller did
	harmed  []string       // calls that were not as they should be
	bridged int            // callers that an agent has heard
	stalled time.Duration  // for how long in all this process was not let run
	unfair  int            // calls that nobody could have judged for that
}

func newCrowd(t *testing.T, s *stand.Stand) *crowd {
	t.Helper()
	return &crowd{
		t: t, stand: s, phone: phone(t), ports: media.NewPorts(netip.MustParseAddr("127.0.0.1"), 40000, 49999), kinds: map[string]int{},
		question: recording(t, testdata.Shared(t, "speech/zh/sherpa_sense-voice_zh.wav")),
		english:  recording(t, testdata.Shared(t, "speech/en/lk_weather_question.wav")),
	}
}

// ring has n callers ring again and again for d, and waits for their last calls.
func (w *crowd) ring(n int, d time.Duration) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	var agents, callers sync.WaitGroup
	for _, name := range []string{"agent1", "agent2"} {
		agents.Go(func() { w.agent(ctx, name) })
	}
	agents.Go(func() { w.watch(ctx) })
	end := time.Now().Add(d)
	for i := range n {
		callers.Go(func() {
			time.Sleep(time.Duration(i) * 60 * time.Millisecond)
			for time.Now().Before(end) {
				w.one(ctx)
			}
		})
	}
	callers.Wait()
	cancel()
	agents.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.t.Logf("calls: %v; agents heard %d callers; the machine stalled for %v, %d calls are not judged", w.kinds, w.bridged, w.stalled, w.unfair)
}

// watch notes when the machine lets the test wait: what its callers do not hear then
// tells nothing about the server.
func (w *crowd) watch(ctx context.Context) {
	const step = 20 * time.Millisecond
	for last := time.Now(); ctx.Err() == nil; {
		time.Sleep(step)
		now := time.Now()
		if late := now.Sub(last) - step; late > 2*step {
			w.mu.Lock()
			w.stalled += late
			w.mu.Unlock()
		}
		last = now
	}
}

// stalls is for how long in all the machine has let the test wait.
func (w *crowd) stalls() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stalled
}

// one makes the next call of the mix: every fiftieth caller vanishes.
func (w *crowd) one(ctx context.Context) {
	mix := []struct {
		name string
		call func(context.Context) error
	}{
		{"question", w.asks("8000", w.question)},
		{"english", w.asks("8001", w.english)},
		{"keys", w.presses},
		{"echo", w.echo},
		{"tone", w.tone},
		{"hold", w.holds},
		{"interrupts", w.interrupts},
		{"agent", w.wantsAPerson},
		{"silent", w.isSilent},
		{"cancels", w.cancels},
	}
	n := int(w.made.Add(1))
	kind := mix[n%len(mix)]
	if n%50 == 0 {
		kind.name, kind.call = "vanishes", w.vanishes
	}
	was := w.stalls()
	err := judged(ctx, kind.call)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kinds[kind.name]++
	switch {
	case err != nil && w.stalled-was > time.Second:
		w.unfair++
	case err != nil:
		w.harmed = append(w.harmed, fmt.Sprintf("call %d, who %s: %v", n, kind.name, err))
	}
}

// oneCall is a test to the telephone of one call: what fails there is that call's error,
// and whether it is the server's fault is judged as with the others.
type oneCall struct{ testing.TB }

func (oneCall) Fatal(args ...any) { panic(errors.New(fmt.Sprint(args...))) }

func (oneCall) Fatalf(format string, args ...any) { panic(fmt.Errorf(format, args...)) }

// judged makes a call, whose telephone may give up.
func judged(ctx context.Context, call func(context.Context) error) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case error:
			err = r
		default:
			panic(r)
		}
	}()
	return call(ctx)
}

// unharmed says which calls were not as they should be.
func (w *crowd) unharmed() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, h := range w.harmed[:min(len(w.harmed), 20)] {
		w.t.Error(h)
	}
	assert.Empty(w.t, w.harmed[min(len(w.harmed), 20):], "of %v", w.kinds)
	assert.Len(w.t, slices.Collect(maps.Keys(w.kinds)), 11, "every kind has rung")
	assert.Positive(w.t, w.bridged, "agents talked to callers")
}

// call is one by the softphone, of at most a minute; bridged says that an agent may
// take it.
func (w *crowd) call(ctx context.Context, number string, bridged bool, talk func(c *caller)) (*caller, error) {
	c := &caller{t: w.t, stand: w.stand, number: callerNumber()}
	rep, err := w.phone.Call(ctx, softphone.Request{
		URI: w.stand.URI(number), From: c.number, Duration: time.Minute,
		Conn: func(p media.PacketConn) media.PacketConn {
			c.line = badLine.over(p, uint64(w.made.Load()))
			return c.line
		},
		Heard: c.hear,
		Talk: func(ctx context.Context, session *media.Session) (err error) {
			c.ctx, c.session = ctx, session
			defer func() {
				if e, ok := recover().(error); ok { // hung up while the caller still talked
					err = e
				}
			}()
			talk(c)
			return nil
		},
	})
	switch {
	case err != nil:
		return c, err
	case !rep.Answered:
		return c, fmt.Errorf("refused with %d", rep.Status)
	case rep.Ended == "lost":
		return c, errors.New("the call was lost")
	}
	// What the server sends leaves nothing out, whatever becomes of it on the way; the
	// machine of the test may drop some. In a bridge the losses of an agent's line are
	// passed on as such.
	if sent, missing := c.line.told(); !bridged && missing > sent/100 {
		return c, fmt.Errorf("%d packets of %d were never sent", missing, sent)
	}
	return c, nil
}

func (c *caller) hear(f media.Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = append(c.heard, f...)
}

// spokenTo is an error when less than d of voice was heard.
func spokenTo(what string, x []int16, d time.Duration) error {
	if s := spoken(x); s < d {
		return fmt.Errorf("%s: heard a voice for %v only, in %.1f s", what, s, float64(len(x))/8000)
	}
	return nil
}

const (
	greetingTime = 1500 * time.Millisecond
	answerTime   = 500 * time.Millisecond
)

// asks has a question asked twice.
func (w *crowd) asks(number string, question []int16) func(context.Context) error {
	return func(ctx context.Context) error {
		var greeting, first, second []int16
		_, err := w.call(ctx, number, false, func(c *caller) {
			greeting = w.greeting(c)
			first = w.asked(c, question)
			c.pause(time.Second)
			second = w.asked(c, question)
		})
		return errors.Join(err, spokenTo("the greeting", greeting, greetingTime), spokenTo("the answer", first, answerTime), spokenTo("the second answer", second, answerTime))
	}
}

// asked speaks, and listens to what comes then: what is cut off by the speaking is no
// answer.
func (w *crowd) asked(c *caller, question []int16) []int16 {
	c.say(question)
	return w.answer(c, c.now())
}

// answer waits for more than the end of what was said before.
func (w *crowd) answer(c *caller, mark int) []int16 { return w.listen(c, mark, answerTime) }

// greeting waits for all of it.
func (w *crowd) greeting(c *caller) []int16 { return w.listen(c, 0, greetingTime) }

func (w *crowd) listen(c *caller, mark int, least time.Duration) []int16 {
	c.await(20*time.Second, func() bool { return spoken(c.since(mark)) > least })
	return c.listen(mark)
}

func (w *crowd) presses(ctx context.Context) error {
	var greeting, menu, hours []int16
	_, err := w.call(ctx, "8000", false, func(c *caller) {
		greeting = w.greeting(c)
		mark := c.now()
		c.keys("1")
		menu = w.answer(c, mark)
		mark = c.now()
		c.keys("3")
		hours = w.answer(c, mark)
	})
	return errors.Join(err, spokenTo("the greeting", greeting, greetingTime), spokenTo("key 1", menu, answerTime), spokenTo("key 3", hours, answerTime))
}

func (w *crowd) echo(ctx context.Context) error {
	c, err := w.call(ctx, "9196", false, func(c *caller) {
		for range 5 {
			c.pause(500 * time.Millisecond)
			c.say(w.question)
		}
		c.pause(500 * time.Millisecond)
	})
	if err != nil {
		return err
	}
	if l := likeness(w.question, c.since(0)); l < 0.7 {
		return fmt.Errorf("the echo is %.2f alike", l)
	}
	return nil
}

// tone listens to 1,004 Hz: where packets are lost it is mended, not silent.
func (w *crowd) tone(ctx context.Context) error {
	c, err := w.call(ctx, "9197", false, func(c *caller) { c.pause(25 * time.Second) })
	if err != nil {
		return err
	}
	x := c.since(8000)
	var levels []float64
	pure := 0
	for ; len(x) >= 800; x = x[800:] {
		level := dsp.LevelDB(x[:800])
		levels = append(levels, level)
		if dsp.Goertzel(x[:800], 8000, 1004) > level-1.5 {
			pure++
		}
	}
	slices.Sort(levels)
	n := len(levels)
	switch {
	case n < 150:
		return fmt.Errorf("%d pieces of 100 ms in 24 s", n)
	case pure < n*7/10:
		return fmt.Errorf("the tone is pure in %d pieces of %d", pure, n)
	case levels[n/10] < levels[n/2]-9: // two packets in a row are lost now and then
		return fmt.Errorf("the tone falls from %.1f to %.1f dB", levels[n/2], levels[n/10])
	}
	return nil
}

func (w *crowd) interrupts(ctx context.Context) error {
	var answer []int16
	_, err := w.call(ctx, "8000", false, func(c *caller) {
		c.awaitVoice(0)
		c.pause(1500 * time.Millisecond)
		answer = w.asked(c, w.question)
		c.pause(3 * time.Second)
	})
	return errors.Join(err, spokenTo("the answer to who interrupts", answer, answerTime))
}

// wantsAPerson presses 0 and talks to who comes; when nobody is free he is told.
func (w *crowd) wantsAPerson(ctx context.Context) error {
	var after []int16
	_, err := w.call(ctx, "8000", true, func(c *caller) {
		w.greeting(c)
		mark := c.now()
		defer func() { after = c.since(mark) }()
		c.keys("0")
		c.pause(14 * time.Second) // it is said that somebody is asked, rings, and the agent is told
		for range 3 {
			c.say(w.question)
			c.pause(time.Second)
		}
	})
	return errors.Join(err, spokenTo("who presses 0", after, time.Second))
}

func (w *crowd) isSilent(ctx context.Context) error {
	c, err := w.call(ctx, "8000", false, func(c *caller) { c.pause(35 * time.Second) })
	return errors.Join(err, spokenTo("who says nothing", c.since(0), 3*time.Second))
}

// cancels gives up while the call is being set up.
func (w *crowd) cancels(context.Context) error {
	p := siptest.New(oneCall{w.t}, w.stand.SIP)
	defer p.Close()
	c := p.Invite("8000", siptest.SDP)
	time.Sleep(time.Duration(w.made.Load()%7) * 3 * time.Millisecond)
	c.Cancel()
	m := p.ExpectFinal("INVITE")
	if m.Status() == 200 {
		c.RemoteTag = siptest.Tag(m.Get("To"))
		c.Target = siptest.URI(m.Get("Contact"))
		c.Ack("")
		c.Bye()
		return nil
	}
	c.RemoteTag = siptest.Tag(m.Get("To"))
	c.AckRefusal()
	if m.Status() != 487 {
		return fmt.Errorf("cancelled with %d", m.Status())
	}
	return nil
}

// scriptedCall is one whose signalling is written out, over a bad line. end gives back what it
// holds, without a word to the server.
func (w *crowd) scriptedCall(ctx context.Context) (sc *scripted, end func(), err error) {
	p := siptest.New(oneCall{w.t}, w.stand.SIP)
	socket, err := w.ports.Listen()
	if err != nil {
		p.Close()
		return nil, nil, err
	}
	sc = &scripted{local: sdp.Local{
		Addr: netip.MustParseAddr("127.0.0.1"), Port: int(socket.Addr().Port()), Codecs: []sdp.Codec{sdp.PCMU, sdp.PCMA}, SessionID: uint64(w.made.Load()),
	}}
	sc.sip = p.Invite("8000", string(sdp.Offer(sc.local)))
	m, err := sdp.Accept(sc.local, []byte(sc.sip.Answered().Body))
	if err != nil {
		_ = socket.Close()
		p.Close()
		return nil, nil, err
	}
	session := media.NewSession(media.SessionConfig{Conn: badLine.over(socket, sc.local.SessionID), Media: m})
	ctx, cancel := context.WithCancel(ctx)
	sc.caller = &caller{t: w.t, stand: w.stand, session: session, ctx: ctx, number: "caller"}
	var wg sync.WaitGroup
	wg.Go(func() { _ = session.Run(ctx) })
	wg.Go(func() { listenTo(session, sc.hear) })
	return sc, func() { cancel(); wg.Wait(); p.Close() }, nil
}

func listenTo(s *media.Session, heard func(media.Frame)) {
	f := make(media.Frame, s.In().Rate()/50)
	for s.In().ReadFrame(f) == nil {
		heard(f)
	}
}

// renew sends a re-INVITE and follows its answer.
func (sc *scripted) renew(change func(*sdp.Local)) error {
	change(&sc.local)
	sc.local.Version++
	sc.sip.Request("INVITE", string(sdp.Offer(sc.local)))
	m, err := sdp.Accept(sc.local, []byte(sc.sip.Answered().Body))
	if err != nil {
		return err
	}
	return sc.session.Update(m)
}

// holds the call, takes it back, and changes the codec.
func (w *crowd) holds(ctx context.Context) error {
	sc, end, err := w.scriptedCall(ctx)
	if err != nil {
		return err
	}
	defer end()
	greeting := w.greeting(sc.caller)
	if err = sc.renew(func(l *sdp.Local) { l.Direction = sdp.SendOnly }); err != nil {
		return err
	}
	sc.pause(time.Second)
	mark := sc.now()
	sc.pause(6 * time.Second)
	onHold := sc.since(mark)
	if err = sc.renew(func(l *sdp.Local) { l.Direction = sdp.SendRecv }); err != nil {
		return err
	}
	resumed := w.asked(sc.caller, w.question)
	if err = sc.renew(func(l *sdp.Local) { l.Codecs = []sdp.Codec{sdp.PCMA} }); err != nil {
		return err
	}
	if name := sc.session.Media().Codec.Name; name != sdp.PCMA.Name {
		return fmt.Errorf("the codec is still %s", name)
	}
	changed := w.asked(sc.caller, w.question)
	sc.sip.Bye()
	if loud(onHold) > 0.02 {
		err = fmt.Errorf("on hold, a voice for %v", spoken(onHold))
	}
	return errors.Join(err, spokenTo("the greeting", greeting, greetingTime), spokenTo("the answer after the hold", resumed, answerTime), spokenTo("the answer with the new codec", changed, answerTime))
}

// vanishes without a BYE: neither sound nor signalling comes any more.
func (w *crowd) vanishes(ctx context.Context) error {
	sc, end, err := w.scriptedCall(ctx)
	if err != nil {
		return err
	}
	defer end()
	greeting := w.greeting(sc.caller)
	return spokenTo("the greeting", greeting, greetingTime)
}
