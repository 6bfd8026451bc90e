package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Linphone, whose SIP and media are of another family than baresip's, by each
// transport, with each kind of encryption, with ICE and session timers: it hears its
// voice from the echo line before it puts us on hold and after.
func TestLinphoneIsHeard(t *testing.T) {
	minutes(t)
	n := light(t)
	voice := melody(2, 3*time.Second)
	for _, c := range []struct {
		transport, encryption, suite string
		ice, timer                   bool
	}{
		{transport: "udp", encryption: "none"},
		{transport: "udp", encryption: "none", ice: true, timer: true},
		{transport: "tcp", encryption: "dtls"},
		{transport: "tls", encryption: "srtp", timer: true},
		{transport: "tcp", encryption: "srtp", suite: "AES_CM_128_HMAC_SHA1_32"},
		{transport: "tls", encryption: "dtls"},
	} {
		name := c.transport + " " + c.encryption
		if c.ice {
			name += " ice"
		}
		if c.suite != "" {
			name += " short tag"
		}
		t.Run(name, func(t *testing.T) {
			wire := capturing(t, portRange(n))
			l := newLinphone(t, linphoneSettings{encryption: c.encryption, suite: c.suite, ice: c.ice, timer: c.timer, say: append(make([]int16, 4000), voice...)})
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
			if c.suite != "" {
				assert.NotContains(t, string(sip), "_SHA1_80", "it has no other")
				assert.GreaterOrEqual(t, strings.Count(string(sip), "a=crypto:1 "+c.suite), 2, "its offer and our answer")
			}

			passed := wire.packets()
			overheard := false
			for ports, s := range streams(passed) {
				overheard = overheard || likeness(voice, g711Sound(s)) >= recognisable
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
			assert.Equal(t, c.encryption == "none", overheard, "who listens in hears the voice: %v", overheard)
		})
	}
	idle(t, n.Stand)
	n.quietLog(t)
}

// Keys of a Linphone, as events in the sound.
func TestLinphonePressesKeys(t *testing.T) {
	minutes(t)
	n := light(t)
	l := newLinphone(t, linphoneSettings{})
	l.does("call " + n.uri("8000", "udp"))
	l.awaits("Media streams established", 1)
	time.Sleep(time.Second)
	for _, k := range "7#9" {
		l.does(string(k))
		time.Sleep(700 * time.Millisecond)
	}
	l.hangsUp()
	assert.Equal(t, "7#9", digits(n.record(t, l.user)))
	idle(t, n.Stand)
}
