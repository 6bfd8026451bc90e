package call_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"hotline/internal/call"
	"hotline/media"
	"hotline/media/mediatest"
	"hotline/media/sdp"
	"hotline/media/secure"
)

// choosy is a telephone that takes offers of one kind alone and refuses others as
// telephones do.
type choosy struct {
	t       *testing.T
	kind    string
	local   sdp.Local
	session func(sdp.Media)
	offers  []string
}

func (c *choosy) Dial(_ context.Context, _ call.Target, offer []byte, _ func(int, []byte)) (call.Leg, error) {
	_, rest, _ := strings.Cut(string(offer), "m=audio ")
	c.offers = append(c.offers, strings.Fields(rest)[1])
	if c.kind != c.offers[len(c.offers)-1] {
		return nil, refusal(488)
	}
	answer, m, err := sdp.Answer(offer, c.local)
	if err != nil {
		c.t.Error(err)
		return nil, err
	}
	c.session(m)
	return newLeg("leg", answer), nil
}

// A telephone that insists on encryption and does not know keys beside a plain
// stream is asked again in its own way, and hears the caller.
func TestTelephonesThatInsistOnEncryption(t *testing.T) {
	certificate, err := secure.NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	for kind, offers := range map[string]int{"RTP/SAVP": 2, "UDP/TLS/RTP/SAVP": 3} {
		t.Run(kind, func(t *testing.T) {
			theirs, ours := mediatest.Pipe()
			var agent party
			phone := &choosy{t: t, kind: kind}
			s := perform(t, func(s *stage) {
				s.staff.names = []string{"li"}
				s.sockets <- ours
				s.call.Audio.Protection, s.call.Audio.Certificate = sdp.Optional, certificate
				s.call.Dialer = phone
				addr := theirs.Addr()
				phone.local = sdp.Local{
					Addr: addr.Addr(), Port: int(addr.Port()), Codecs: []sdp.Codec{sdp.PCMA},
					Security: sdp.Security{Protection: sdp.Required, Secrets: &sdp.Secrets{}, Fingerprint: certificate.Fingerprint},
				}
				phone.session = func(m sdp.Media) {
					conn, err := secure.New(secure.Config{Conn: theirs, Keys: m.Keys, RTCPMux: m.RTCPMux, Remote: m.Remote, RemoteRTCP: m.RemoteRTCP, Certificate: certificate})
					if err != nil {
						t.Error(err)
						return
					}
					agent.session = media.NewSession(media.SessionConfig{Conn: conn, Media: m, Rate: rate, SilenceTimeout: -1, Logger: slog.New(slog.DiscardHandler)})
					s.wg.Go(func() { _ = agent.session.Run(s.ctx) })
					s.wg.Go(func() {
						f := make(media.Frame, rate/50)
						for agent.session.In().ReadFrame(f) == nil {
							agent.mu.Lock()
							agent.heard = append(agent.heard, f...)
							agent.mu.Unlock()
						}
					})
				}
			}, func(s *stage) {
				s.greeted()
				s.keys('0')
				s.until(func() bool { return s.journal.count("bridge") == 1 })
				s.pause(time.Second)
				s.caller.say(s.ctx, asksFare, time.Second)
				agent.say(s.ctx, agentTalks, time.Second)
				s.pause(time.Second)
			})
			assert.Equal(t, []string{"RTP/AVP", "RTP/SAVP", "UDP/TLS/RTP/SAVP"}[:offers], phone.offers)
			assert.InDelta(t, time.Second, heardTone(agent.since(0), asksFare), float64(150*time.Millisecond), "%v", melody(agent.since(0)))
			assert.InDelta(t, time.Second, heardTone(s.caller.since(0), agentTalks), float64(150*time.Millisecond))
		})
	}
}
