package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/stand"
)

// Linphone, whose SIP and media are of another family than baresip's, by each
// transport, with each kind of encryption, with ICE and session timers: it hears its
// voice from the echo line before it puts us on hold and after.
func TestLinphoneIsHeard(t *testing.T) {
	minutes(t)
	n := light(t)
	voice := melody(2, 3*time.Second)
	for _, c := range []struct {
		transport, encryption string
		ice, timer            bool
	}{
		{transport: "udp", encryption: "none"},
		{transport: "udp", encryption: "none", ice: true, timer: true},
		{transport: "tcp", encryption: "dtls"},
		{transport: "tls", encryption: "srtp", timer: true},
		{transport: "tls", encryption: "dtls"},
	} {
		name := c.transport + " " + c.encryption
		if c.ice {
			name += " ice"
		}
		t.Run(name, func(t *testing.T) {
			wire := capturing(t, portRange(n))
			l := newLinphone(t, linphoneSettings{encryption: c.encryption, ice: c.ice, timer: c.timer, say: append(make([]int16, 4000), voice...)})
			l.does("call " + n.uri("9196", c.transport))
			l.awaits("Media streams established", 1)
			time.Sleep(2 * time.Second) // keys are agreed
			before := l.talks()
			time.Sleep(5 * time.Second)
			l.does("pause")
			l.awaits("is now paused", 1)
			from := time.Now()
			time.Sleep(2 * time.Second)
			to := time.Now()
			l.does("resume")
			l.awaits("Media streams established", 2)
			time.Sleep(2 * time.Second)
			after := l.talks()
			time.Sleep(5 * time.Second)
			l.hangsUp()

			assert.GreaterOrEqual(t, likeness(voice, sound(t, before)), recognisable, "it hears itself")
			assert.GreaterOrEqual(t, likeness(voice, sound(t, after)), recognisable, "it hears itself after the hold")
			rec := n.record(t, l.user)
			assert.Equal(t, c.transport, rec.Signalling.Network)
			assert.Equal(t, "caller_hangup", rec.EndCause, "a hold does not hang up")
			sip, err := os.ReadFile(filepath.Join(l.dir, "log"))
			require.NoError(t, err)
			if c.timer {
				assert.Regexp(t, `(?m)^Session-Expires: 120;refresher=ua`, string(sip))
			}
			if c.ice {
				assert.Contains(t, string(sip), "a=ice-lite")
			}

			passed := wire.packets()
			clear := false
			for ports, s := range streams(passed) {
				clear = clear || likeness(voice, g711Sound(s)) >= recognisable
				if ours := ports[0] >= n.RTP[0] && ports[0] <= n.RTP[1]; ours {
					held := 0
					for _, p := range s {
						if p.at > unix(from)+0.5 && p.at < unix(to) {
							held++
						}
					}
					assert.Less(t, held, 5, "nothing is sent to who holds us")
				}
			}
			assert.Equal(t, c.encryption == "none", clear, "who listens in hears the voice: %v", clear)
		})
	}
	idle(t, n.Stand)
	n.quietLog(t)
}

// An agent's Linphone consults a second agent, a baresip, and leaves the caller to
// him: an attended transfer (REFER with Replaces).
func TestLinphoneTransfersAttended(t *testing.T) {
	minutes(t)
	n := light(t)
	voice, answer := melody(20, 4*time.Second), melody(21, 5*time.Second)
	first := newLinphone(t, linphoneSettings{user: "agent1", register: n.SIP, password: stand.Password})
	registered(t, n.Stand, "agent1", "ready")
	var heard []int16
	var second *handset
	rec, _ := ring(t, n.Stand, "8000", func(c *caller) {
		c.keys("0")
		first.awaits("Receiving new incoming call", 1)
		first.does("answer")
		c.await(patience, func() bool { return state(c, "agent1") == "talking" })
		second = newHandset(t, account{
			user: "agent2", password: stand.Password, register: n.SIP, answers: true, say: append(make([]int16, 6*8000), answer...),
		})
		registered(t, n.Stand, "agent2", "ready")
		c.pause(4 * time.Second) // the first agent is told what it is about
		first.does("call sip:agent2@" + n.SIP)
		second.awaits("Call established", 1)
		c.pause(time.Second)
		mark := c.now()
		first.does("transfer 1 --to-call 2")
		c.pause(2 * time.Second)
		c.say(voice)
		c.pause(6 * time.Second)
		heard = c.since(mark)
		second.does("hangup")
		c.pause(2 * time.Second)
	})
	first.hangsUp()
	second.hangsUp()
	assert.GreaterOrEqual(t, likeness(answer, heard), recognisable, "the caller hears the second agent")
	assert.GreaterOrEqual(t, likeness(voice, second.heard()), recognisable, "the second agent hears the caller")
	assert.Equal(t, "agent2", rec.Agent, rec.Text())
	idle(t, n.Stand)
	n.quietLog(t)
}

// Keys of a Linphone, as events in the sound and by INFO.
func TestLinphonePressesKeys(t *testing.T) {
	minutes(t)
	n := light(t)
	for _, info := range []bool{false, true} {
		t.Run(map[bool]string{false: "rtpevent", true: "info"}[info], func(t *testing.T) {
			l := newLinphone(t, linphoneSettings{info: info})
			l.does("call " + n.uri("8000", "udp"))
			l.awaits("Media streams established", 1)
			time.Sleep(time.Second)
			for _, k := range "7#9" {
				l.does(string(k))
				time.Sleep(700 * time.Millisecond)
			}
			l.hangsUp()
			assert.Equal(t, "7#9", digits(n.record(t, l.user)))
			assert.Equal(t, info, strings.Contains(readText(filepath.Join(l.dir, "log")), "application/dtmf-relay"))
		})
	}
	idle(t, n.Stand)
}
