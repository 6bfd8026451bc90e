package call

import (
	"context"
	"fmt"
	"strings"
	"time"

	"hotline/media"
	"hotline/media/sdp"
	"hotline/media/webrtc"
)

// browserWait bounds how long a browser's description may take to be answered; it is
// a matter of milliseconds.
const browserWait = 5 * time.Second

// answeringBrowser takes the offer of a browser.
func (a *Audio) answeringBrowser(ctx context.Context, offer []byte, rec *media.Recorder) (*sound, error) {
	answer, conn, m, err := a.Browsers.Answer(ctx, offer, sdp.Local{})
	if err != nil {
		return nil, &offerError{fmt.Errorf("reading the browser's session description: %w", err)}
	}
	return &sound{audio: a, browser: conn, recorder: rec, sdp: answer, media: m}, nil
}

// ringing is the target with a second offer beside s.sdp, for whose agents sit at a
// browser. Which one was taken tells the answer.
func (s *sound) ringing(ctx context.Context, t Target) Target {
	if s.audio.Browsers == nil || !strings.HasPrefix(t.To, "agent:") {
		return t
	}
	offer, conn, err := s.audio.Browsers.Offer(ctx, sdp.Local{})
	if err != nil {
		s.audio.Log.Warn("ringing agents at a browser", "agent", t.To, "error", err)
		return t
	}
	s.browser, t.BrowserOffer = conn, offer
	return t
}

// choose keeps of a telephone's and a browser's sound the one that the far end's
// answer to our offers is for.
func (s *sound) choose(answer []byte) {
	if s.browser == nil {
		return
	}
	if webrtc.IsBrowser(answer) {
		_ = s.socket.Close()
		s.socket = nil
		return
	}
	_ = s.browser.Close()
	s.browser = nil
}

// refreshBrowser is refresh for a browser's sound.
//
//nolint:contextcheck,nolintlint // the signalling calls back without a ctx; browserWait bounds it
func (s *sound) refreshBrowser(session *media.Session, offer []byte) ([]byte, sdp.Direction, error) {
	if len(offer) == 0 {
		s.asked = true
		ours, err := s.browser.Reoffer(sdp.Local{})
		return ours, sdp.SendRecv, err
	}
	var answer []byte
	var m sdp.Media
	var err error
	if s.asked {
		s.asked = false
		m, err = s.browser.Accept(offer, sdp.Local{})
	} else {
		ctx, cancel := context.WithTimeout(context.Background(), browserWait)
		defer cancel()
		answer, m, err = s.browser.Update(ctx, offer, sdp.Local{})
	}
	if err != nil {
		return nil, 0, fmt.Errorf("reading the session description of a browser's re-INVITE: %w", err)
	}
	return answer, m.Direction, session.Update(m)
}
