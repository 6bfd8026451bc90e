package sip_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

// flooded is a server with a call in progress, which must not suffer from what the
// test does besides.
type flooded struct {
	*sip.Server
	t        *testing.T
	udp, tcp string
	call     *siptest.Call
	phone    *siptest.Phone
	resting  int // goroutines with the call alone
	ended    chan error
	updates  atomic.Int64
	refused  atomic.Int64
}

func newFlooded(t *testing.T, cfg sip.Config, reg *sip.Registrar) *flooded {
	t.Helper()
	f := &flooded{t: t, ended: make(chan error, 1)}
	answered := make(chan struct{})
	var first atomic.Bool
	f.Server, f.udp, f.tcp = hostBoth(t, cfg, func(ctx context.Context, l *sip.Leg) {
		if first.Swap(true) { // what the flood brings
			f.refused.Add(1)
			_ = l.Reject(ctx, 486, "")
			return
		}
		l.OnUpdate(func([]byte) ([]byte, error) {
			f.updates.Add(1)
			return []byte(siptest.SDP), nil
		})
		if err := l.Answer(ctx, []byte(siptest.SDP)); err != nil {
			t.Error(err)
			return
		}
		close(answered)
		<-l.Context().Done()
		f.ended <- context.Cause(l.Context())
	}, reg)
	f.phone = siptest.New(t, f.udp)
	f.call = f.phone.Invite("8000", siptest.SDP)
	f.call.Answered()
	<-answered
	f.resting = runtime.NumGoroutine()
	return f
}

// unharmed asks for a change of the call, as for hold.
func (f *flooded) unharmed() {
	f.t.Helper()
	was := f.updates.Load()
	ask(f.t, f.phone, f.call, "INVITE", siptest.SDP)
	f.call.Ack("")
	require.Equal(f.t, was+1, f.updates.Load())
}

// ask sends a request of the call as a phone does: until it is answered, since what
// floods a socket pushes datagrams out.
func ask(t *testing.T, p *siptest.Phone, c *siptest.Call, method, body string) {
	t.Helper()
	var raw atomic.Value
	p.Impair(func(out bool, m *siptest.Message) int {
		if out && m.Method() == method && m.Status() == 0 {
			raw.Store(m.Raw)
		}
		return 1
	})
	c.Request(method, body)
	p.Impair(nil)
	all, cancel := context.WithTimeout(t.Context(), siptest.Patience)
	defer cancel()
	for all.Err() == nil {
		ctx, stop := context.WithTimeout(all, 500*time.Millisecond)
		for m := p.NextUntil(ctx); m != nil; m = p.NextUntil(ctx) {
			if m.Status() == 200 && m.Method() == method {
				stop()
				return
			}
		}
		stop()
		p.Send(raw.Load().(string))
	}
	t.Fatalf("the call in progress got no answer to its %s", method)
}

// over ends the call and looks at what is left of the flood.
func (f *flooded) over() {
	f.t.Helper()
	f.unharmed()
	ask(f.t, f.phone, f.call, "BYE", "")
	require.ErrorIs(f.t, wait(f.t, f.ended), sip.ErrBye)
	require.Eventually(f.t, func() bool { return f.Stats().Legs == 0 }, siptest.Patience, 10*time.Millisecond, "legs stay")
	require.Eventually(f.t, func() bool { return f.Stats().ServerTransactions == 0 }, siptest.Patience, 10*time.Millisecond, "transactions stay")
	require.Eventually(f.t, func() bool { return runtime.NumGoroutine() <= f.resting+2 }, siptest.Patience, 10*time.Millisecond, "goroutines stay")
	require.Zero(f.t, f.Stats().Panics)
}

// heap is what the process holds after a collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// blast sends what make gives from a number of sources, n messages each.
func (f *flooded) blast(sources, n int, text func(from string) string) {
	var wg sync.WaitGroup
	for i := range sources {
		wg.Go(func() {
			// All of 127.0.0.0/8 is this machine's: each of these is a source of its own.
			d := net.Dialer{LocalAddr: &net.UDPAddr{IP: net.IPv4(127, 0, byte(1+i/250), byte(1+i%250))}}
			conn, err := d.DialContext(f.t.Context(), "udp", f.udp)
			if err != nil {
				f.t.Error(err)
				return
			}
			defer func() { _ = conn.Close() }()
			from := conn.LocalAddr().String()
			answers := make(chan struct{})
			go func() { // or the kernel keeps them
				defer close(answers)
				buf := make([]byte, 2048)
				for {
					if _, err := conn.Read(buf); err != nil {
						return
					}
				}
			}()
			for range n {
				if _, err := conn.Write([]byte(text(from))); err != nil {
					break
				}
			}
			_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			<-answers
		})
	}
	wg.Wait()
}

func stranger(method, from, body string) string {
	id := siptest.Random()
	kind := ""
	if body != "" {
		kind = "Content-Type: application/sdp\r\n"
	}
	return fmt.Sprintf("%s sip:%d@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\n"+
		"From: <sip:x@%s>;tag=%s\r\nTo: <sip:8000@127.0.0.1>\r\nCall-ID: %s\r\nCSeq: 1 %s\r\nContact: <sip:x@%s>\r\n%sContent-Length: %d\r\n\r\n%s",
		method, rand.IntN(9999), from, id, from, id, id, method, from, kind, len(body), body)
}

func TestFloodOfInvites(t *testing.T) {
	f := newFlooded(t, sip.Config{T1: 20 * time.Millisecond, MaxLegs: 50}, nil)
	before := heap()
	f.blast(40, 250, func(from string) string { return stranger("INVITE", from, siptest.SDP) })
	f.unharmed()
	f.over()
	require.Less(t, heap(), before+16<<20)
	require.Positive(t, f.refused.Load())
}

// The flood is not answered at all: its INVITEs are never acknowledged, the handlers
// wait, and the legs' number stays within its bound.
func TestFloodOfCallsThatAreNeverAcknowledged(t *testing.T) {
	var first atomic.Bool
	updates := make(chan struct{}, 8)
	s, udp, _ := hostBoth(t, sip.Config{T1: 20 * time.Millisecond, MaxLegs: 60}, func(ctx context.Context, l *sip.Leg) {
		if !first.Swap(true) {
			l.OnUpdate(func([]byte) ([]byte, error) { updates <- struct{}{}; return []byte(siptest.SDP), nil })
		}
		if l.Answer(ctx, []byte(siptest.SDP)) == nil {
			<-l.Context().Done()
		}
	}, nil)
	p := siptest.New(t, udp)
	call := p.Invite("8000", siptest.SDP)
	call.Answered()
	f := &flooded{t: t, udp: udp}
	f.blast(20, 100, func(from string) string { return stranger("INVITE", from, siptest.SDP) })
	require.LessOrEqual(t, s.Stats().Legs, 60)
	ask(t, p, call, "INVITE", siptest.SDP)
	call.Ack("")
	wait(t, updates)
	ask(t, p, call, "BYE", "")
	require.Eventually(t, func() bool {
		st := s.Stats()
		return st.Legs == 0 && st.ServerTransactions == 0 && st.ClientTransactions == 0
	},
		4*siptest.Patience, 20*time.Millisecond, "calls that are never acknowledged stay")
}

func TestFloodOfRegisters(t *testing.T) {
	reg := sip.NewRegistrar(sip.RegistrarConfig{}, passwords{"ann": "secret"}, nil)
	f := newFlooded(t, sip.Config{T1: 20 * time.Millisecond}, reg)
	before := heap()
	var n atomic.Int64
	f.blast(20, 500, func(from string) string {
		text := stranger("REGISTER", from, "")
		if n.Add(1)%2 == 0 { // with a nonce of nobody's
			text = strings.Replace(text, "Contact:", `Authorization: Digest username="ann", realm="hotline", nonce="`+siptest.Random()+
				`", uri="sip:x", response="0123456789abcdef0123456789abcdef", qop=auth, nc=00000001, cnonce="a"`+"\r\nContact:", 1)
		}
		return text
	})
	f.unharmed()
	require.Equal(t, 200, siptest.New(t, f.udp).Register("ann", "secret", "", 60).Status(), "an agent still gets in")
	f.over()
	require.Len(t, reg.Registered(), 1)
	require.Less(t, heap(), before+16<<20)
}

func TestFloodOfGarbage(t *testing.T) {
	f := newFlooded(t, sip.Config{T1: 20 * time.Millisecond}, nil)
	before := heap()
	f.blast(20, 500, func(from string) string {
		switch rand.IntN(4) {
		case 0:
			b := make([]byte, rand.IntN(1400))
			for i := range b {
				b[i] = byte(rand.Uint32())
			}
			return string(b) + "\r\n\r\n"
		case 1:
			text := []byte(stranger("INVITE", from, siptest.SDP))
			for range 5 {
				text[rand.IntN(len(text))] = byte(rand.Uint32())
			}
			return string(text)
		case 2:
			return strings.Replace(stranger("OPTIONS", from, ""), "CSeq: 1", "CSeq: x", 1)
		default:
			return "SIP/2.0 200 OK\r\n" + strings.SplitN(stranger("BYE", from, ""), "\r\n", 2)[1]
		}
	})
	f.unharmed()
	f.over()
	require.Less(t, heap(), before+16<<20)
}

// Five hundred connections that send nothing, or a message octet by octet, are ended,
// and meanwhile others get through.
func TestSlowConnections(t *testing.T) {
	f := newFlooded(t, sip.Config{T1: 20 * time.Millisecond, MessageTimeout: 2 * time.Second, MaxConnections: 300}, nil)
	var wg sync.WaitGroup
	ctx := t.Context()
	var ended atomic.Int64
	for i := range 500 {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", f.tcp)
		require.NoError(t, err)
		wg.Go(func() {
			defer ended.Add(1)
			defer func() { _ = conn.Close() }()
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
			defer stop()
			if i%2 == 0 {
				_, _ = conn.Read(make([]byte, 1)) // until the server has had enough
				return
			}
			for _, octet := range []byte(stranger("INVITE", "127.0.0.1:5060", "")) {
				if _, err := conn.Write([]byte{octet}); err != nil {
					return
				}
				pause := time.NewTimer(50 * time.Millisecond)
				select {
				case <-ctx.Done():
				case <-pause.C:
				}
			}
		})
	}
	f.unharmed()
	require.LessOrEqual(t, f.Stats().Connections, 300)
	// Those who say nothing make room for one who does.
	require.Eventually(t, func() bool {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", f.tcp)
		if err != nil {
			return false
		}
		defer func() { _ = conn.Close() }()
		_, err = conn.Write([]byte(stranger("OPTIONS", conn.LocalAddr().String(), "")))
		_ = conn.SetReadDeadline(time.Now().Add(siptest.Patience))
		n, _ := conn.Read(make([]byte, 100))
		return err == nil && n > 0
	}, 2*siptest.Patience, 100*time.Millisecond)
	require.Eventually(t, func() bool { return ended.Load() == 500 }, 4*siptest.Patience, 20*time.Millisecond, "slow connections stay")
	wg.Wait()
	require.Eventually(t, func() bool { return f.Stats().Connections == 0 }, siptest.Patience, 10*time.Millisecond)
	f.over()
}
