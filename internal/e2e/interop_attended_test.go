package e2e_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"hotline/internal/stand"
)

// An agent's Linphone puts the caller on hold, consults a second agent, a baresip, and
// leaves the caller to him: an attended transfer (REFER with Replaces).
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
		first.does("pause")      // linphonec makes no call beside one that goes on
		first.awaits("is now paused", 1)
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
	sip := readText(filepath.Join(first.dir, "log"))
	assert.Regexp(t, `(?m)^Refer-To: .*Replaces`, sip, "it asks us to join the two calls")
	assert.NotContains(t, sip, "SIP/2.0 481", "it hears how its transfer went before we hang up")
	assert.GreaterOrEqual(t, likeness(answer, heard), recognisable, "the caller hears the second agent")
	assert.GreaterOrEqual(t, likeness(voice, second.heard()), recognisable, "the second agent hears the caller")
	assert.Equal(t, "agent2", rec.Agent, rec.Text())
	idle(t, n.Stand)
	n.quietLog(t)
}
