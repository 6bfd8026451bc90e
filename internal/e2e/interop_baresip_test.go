package e2e_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/internal/stand"
	"hotline/media/dsp"
)

// A real telephone over every transport, codec and kind of encryption hears its own
// voice from the echo line, and who listens in on the wire hears it only where
// nothing was encrypted.
func TestBaresipIsHeard(t *testing.T) {
	n := light(t)
	voice := melody(1, 4*time.Second)
	for _, c := range []struct {
		transport, codec, encryption string
		short                        bool // of the run that takes seconds
	}{
		{"udp", "PCMU/8000/1", "", true},
		{"udp", "PCMA/8000/1", "", false},
		{"udp", "G722/16000/1", "", false},
		{"udp", "opus/48000/2", "", false},
		{"tcp", "PCMU/8000/1", "", false},
		{"udp", "PCMU/8000/1", "srtp", false},
		{"tcp", "G722/16000/1", "srtp-mand", false},
		{"tls", "PCMU/8000/1", "srtp-mand", true},
		{"tls", "opus/48000/2", "srtp-mandf", false},
		{"udp", "PCMU/8000/1", "dtls_srtp", false},
		{"tls", "opus/48000/2", "dtls_srtp", false},
		{"udp6", "PCMU/8000/1", "", false},
		{"tcp6", "G722/16000/1", "srtp-mand", false},
		{"tls6", "PCMU/8000/1", "dtls_srtp", false},
	} {
		t.Run(strings.Join([]string{c.transport, c.codec, c.encryption}, " "), func(t *testing.T) {
			if !c.short {
				minutes(t)
			}
			wire := capturing(t, portRange(n))
			h := newHandset(t, account{transport: c.transport, codec: c.codec, encryption: c.encryption, say: append(make([]int16, 12000), voice...)})
			h.dials(n.uri("9196", c.transport))
			time.Sleep(6500 * time.Millisecond)
			h.hangsUp()

			heard := h.heard()
			assert.Greater(t, likeness(voice, heard), recognisable, "it hears itself")
			assert.InDelta(t, dsp.LevelDB(voice), dsp.LevelDB(loudest(heard, len(voice))), 2, "as loud as it spoke")
			rec := n.record(t, h.user)
			codec, _, _ := strings.Cut(c.codec, "/")
			assert.True(t, strings.EqualFold(codec, rec.Codec), "the record says %q", rec.Codec)
			assert.Equal(t, strings.TrimSuffix(c.transport, "6"), rec.Signalling.Network)
			assert.Zero(t, rec.Media.Lost)

			passed := wire.packets()
			all := streams(passed)
			require.Len(t, all, 2, "one stream each way: %v", slices.Collect(maps.Keys(all)))
			for ports, s := range all {
				assert.Greater(t, len(s), 200, "a stream of 20 ms packets")
				if ours := ports[0] >= n.RTP[0] && ports[0] <= n.RTP[1]; ours {
					assert.InDelta(t, 20, pacing(s, 0.5).Milliseconds(), 3, "packets come evenly")
					t.Logf("between packets: 99 %% below %v", pacing(s, 0.99))
				}
				overheard := strings.HasPrefix(c.codec, "PCM") && likeness(voice, g711Sound(s)) > recognisable
				if strings.HasPrefix(c.codec, "PCM") {
					assert.Equal(t, c.encryption == "", overheard, "who listens in hears the voice: %v", overheard)
				}
			}
			handshake := slices.ContainsFunc(passed, func(p packet) bool { return len(p.data) > 13 && p.data[0] == 22 })
			assert.Equal(t, c.encryption == "dtls_srtp", handshake, "keys are agreed by a DTLS handshake")
		})
	}
	idle(t, n.Stand)
	n.quietLog(t)
}

// Hold and resume by a real telephone: nobody hangs up, the tone pauses meanwhile, and
// the telephone's request for a transfer by a caller is refused without harm.
func TestBaresipHolds(t *testing.T) {
	minutes(t)
	n := light(t)
	wire := capturing(t, portRange(n))
	h := newHandset(t, account{})
	h.dials(n.uri("9197", "udp"))
	time.Sleep(2 * time.Second)
	h.does("hold")
	time.Sleep(time.Second)
	from := unix(time.Now())
	time.Sleep(2 * time.Second)
	to := unix(time.Now())
	h.does("resume")
	time.Sleep(time.Second)
	last, lasts := unix(time.Now()), 2*time.Second
	time.Sleep(lasts)
	h.does("transfer sip:9196@" + n.SIP)
	h.awaits("REFER sip:", 1)
	time.Sleep(time.Second)
	h.hangsUp()
	rec := n.record(t, h.user)
	assert.Equal(t, "caller_hangup", rec.EndCause)
	assert.Regexp(t, `SIP/2.0 [46]0\d `, h.said(), "a caller may not transfer")

	var held, resumed []packet
	for ports, s := range streams(wire.packets()) {
		if ports[0] < n.RTP[0] || ports[0] > n.RTP[1] {
			continue
		}
		for _, p := range s {
			switch {
			case p.at > from && p.at < to:
				held = append(held, p)
			case p.at > last && p.at < last+lasts.Seconds():
				resumed = append(resumed, p)
			}
		}
	}
	assert.Less(t, len(held), 10, "nothing is sent to who holds us")
	require.Greater(t, len(resumed), 30, "the tone goes on")
	tone := g711Sound(resumed)
	assert.InDelta(t, dsp.LevelDB(tone), dsp.Goertzel(tone, 8000, 1004), 1)
	idle(t, n.Stand)
	n.quietLog(t)
}

// Keys of a real telephone as events in the sound (RFC 4733).
func TestBaresipPressesKeys(t *testing.T) {
	minutes(t)
	n := light(t)
	wire := capturing(t, portRange(n))
	h := newHandset(t, account{})
	h.dials(n.uri("8000", "udp"))
	time.Sleep(time.Second)
	h.presses("7#9")
	time.Sleep(time.Second)
	h.hangsUp()
	assert.Equal(t, "7#9", digits(n.record(t, h.user)))
	events := 0
	for _, p := range wire.packets() {
		if p.rtp() && p.data[1]&0x7f == 101 {
			events++
		}
	}
	assert.Greater(t, events, 10, "packets of telephone-event")
	idle(t, n.Stand)
}

// digits are the keys in a call's record.
func digits(rec stand.Call) string {
	var keys strings.Builder
	for _, e := range rec.Events(call.KindDTMF) {
		fmt.Fprint(&keys, e.Data["digit"])
	}
	return keys.String()
}

// A caller is handed over to agents whose telephones want their sound encrypted, each
// in its way; both hear each other, in the clear or not as each of them agreed.
func TestAgentsEncrypt(t *testing.T) {
	minutes(t)
	n := light(t)
	voice, answer := melody(3, 5*time.Second), melody(4, 5*time.Second)
	for _, c := range []struct{ transport, encryption string }{
		{"udp", ""},
		{"tcp", "srtp"},
		{"tls", "srtp-mand"},
		{"udp", "dtls_srtp"},
	} {
		t.Run(c.transport+" "+c.encryption, func(t *testing.T) {
			wire := capturing(t, portRange(n))
			agent := newHandset(t, account{
				user: "agent1", password: stand.Password, register: strings.TrimPrefix(n.uri("x", c.transport), "sip:x@"),
				encryption: c.encryption, answers: true, say: append(make([]int16, 8*8000), answer...),
			})
			registered(t, n.Stand, "agent1", "ready")
			var heard []int16
			rec, _ := ring(t, n.Stand, "8000", func(c *caller) {
				c.keys("0")
				c.await(patience, func() bool { return state(c, "agent1") == "talking" })
				agent.awaits("Call established", 1)
				c.pause(2 * time.Second)
				mark := c.now()
				c.say(voice)
				c.pause(7 * time.Second)
				heard = c.since(mark)
				agent.does("hangup")
				c.await(patience, func() bool { return state(c, "agent1") != "talking" })
			})
			agent.hangsUp()
			registered(t, n.Stand, "agent1", "offline")
			assert.Equal(t, "agent1", rec.Agent)
			assert.Equal(t, call.Transferred, rec.Outcome)
			assert.GreaterOrEqual(t, likeness(answer, heard), recognisable, "the caller hears the agent")
			assert.GreaterOrEqual(t, likeness(voice, agent.heard()), recognisable, "the agent hears the caller")
			overheard := false
			for ports, s := range streams(wire.packets()) {
				theirs := slices.ContainsFunc(ports[:], func(p int) bool { return p >= 20000 && p < 25000 }) // rtp_ports of the telephone
				overheard = overheard || theirs && likeness(answer, g711Sound(s)) >= recognisable
			}
			assert.Equal(t, c.encryption == "", overheard, "who listens in hears the agent: %v", overheard)
			if c.encryption == "srtp-mand" {
				assert.Contains(t, agent.said(), "488 Not Acceptable", "it refuses the offer of plain sound")
			}
		})
	}
	idle(t, n.Stand)
	n.quietLog(t)
}

// The agent's telephone transfers the caller to another agent's (REFER).
func TestBaresipTransfers(t *testing.T) {
	minutes(t)
	n := light(t)
	voice, answer := melody(5, 4*time.Second), melody(6, 6*time.Second)
	registrar := strings.TrimPrefix(n.uri("x", "udp"), "sip:x@")
	first := newHandset(t, account{user: "agent1", password: stand.Password, register: registrar, answers: true})
	registered(t, n.Stand, "agent1", "ready")
	var heard []int16
	var second *handset
	rec, _ := ring(t, n.Stand, "8000", func(c *caller) {
		c.keys("0")
		first.awaits("Call established", 1)
		c.await(patience, func() bool { return state(c, "agent1") == "talking" })
		second = newHandset(t, account{user: "agent2", password: stand.Password, register: registrar, answers: true, say: append(make([]int16, 3*8000), answer...)})
		registered(t, n.Stand, "agent2", "ready")
		c.pause(5 * time.Second) // the first agent is told what it is about
		mark := c.now()
		first.does("transfer sip:agent2@" + n.SIP)
		second.awaits("Call established", 1)
		c.pause(time.Second)
		c.say(voice)
		c.pause(5 * time.Second)
		heard = c.since(mark)
		second.does("hangup")
		c.await(patience, func() bool { return state(c, "agent2") != "talking" })
	})
	first.awaits("terminated", 1)
	second.hangsUp()
	assert.GreaterOrEqual(t, likeness(answer, heard), recognisable, "the caller hears the second agent")
	assert.GreaterOrEqual(t, likeness(voice, second.heard()), recognisable, "the second agent hears the caller")
	assert.Equal(t, "agent2", rec.Agent, rec.Text())
	idle(t, n.Stand)
	n.quietLog(t)
}
