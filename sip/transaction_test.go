package sip

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/stretchr/testify/require"
)

func parse(t *testing.T, text string) sip.Message {
	t.Helper()
	m, err := read([]byte(strings.ReplaceAll(text, "\n", "\r\n")), sip.DefaultHeadersParser())
	require.NoError(t, err)
	return m
}

func requestOf(t *testing.T, method, branch string) *sip.Request {
	t.Helper()
	return parse(t, method+" sip:b@127.0.0.2 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1;branch="+branch+"\nFrom: <sip:a@x>;tag=1\nTo: <sip:b@x>\nCall-ID: c\nCSeq: 7 "+method+"\n\n").(*sip.Request)
}

func responseTo(t *testing.T, status string) *sip.Response {
	t.Helper()
	return parse(t, "SIP/2.0 "+status+"\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\nFrom: <sip:a@x>;tag=1\nTo: <sip:b@x>;tag=2\nCall-ID: c\nCSeq: 7 INVITE\n\n").(*sip.Response)
}

// offsets tells when messages were sent, from the start, in T1.
func offsets(w *timedWire) []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []int
	for _, at := range w.at {
		out = append(out, int(at.Sub(w.start)/t1))
	}
	return out
}

type timedWire struct {
	wire
	start time.Time
	at    []time.Time
}

func newTimedWire() *timedWire { return &timedWire{start: time.Now()} }

func (w *timedWire) flow() flow { return flow{(*timedCarrier)(w), farEnd} }

type timedCarrier timedWire

func (c *timedCarrier) send(b []byte, to netip.AddrPort) error {
	w := (*timedWire)(c)
	if err := w.send(b, to); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = append(w.at, time.Now())
	return nil
}
func (c *timedCarrier) network() string       { return (*timedWire)(c).network() }
func (c *timedCarrier) reliable() bool        { return c.stream }
func (c *timedCarrier) local() netip.AddrPort { return (*timedWire)(c).local() }
func (c *timedCarrier) alive() bool           { return true }

const t1 = 500 * time.Millisecond

func TestInviteIsRepeatedAndGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := newTransactions(newTimers(t1), 100), newTimedWire()
		var failure error
		_, err := l.request(requestOf(t, "INVITE", "z9hG4bK1"), w.flow(), func(*sip.Response) {}, func(err error) { failure = err })
		require.NoError(t, err)
		time.Sleep(70 * t1)
		synctest.Wait()
		require.Equal(t, []int{0, 1, 3, 7, 15, 31, 63}, offsets(w)) // RFC 3261 section 17.1.1.2
		require.ErrorIs(t, failure, errTimeout)
		_, clients := l.counts()
		require.Zero(t, clients)
	})
}

func TestOtherRequestIsRepeatedUpToT2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := newTransactions(newTimers(t1), 100), newTimedWire()
		_, err := l.request(requestOf(t, "BYE", "z9hG4bK1"), w.flow(), func(*sip.Response) {}, nil)
		require.NoError(t, err)
		time.Sleep(70 * t1)
		require.Equal(t, []int{0, 1, 3, 7, 15, 23, 31, 39, 47, 55, 63}, offsets(w)) // section 17.1.2.2
	})
}

func TestReliableTransportRepeatsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := newTransactions(newTimers(t1), 100), newTimedWire()
		w.stream = true
		_, err := l.request(requestOf(t, "INVITE", "z9hG4bK1"), w.flow(), func(*sip.Response) {}, nil)
		require.NoError(t, err)
		time.Sleep(70 * t1)
		require.Len(t, w.all(), 1)
	})
}

func TestProvisionalResponseStopsTheInvite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := newTransactions(newTimers(t1), 100), newTimedWire()
		var got []int
		tx, err := l.request(requestOf(t, "INVITE", "z9hG4bK1"), w.flow(), func(r *sip.Response) { got = append(got, r.StatusCode) }, nil)
		require.NoError(t, err)
		l.response(responseTo(t, "180 Ringing"))
		time.Sleep(200 * t1)
		require.Len(t, w.all(), 1)
		l.response(responseTo(t, "486 Busy"))
		l.response(responseTo(t, "486 Busy"))
		require.Equal(t, []int{180, 486}, got, "the refusal goes up once")
		sent := w.all()
		require.Len(t, sent, 3, "each is acknowledged")
		require.Contains(t, sent[1], "ACK sip:b@127.0.0.2")
		require.Contains(t, sent[1], "To: <sip:b@x>;tag=2")
		require.Equal(t, sent[1], sent[2])
		time.Sleep(65 * t1)
		_, clients := l.counts()
		require.Zero(t, clients)
		_ = tx
	})
}

func TestAbandonedInviteEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := newTransactions(newTimers(t1), 100), newTimedWire()
		tx, err := l.request(requestOf(t, "INVITE", "z9hG4bK1"), w.flow(), func(*sip.Response) {}, nil)
		require.NoError(t, err)
		l.response(responseTo(t, "180 Ringing"))
		tx.abandon() // it is cancelled, and the far end never says 487
		time.Sleep(65 * t1)
		_, clients := l.counts()
		require.Zero(t, clients)
	})
}

func TestEachAcceptanceGoesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := newTransactions(newTimers(t1), 100), newTimedWire()
		n := 0
		_, err := l.request(requestOf(t, "INVITE", "z9hG4bK1"), w.flow(), func(*sip.Response) { n++ }, nil)
		require.NoError(t, err)
		for range 3 {
			l.response(responseTo(t, "200 OK"))
		}
		l.response(responseTo(t, "486 Busy"))
		l.response(responseTo(t, "180 Ringing"))
		require.Equal(t, 3, n) // RFC 6026 section 7.2
		time.Sleep(65 * t1)
		require.False(t, l.response(responseTo(t, "200 OK")))
	})
}

func TestRefusalIsRepeatedUntilTheAck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := newTransactions(newTimers(t1), 100), newTimedWire()
		req := requestOf(t, "INVITE", "z9hG4bK1")
		tx, fresh := l.receive(req, w.flow())
		require.True(t, fresh)
		_, err := tx.respond(486, []byte("SIP/2.0 486 x"))
		require.NoError(t, err)
		time.Sleep(4 * t1)
		synctest.Wait()
		require.Equal(t, []int{0, 1, 3}, offsets(w))
		_, fresh = l.receive(req, w.flow()) // the INVITE again: answered at once
		require.False(t, fresh)
		require.Len(t, w.all(), 4)
		require.True(t, l.find(requestOf(t, "ACK", "z9hG4bK1")).ack())
		time.Sleep(5 * t1)
		_, fresh = l.receive(req, w.flow())
		require.False(t, fresh)
		require.Len(t, w.all(), 4, "nothing after the ACK")
		time.Sleep(70 * t1)
		servers, _ := l.counts()
		require.Zero(t, servers)
	})
}

func TestRefusalWithoutAckEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := newTransactions(newTimers(t1), 100), newTimedWire()
		tx, _ := l.receive(requestOf(t, "INVITE", "z9hG4bK1"), w.flow())
		_, err := tx.respond(486, []byte("SIP/2.0 486 x"))
		require.NoError(t, err)
		time.Sleep(100 * t1)
		synctest.Wait()
		require.Equal(t, []int{0, 1, 3, 7, 15, 23, 31, 39, 47, 55, 63}, offsets(w))
		servers, _ := l.counts()
		require.Zero(t, servers)
	})
}

func TestRepeatedRequestGetsTheSameResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := newTransactions(newTimers(t1), 100), newTimedWire()
		req := requestOf(t, "BYE", "z9hG4bK1")
		tx, _ := l.receive(req, w.flow())
		_, _ = l.receive(req, w.flow())
		require.Empty(t, w.all(), "nothing to repeat yet")
		_, _ = tx.respond(200, []byte("SIP/2.0 200 x"))
		sent, _ := tx.respond(500, []byte("SIP/2.0 500 x"))
		require.False(t, sent, "one final response")
		time.Sleep(32 * t1)
		_, fresh := l.receive(req, w.flow())
		require.False(t, fresh)
		require.Equal(t, []string{"SIP/2.0 200 x", "SIP/2.0 200 x"}, w.all())
		time.Sleep(34 * t1) // they leave together, up to T1 later
		_, fresh = l.receive(req, w.flow())
		require.True(t, fresh, "timer J is over")
		l.close()
	})
}

func TestTransactionsLeaveInTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := newTransactions(newTimers(t1), 1000), newTimedWire()
		held := func() int {
			n, _ := l.counts()
			return n
		}
		for i := range 100 {
			tx, fresh := l.receive(requestOf(t, "BYE", "z9hG4bK"+strconv.Itoa(i)), w.flow())
			require.True(t, fresh)
			_, _ = tx.respond(200, []byte("SIP/2.0 200 x"))
			if i == 49 {
				time.Sleep(10 * t1)
			}
		}
		time.Sleep(53 * t1)
		require.Equal(t, 100, held(), "not before 64 T1")
		time.Sleep(3 * t1)
		require.Equal(t, 50, held())
		time.Sleep(10 * t1)
		require.Zero(t, held())

		tx, _ := l.receive(requestOf(t, "BYE", "z9hG4bKlater"), w.flow())
		_, _ = tx.respond(200, []byte("SIP/2.0 200 x"))
		time.Sleep(66 * t1)
		require.Zero(t, held(), "one who comes after all have left")

		tx, _ = l.receive(requestOf(t, "BYE", "z9hG4bKlast"), w.flow())
		_, _ = tx.respond(200, []byte("SIP/2.0 200 x"))
		l.close()
		require.Zero(t, held())
	})
}

// RFC 3261 section 17.2.1: 100 within 200 ms, unless something else goes out.
func TestTryingOnlyWhenTheAnswerTakesLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := newTransactions(newTimers(t1), 100), newTimedWire()
		trying := func() []byte { return []byte("SIP/2.0 100 x") }
		quick, _ := l.receive(requestOf(t, "INVITE", "z9hG4bK1"), w.flow())
		quick.try(trying)
		time.Sleep(100 * time.Millisecond)
		_, _ = quick.respond(180, []byte("SIP/2.0 180 x"))
		time.Sleep(time.Second)
		require.Equal(t, []string{"SIP/2.0 180 x"}, w.all())

		req := requestOf(t, "INVITE", "z9hG4bK2")
		slow, _ := l.receive(req, w.flow())
		slow.try(trying)
		time.Sleep(201 * time.Millisecond)
		require.Equal(t, []string{"SIP/2.0 180 x", "SIP/2.0 100 x"}, w.all())
		_, _ = l.receive(req, w.flow())
		_, _ = slow.respond(200, []byte("SIP/2.0 200 x"))
		require.Equal(t, []string{"SIP/2.0 180 x", "SIP/2.0 100 x", "SIP/2.0 100 x", "SIP/2.0 200 x"}, w.all())
		l.close()
	})
}

func TestCancelOnlyBeforeTheFinalResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := newTransactions(newTimers(t1), 100), newTimedWire()
		tx, _ := l.receive(requestOf(t, "INVITE", "z9hG4bK1"), w.flow())
		n := 0
		tx.setOnCancel(func(string) { n++ })
		require.Same(t, tx, l.find(requestOf(t, "CANCEL", "z9hG4bK1")))
		tx.cancel("")
		tx.cancel("")
		require.Equal(t, 1, n)
		tx.setOnCancel(func(string) { n++ })
		_, _ = tx.respond(200, []byte("SIP/2.0 200 x"))
		tx.cancel("")
		require.Equal(t, 1, n)
		l.close()
	})
}

func TestKeysOfOldRequests(t *testing.T) {
	a, b := requestOf(t, "INVITE", "1"), requestOf(t, "ACK", "1") // no magic cookie: RFC 2543
	require.Equal(t, serverKey(a, "INVITE"), serverKey(b, "INVITE"))
	require.NotEqual(t, serverKey(a, "INVITE"), serverKey(requestOf(t, "BYE", "1"), "BYE"))
	require.NotEqual(t, serverKey(requestOf(t, "INVITE", "z9hG4bK1"), "INVITE"), serverKey(requestOf(t, "INVITE", "z9hG4bK2"), "INVITE"))
}
