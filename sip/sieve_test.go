package sip

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCallIDOf(t *testing.T) {
	for text, want := range map[string]string{
		"BYE sip:h SIP/2.0\r\nCall-ID: a@b\r\n\r\n":                             "a@b",
		"BYE sip:h SIP/2.0\r\nVia: x\r\ni :\t7 \r\nFrom: y\r\n\r\n":             "7",
		"BYE sip:h SIP/2.0\r\nCALL-id:x\r\n\r\n":                                "x",
		"BYE sip:h SIP/2.0\r\nContact: <sip:i:1>\r\nInfo: 2\r\nI: 3\r\n\r\n":    "3",
		"BYE sip:h SIP/2.0\r\nCall-IDs: 1\r\n\r\n":                              "",
		"BYE sip:h SIP/2.0\r\nVia: x\r\n\r\nCall-ID: body\r\n":                  "",
		"BYE sip:h SIP/2.0\r\nCall-ID: cut":                                     "",
		"Call-ID: no first line\r\n":                                            "",
		"BYE sip:h SIP/2.0\r\n" + strings.Repeat("X: y\r\n", 1000) + "i: 1\r\n": "",
		"": "", "\n": "", "\n\n\n": "", "x\ni": "", "x\ni\n": "", "x\ncall-id": "",
	} {
		require.Equal(t, want, string(callIDOf([]byte(text))), text)
	}
}

func FuzzCallIDOf(f *testing.F) {
	f.Add([]byte("BYE sip:h SIP/2.0\r\nVia: x\r\ni :\t7 \r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		raw, err := split(data)
		if err != nil || len(data) > callIDWithin {
			_, _ = callIDOf(data), kindOf(data)
			return
		}
		// What it finds is what the parser finds, for all messages that are one.
		if id := raw.get("Call-ID"); id != "" && raw.start != "" && !strings.Contains(raw.start, "\n") {
			require.Equal(t, id, string(callIDOf(data)))
		}
	})
}

func TestKindOf(t *testing.T) {
	for text, want := range map[string]class{
		"INVITE sip:h SIP/2.0\r\n": classInvite, "REGISTER sip:h": classRegister, "OPTIONS sip:h": classOptions, "ACK x": classStray,
		"CANCEL x": classStray, "SIP/2.0 200 OK": classStray, "BYE x": classOther, "!odd~ x": classOther,
		"": classMalformed, "INVITE": classMalformed, "\x00\x01 x": classMalformed, strings.Repeat("x", 100): classMalformed,
	} {
		require.Equal(t, want, kindOf([]byte(text)), text)
	}
}

// A flood from forged addresses, each of which sends once, uses up no more than the
// strangers' part: partners and calls in progress are served as before, and nothing
// is kept of what was not read.
func TestFloodOfForgedSources(t *testing.T) {
	for _, method := range []string{"INVITE", "REGISTER", "OPTIONS", "ACK", "BYE", "garbage"} {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newLab(t, Config{Guard: GuardConfig{All: Rate{400, 400}}}, nil, NewRegistrar(RegistrarConfig{}, nobody{}, nil))
				const partner = "192.0.2.1:5060"
				bye := b.talk(partner)
				var was Stats
				for i := range 20_000 {
					text := "garbage\r\n\r\n"
					if method != "garbage" {
						text = b.ask(method, "100")
					}
					from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 5060)
					_ = b.received([]byte(text), flow{&wire{}, from})
					if i == 200 {
						was = b.Stats()
					}
				}
				synctest.Wait()
				now := b.Stats()
				require.EqualValues(t, 20_000-99, now.Dropped, "all but a quarter of the budget, of which the partner's first call took one")
				require.LessOrEqual(t, now.ServerTransactions, was.ServerTransactions)
				require.LessOrEqual(t, len(b.sentry.sources), 102)
				require.Equal(t, []string{"200"}, b.from(partner, b.ask("OPTIONS", "100")), "a partner is served")
				w := &wire{}
				for range 2 { // also when it asks again
					_ = b.received([]byte(bye), flow{w, netip.MustParseAddrPort(partner)})
					synctest.Wait()
				}
				require.Equal(t, []string{"200", "200"}, w.statuses())
				require.Contains(t, b.kinds(), AuditFlood)
				require.Less(t, len(b.kinds()), 8)
				time.Sleep(time.Second)
				require.NotEmpty(t, b.from("198.51.100.1:5060", b.ask("OPTIONS", "100")), "strangers are heard again")
			})
		})
	}
}

// One known source cannot use up what all others need, whatever it sends.
func TestOneSourceLeavesRoomForOthers(t *testing.T) {
	for _, text := range []string{"INVITE", "ACK", "MESSAGE", "no message"} {
		synctest.Test(t, func(t *testing.T) {
			b := newLab(t, Config{Guard: GuardConfig{All: Rate{400, 400}}}, nil, nil)
			one, other := b.talk("192.0.2.1:5060"), b.talk("192.0.2.2:5060")
			for range 5000 {
				if text == "no message" {
					b.from("192.0.2.1:5060", "INVITE sip:x")
				} else {
					b.from("192.0.2.1:5060", b.ask(text, "8000"))
				}
			}
			require.Zero(t, b.Stats().Blocked)
			require.Equal(t, []string{"200"}, b.from("192.0.2.2:5060", b.ask("OPTIONS", "1")))
			require.Equal(t, []string{"200"}, b.from("192.0.2.1:5060", one))
			require.Equal(t, []string{"200"}, b.from("192.0.2.2:5060", other))
		})
	}
}

// Who knows a Call-ID cannot flood with it either.
func TestMessagesOfOneCallAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLab(t, Config{}, nil, nil)
		bye := b.talk("192.0.2.1:5060")
		answered := 0
		for i := range 5000 {
			info := strings.ReplaceAll(strings.ReplaceAll(bye, "BYE", "INFO"), "branch=z9hG4bK", fmt.Sprintf("branch=z9hG4bK%d", i))
			answered += len(b.from("192.0.2.1:5060", strings.Replace(info, "CSeq: 2", fmt.Sprintf("CSeq: %d", i+2), 1)))
		}
		require.LessOrEqual(t, answered, callRate.Burst)
		require.Greater(t, answered, callRate.Burst/2)
		time.Sleep(time.Second)
		require.Equal(t, []string{"200"}, b.from("192.0.2.1:5060", strings.Replace(bye, "CSeq: 2", "CSeq: 9000", 1)))
	})
}

// A connection is not read while there is too much, and goes on when there is room.
func TestConnectionsWaitForTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLab(t, Config{Guard: GuardConfig{All: Rate{40, 40}}}, nil, nil)
		began := time.Now()
		w := &wire{stream: true}
		for range 30 {
			_ = b.received([]byte(b.ask("OPTIONS", "1")), flow{w, netip.MustParseAddrPort("192.0.2.1:5060")})
		}
		require.Len(t, w.statuses(), 30)
		require.Greater(t, time.Since(began), time.Second, "a quarter of the budget is a stranger's")
	})
}

func TestCallTableForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCallTable(32 * time.Second)
		known := func(id string) bool { k, _ := c.spend([]byte(id), time.Now()); return k }
		c.add("a")
		c.add("a")
		c.remove("a")
		require.True(t, known("a"))
		c.remove("a")
		require.True(t, known("a"), "what is sent again is still known")
		require.False(t, known("b"))
		for range 3 {
			time.Sleep(33 * time.Second)
			c.add("b")
			c.remove("b")
		}
		require.False(t, known("a"))
		require.True(t, known("b"))
		for i := range 100_000 {
			id := fmt.Sprint(i)
			c.add(id)
			c.remove(id)
		}
		require.Empty(t, c.live)
		require.LessOrEqual(t, len(c.recent[0])+len(c.recent[1]), 2*maxRecent)
		c.remove("never added")
	})
}
