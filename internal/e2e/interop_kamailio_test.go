package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/internal/stand"
	"hotline/internal/testdata"
)

// Calls through a proxy that stays in the path (Record-Route), with another transport
// on each of its sides: answered, held, resumed and ended.
func TestThroughKamailio(t *testing.T) {
	minutes(t)
	n := light(t)
	voice := melody(10, 3*time.Second)
	for _, c := range []struct{ near, far string }{{"udp", "udp"}, {"udp", "tcp"}, {"tcp", "udp"}} {
		t.Run(c.near+" "+c.far, func(t *testing.T) {
			p := newProxy(t, proxySettings{node: "sip:" + n.SIP + ";transport=" + c.far})
			h := newHandset(t, account{transport: c.near, say: append(make([]int16, 8000), voice...)})
			h.dials(p.uri("9196", c.near))
			assert.Contains(t, h.said(), "Record-Route: <sip:"+p.addr)
			time.Sleep(5 * time.Second)
			h.does("hold")
			time.Sleep(1500 * time.Millisecond)
			h.does("resume")
			time.Sleep(1500 * time.Millisecond)
			h.hangsUp()
			assert.GreaterOrEqual(t, likeness(voice, h.heard()), recognisable, "it hears itself")
			rec := n.record(t, h.user)
			assert.Equal(t, c.far, rec.Signalling.Network)
			assert.Equal(t, "caller_hangup", rec.EndCause)
			idle(t, n.Stand)
			allEnded(t, n.Stand)
		})
	}
	n.quietLog(t)
}

// Holding, a lost ACK, a delayed offer and session timers pass the proxy, by the
// scenarios of package sip.
func TestSIPpThroughKamailio(t *testing.T) {
	minutes(t)
	n := light(t)
	p := newProxy(t, proxySettings{node: "sip:" + n.SIP})
	for _, target := range []string{n.SIP, p.addr} {
		for _, scenario := range []string{"uac_basic.xml", "uac_hold.xml", "uac_delayed_offer.xml", "uac_lost_ack.xml", "uac_timer.xml"} {
			t.Run(target+" "+scenario, func(t *testing.T) {
				sipp(t, scenario, target, "-m", "1", "-s", "9197", "-d", "300")
			})
		}
	}
	idle(t, n.Stand)
}

// A caller behind the proxy requires reliable provisional responses (RFC 3262): the
// 180 and the 183 with the disclosure get there, and each PRACK comes back, by UDP on
// both sides and by TLS to the node.
func TestPRACKThroughKamailio(t *testing.T) {
	minutes(t)
	n := lightWith(t, func(business string) string {
		return strings.Replace(business, "    greeting: ", "    answer: {ringing: 300ms, early_media: true}\n    greeting: ", 1)
	})
	_, port, _ := net.SplitHostPort(n.SIP)
	for _, c := range []struct{ name, node string }{
		{"udp", "sip:127.0.0.1:" + port}, {"tls", fmt.Sprintf("sip:127.0.0.1:%d;transport=tls", n.tls)},
	} {
		p := newProxy(t, proxySettings{node: c.node, trusts: n.cert})
		for _, scenario := range []string{"uac_100rel.xml", "uac_100rel_delayed.xml"} {
			t.Run(c.name+" "+scenario, func(t *testing.T) { sipp(t, scenario, p.addr, "-m", "1", "-s", "8000") })
		}
	}
	idle(t, n.Stand)
	allEnded(t, n.Stand)
	n.quietLog(t)
}

// sipp runs a scenario of package sip against an address.
func sipp(t *testing.T, scenario, target string, args ...string) {
	t.Helper()
	file := filepath.Join(testdata.Root(t), "sip", "testdata", "sipp", scenario)
	args = append([]string{
		"-sf", file, target, "-i", "127.0.0.1", "-p", fmt.Sprint(freePort(t, "127.0.0.1")), "-nostdin",
		"-timeout", "60s", "-timeout_error", "-trace_err", "-error_file", "errors.log", "-trace_msg", "-message_file", "messages.log",
	}, args...)
	cmd := testdata.Child(exec.CommandContext(t.Context(), tool(t, "sipp"), args...))
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("sipp %s: %v\n%s\n%s", scenario, err, tail(readText(filepath.Join(cmd.Dir, "errors.log")), 1500), tail(readText(filepath.Join(cmd.Dir, "messages.log")), 3000))
		t.Log(tail(string(out), 300))
	}
}

// A hundred calls in a second, for some seconds, that are answered and hung up at
// once: none fails, and nothing stays behind.
func TestSIPpFlock(t *testing.T) {
	minutes(t)
	n := light(t, "HOTLINE_OVERLOAD_CPU=100", "HOTLINE_OVERLOAD_LATE=30s") // however busy the machine is
	for _, transport := range []string{"u1", "t1"} {
		sipp(t, "uac_basic.xml", n.SIP, "-s", "9197", "-r", "100", "-m", "500", "-l", "60", "-d", "50", "-t", transport)
	}
	idle(t, n.Stand)
	allEnded(t, n.Stand)
	n.quietLog(t)
}

// TLS between the node and a proxy, which check each other's certificate where they
// connect: a telephone calls by UDP and by TLS, holds, resumes, and the node hangs up; the
// requests of both ends find their way by Record-Route.
func TestKamailioOverTLS(t *testing.T) {
	minutes(t)
	cert, key := certificate(t, t.TempDir())
	n := light(t, "HOTLINE_SIP_TLS_CA="+cert)
	voice := melody(15, 3*time.Second)
	for near, trusts := range map[string]string{"udp": n.cert, "tls": ""} { // a telephone's certificate is nobody's
		t.Run(near, func(t *testing.T) {
			p := newProxy(t, proxySettings{node: fmt.Sprintf("sip:127.0.0.1:%d;transport=tls", n.tls), trusts: trusts, cert: cert, key: key})
			h := newHandset(t, account{transport: near, say: append(make([]int16, 8000), voice...)})
			h.dials(p.uri("9196", near))
			time.Sleep(5 * time.Second)
			h.does("hold")
			time.Sleep(1500 * time.Millisecond)
			h.does("resume")
			time.Sleep(1500 * time.Millisecond)
			h.hangsUp()
			assert.GreaterOrEqual(t, likeness(voice, h.heard()), recognisable, "it hears itself")
			rec := n.record(t, h.user)
			assert.Equal(t, "tls", rec.Signalling.Network)
			assert.Equal(t, "caller_hangup", rec.EndCause)

			other := newHandset(t, account{transport: near})
			other.dials(p.uri("8000", near))
			live, err := n.Live(t.Context(), other.user)
			require.NoError(t, err)
			status, b, err := n.Post(t.Context(), "/api/v1/calls/"+live.ID+"/hangup", struct{}{})
			require.NoError(t, err)
			require.Less(t, status, 300, "%s", b)
			other.awaits("BYE sip:", 1)
			idle(t, n.Stand)
			allEnded(t, n.Stand)
		})
	}
	n.quietLog(t)
}

// The carrier is reached by TLS alone: registered, called by the number through the
// connection of the registration, and calls out.
func TestTrunkOverTLS(t *testing.T) {
	minutes(t)
	p := newProxy(t, proxySettings{node: "sip:127.0.0.1:9"})
	n := light(t, "HOTLINE_TRUNKS=carrier", "HOTLINE_TRUNKS_CARRIER_KIND=register", "HOTLINE_TRUNKS_CARRIER_PROXY=sip:"+p.tls+";transport=tls",
		"HOTLINE_TRUNKS_CARRIER_USER=hotline", "HOTLINE_TRUNKS_CARRIER_PASSWORD="+customerPassword, "HOTLINE_TRUNKS_CARRIER_INBOUND=*=8000",
		"HOTLINE_SIP_TLS_CA="+p.cert)
	require.Eventually(t, func() bool {
		b, err := n.Raw(t.Context(), "/api/v1/trunks")
		return err == nil && bytes.Contains(b, []byte(`"registered":true`))
	}, patience, 100*time.Millisecond, "it does not register")
	caller := newHandset(t, account{})
	caller.dials(p.uri("hotline", "udp"))
	time.Sleep(2 * time.Second)
	caller.hangsUp()
	rec := n.record(t, "+86"+caller.user)
	assert.Equal(t, "carrier", rec.Signalling.Trunk)
	assert.Equal(t, "tls", rec.Signalling.Network)
	assert.Greater(t, loud(caller.heard()), 0.2, "the greeting is heard")
	idle(t, n.Stand)
	n.quietLog(t)
}

// The node is the customer of a carrier that is a Kamailio: it registers there, is
// called by the number, and calls out.
func TestTrunkAtKamailio(t *testing.T) {
	minutes(t)
	for _, digest := range []string{"MD5", "SHA-256"} {
		t.Run(digest, func(t *testing.T) {
			p := newProxy(t, proxySettings{node: "sip:127.0.0.1:9", digest: digest})
			n := light(t, "HOTLINE_TRUNKS=carrier", "HOTLINE_TRUNKS_CARRIER_KIND=register", "HOTLINE_TRUNKS_CARRIER_PROXY=sip:"+p.addr,
				"HOTLINE_TRUNKS_CARRIER_USER=hotline", "HOTLINE_TRUNKS_CARRIER_PASSWORD="+customerPassword, "HOTLINE_TRUNKS_CARRIER_INBOUND=*=8000",
				"HOTLINE_CALL_HOSTS=127.0.0.1")
			require.Eventually(t, func() bool {
				b, err := n.Raw(t.Context(), "/api/v1/trunks")
				return err == nil && bytes.Contains(b, []byte(`"registered"`))
			}, patience, 100*time.Millisecond, "it does not register")

			// In: a customer of the carrier calls the number.
			caller := newHandset(t, account{})
			caller.dials(p.uri("hotline", "udp"))
			time.Sleep(2 * time.Second)
			caller.hangsUp()
			rec := n.record(t, "+86"+caller.user) // in normal form, since it came by a trunk
			assert.Equal(t, "carrier", rec.Signalling.Trunk)
			assert.NotEmpty(t, rec.By("greeting"))
			assert.Greater(t, loud(caller.heard()), 0.2, "the greeting is heard")

			// Out: a telephone that is registered at the carrier, by an address.
			if digest != "MD5" {
				return // baresip knows no other
			}
			voice := melody(11, 4*time.Second)
			called := newHandset(t, account{user: "02161239999", password: customerPassword, register: p.addr, answers: true, say: append(make([]int16, 4000), voice...)})
			called.awaits("200 OK", 1)
			id := placeCall(t, n, map[string]any{"to": "sip:02161239999@" + p.addr, "say": "您好。"})
			called.awaits("Call established", 1)
			time.Sleep(6 * time.Second)
			called.hangsUp()
			var out stand.Call
			require.Eventually(t, func() bool {
				var err error
				out, err = n.Call(t.Context(), id)
				return err == nil && !out.EndedAt.IsZero()
			}, patience, 100*time.Millisecond)
			assert.Equal(t, "outbound", out.Direction)
			assert.False(t, out.AnsweredAt.IsZero(), out.Text())

			// Out, and given up while it rings.
			ringing := newHandset(t, account{user: "02161238888", password: customerPassword, register: p.addr})
			ringing.awaits("200 OK", 1)
			id = placeCall(t, n, map[string]any{"to": "sip:02161238888@" + p.addr})
			ringing.awaits("180 Ringing", 1)
			status, b, err := n.Post(t.Context(), "/api/v1/calls/"+id+"/hangup", struct{}{})
			require.NoError(t, err)
			assert.Less(t, status, 300, "%s", b)
			ringing.awaits("CANCEL sip:", 1)
			ringing.awaits("487 Request Terminated", 1)

			a := side(t, n.Recording(t.Context(), out), 0)
			assert.GreaterOrEqual(t, likeness(voice, a), recognisable, "who was called is recorded")
			idle(t, n.Stand)
			n.quietLog(t)
		})
	}
}

// placeCall has the node call somebody.
func placeCall(t *testing.T, n *node, what map[string]any) (id string) {
	t.Helper()
	status, b, err := n.Post(t.Context(), "/api/v1/calls", what)
	require.NoError(t, err)
	require.Contains(t, []int{http.StatusOK, http.StatusCreated, http.StatusAccepted}, status, "%s", b)
	var placed struct {
		ID string `json:"id"`
	}
	require.NoError(t, json.Unmarshal(b, &placed))
	return placed.ID
}

// An agent's telephone registers with the node through the proxy (Path, RFC 3327), and
// is reached through it.
func TestAgentBehindKamailio(t *testing.T) {
	minutes(t)
	n := light(t)
	p := newProxy(t, proxySettings{node: "sip:" + n.SIP + ";transport=tcp"})
	voice, answer := melody(12, 4*time.Second), melody(13, 4*time.Second)
	agent := newHandset(t, account{
		user: "agent1", password: stand.Password, register: p.addr, answers: true, say: append(make([]int16, 7*8000), answer...),
	})
	registered(t, n.Stand, "agent1", "ready")
	var heard []int16
	rec, _ := ring(t, n.Stand, "8000", func(c *caller) {
		c.keys("0")
		agent.awaits("Call established", 1)
		c.await(patience, func() bool { return state(c, "agent1") == "talking" })
		c.pause(2 * time.Second)
		mark := c.now()
		c.say(voice)
		c.pause(7 * time.Second)
		heard = c.since(mark)
		agent.does("hangup")
		c.await(patience, func() bool { return state(c, "agent1") != "talking" })
	})
	agent.hangsUp()
	assert.Equal(t, call.Transferred, rec.Outcome)
	assert.GreaterOrEqual(t, likeness(answer, heard), recognisable, "the caller hears the agent")
	assert.GreaterOrEqual(t, likeness(voice, agent.heard()), recognisable, "the agent hears the caller")
	assert.Contains(t, agent.said(), "Via: SIP/2.0/UDP "+p.addr, "he was called through the proxy")
	idle(t, n.Stand)
	n.quietLog(t)
}

// Two nodes behind a dispatcher: one is told to end and lets its call go on; who calls
// meanwhile gets to the other.
func TestDispatcherTakesTheOtherNode(t *testing.T) {
	minutes(t)
	nodes := []*node{light(t, "HOTLINE_CALL_DRAIN=20s"), light(t, "HOTLINE_CALL_DRAIN=20s")}
	p := newProxy(t, proxySettings{nodes: []string{"sip:" + nodes[0].SIP, "sip:" + nodes[1].SIP}})
	first := newHandset(t, account{})
	time.Sleep(2 * time.Second) // the dispatcher has asked both whether they are there
	first.dials(p.uri("9197", "udp"))
	at := 0
	if strings.Contains(first.said(), "Contact: <sip:9197@"+nodes[1].SIP) || !strings.Contains(first.said(), nodes[0].SIP) {
		at = 1
	}
	draining, other := nodes[at], nodes[1-at]
	require.NoError(t, draining.Terminate())
	time.Sleep(time.Second)
	for range 3 {
		next := newHandset(t, account{})
		next.dials(p.uri("9197", "udp"))
		assert.Contains(t, next.said(), other.SIP, "the other node answers")
		next.hangsUp()
		assert.Equal(t, "udp", other.record(t, next.user).Signalling.Network)
	}
	select {
	case <-draining.Exited():
		t.Error("the node has ended with a call in progress")
	default:
	}
	assert.NotContains(t, first.said(), "terminated")
	first.hangsUp()
	select {
	case <-draining.Exited():
	case <-time.After(patience):
		t.Error("the node does not end when its last call is over")
	}
	assert.Greater(t, loud(first.heard()), 0.8, "the tone went on")
}

// rtpengine carries the sound between a telephone and the node, and encrypts it on one
// side.
func TestThroughRTPEngine(t *testing.T) {
	minutes(t)
	n := light(t)
	ng, low, high := newRTPEngine(t)
	voice := melody(14, 4*time.Second)
	for _, c := range []struct {
		name, encryption, flags, back string
		nearClear, farClear           bool
	}{
		{"plain", "", "replace-origin RTP/AVP", "replace-origin", true, true},
		{"srtp to the telephone", "srtp-mand", "replace-origin RTP/AVP", "replace-origin", false, true},
		{"srtp to the node", "", "replace-origin RTP/SAVP", "replace-origin", true, false},
		{"dtls to the node", "", "replace-origin UDP/TLS/RTP/SAVPF", "replace-origin", true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newProxy(t, proxySettings{node: "sip:" + n.SIP, rtpengine: ng, flags: c.flags, back: c.back})
			wire := capturing(t, fmt.Sprintf("udp and portrange %d-%d", low, high))
			h := newHandset(t, account{encryption: c.encryption, say: append(make([]int16, 12000), voice...)})
			h.dials(p.uri("9196", "udp"))
			time.Sleep(6500 * time.Millisecond)
			h.hangsUp()
			assert.GreaterOrEqual(t, likeness(voice, h.heard()), recognisable, "it hears itself")
			rec := n.record(t, h.user)
			assert.Zero(t, rec.Media.Lost)
			near, far := 0, 0
			for ports, s := range streams(wire.packets()) {
				inClear := likeness(voice, g711Sound(s)) >= recognisable
				node := ports[0] >= n.RTP[0] && ports[0] <= n.RTP[1] || ports[1] >= n.RTP[0] && ports[1] <= n.RTP[1]
				if node {
					far++
					assert.Equal(t, c.farClear, inClear, "between rtpengine and the node")
				} else {
					near++
					assert.Equal(t, c.nearClear, inClear, "between the telephone and rtpengine")
				}
			}
			assert.Equal(t, 2, near, "both ways by rtpengine")
			assert.Equal(t, 2, far, "both ways by rtpengine")
		})
	}
	t.Run("recorded", func(t *testing.T) {
		p := newProxy(t, proxySettings{node: "sip:" + n.SIP, rtpengine: ng, flags: "replace-origin RTP/SAVP", back: "replace-origin"})
		h := newHandset(t, account{say: append(make([]int16, 12000), voice...)})
		h.dials(p.uri("8000", "udp"))
		time.Sleep(7 * time.Second)
		h.hangsUp()
		rec := n.record(t, h.user)
		assert.GreaterOrEqual(t, likeness(voice, side(t, n.Recording(t.Context(), rec), 0)), recognisable, "the caller is in the recording")
		assert.Greater(t, loud(h.heard()), 0.2, "the greeting is heard")
	})
	idle(t, n.Stand)
	n.quietLog(t)
}
