package sip_test

import (
	"context"
	"testing"
	"time"

	"hotline/sip"
	"hotline/sip/siptest"

	"github.com/stretchr/testify/require"
)

// steps is a Handler that runs f on the leg and then waits for its end, which it
// hands out.
func steps(t *testing.T, f func(context.Context, *sip.Leg) error) (sip.Handler, chan error) {
	t.Helper()
	ends := make(chan error, 8)
	return func(ctx context.Context, l *sip.Leg) {
		l.OnUpdate(func([]byte) ([]byte, error) { return []byte(siptest.SDP), nil })
		if err := f(ctx, l); err != nil {
			ends <- err
			return
		}
		select {
		case <-l.Context().Done():
			ends <- context.Cause(l.Context())
		case <-ctx.Done():
		}
	}, ends
}

func answerNow(ctx context.Context, l *sip.Leg) error { return l.Answer(ctx, []byte(siptest.SDP)) }

func ringAndWait(ctx context.Context, l *sip.Leg) error { return l.Ring(ctx) }

// earlyMedia rings and plays before it answers.
func earlyMedia(ctx context.Context, l *sip.Leg) error {
	if err := l.Ring(ctx); err != nil {
		return err
	}
	if err := l.Progress(ctx, 183, []byte(siptest.SDP)); err != nil {
		return err
	}
	wait := time.NewTimer(100 * time.Millisecond) // of music
	defer wait.Stop()
	<-wait.C
	return l.Answer(ctx, []byte(siptest.SDP))
}

func reofferTwice(ctx context.Context, l *sip.Leg) error {
	if err := answerNow(ctx, l); err != nil {
		return err
	}
	for range 2 {
		if _, err := l.Reoffer(ctx, []byte(siptest.SDP)); err != nil {
			return err
		}
	}
	return nil
}

func reofferOnce(ctx context.Context, l *sip.Leg) error {
	if err := answerNow(ctx, l); err != nil {
		return err
	}
	_, err := l.Reoffer(ctx, []byte(siptest.SDP))
	return err
}

func ringThenHangUp(ctx context.Context, l *sip.Leg) error {
	if err := l.Ring(ctx); err != nil {
		return err
	}
	if err := answerNow(ctx, l); err != nil {
		return err
	}
	return l.Hangup(ctx)
}

// TestSIPpCallers are callers of every kind, each a scenario of sipp.
func TestSIPpCallers(t *testing.T) {
	sideBySide(t)
	for _, c := range []struct {
		scenario string
		cfg      sip.Config
		do       func(context.Context, *sip.Leg) error
		end      error
	}{
		{"uac_early_media", sip.Config{}, earlyMedia, sip.ErrBye},
		{"uac_100rel", sip.Config{}, earlyMedia, sip.ErrBye},
		{"uac_100rel_delayed", sip.Config{}, earlyMedia, sip.ErrBye},
		{"uac_100rel_lost", sip.Config{}, earlyMedia, sip.ErrBye},
		{"uac_delayed_offer", sip.Config{}, answerNow, sip.ErrBye},
		{"uac_hold", sip.Config{}, answerNow, sip.ErrBye},
		{"uac_codec_change", sip.Config{}, answerNow, sip.ErrBye},
		{"uac_update", sip.Config{}, answerNow, sip.ErrBye},
		{"uac_glare", sip.Config{}, reofferOnce, sip.ErrBye},
		{"uac_reoffered", sip.Config{OfferByUpdate: true}, reofferTwice, sip.ErrBye},
		{"uac_timer", sip.Config{}, answerNow, sip.ErrBye},
		{"uac_cancel", sip.Config{}, ringAndWait, sip.ErrCancelled},
		{"uac_cancel_late", sip.Config{}, answerNow, sip.ErrBye},
		{"uac_lost_ack", sip.Config{}, answerNow, sip.ErrBye},
		{"uac_no_ack", sip.Config{T1: 20 * time.Millisecond}, answerNow, sip.ErrTransport},
		{"uac_record_route", sip.Config{}, ringThenHangUp, sip.ErrHungUp},
		{"uac_max_forwards", sip.Config{}, answerNow, sip.ErrBye},
	} {
		t.Run(c.scenario, func(t *testing.T) {
			sideBySide(t)
			h, ends := steps(t, c.do)
			s, addr := host(t, c.cfg, h, nil)
			runSIPp(t, c.scenario+".xml", addr)
			require.ErrorIs(t, wait(t, ends), c.end)
			require.Eventually(t, func() bool { return s.Stats().Legs == 0 }, siptest.Patience, time.Millisecond)
		})
	}
}

// TestSIPpCallees are phones of every kind that we call.
func TestSIPpCallees(t *testing.T) {
	sideBySide(t)
	for _, scenario := range []string{"uas_100rel", "uas_early_media", "uas_timer", "uas_record_route", "uas_hold"} {
		t.Run(scenario, func(t *testing.T) {
			sideBySide(t)
			s, _ := host(t, sip.Config{}, nil, nil)
			addr, done := startSIPp(t, scenario+".xml")
			l, err := s.Dial(t.Context(), sip.DialRequest{To: "sip:phone@" + addr, Offer: []byte(siptest.SDP)}, nil)
			require.NoError(t, err)
			require.NotEmpty(t, l.Offer())
			switch scenario {
			case "uas_timer", "uas_hold": // it hangs up itself
				wait(t, l.Context().Done())
				require.ErrorIs(t, context.Cause(l.Context()), sip.ErrBye)
			default:
				require.NoError(t, l.Hangup(t.Context()))
			}
			done()
		})
	}
}

func TestSIPpAnswersAsWeCancel(t *testing.T) {
	sideBySide(t)
	s, _ := host(t, sip.Config{}, nil, nil)
	addr, done := startSIPp(t, "uas_cancel_race.xml")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.Dial(ctx, sip.DialRequest{To: "sip:phone@" + addr, Offer: []byte(siptest.SDP)}, func(int, []byte) { cancel() })
	require.ErrorIs(t, err, context.Canceled)
	done()
	require.Eventually(t, func() bool { return s.Stats().Legs == 0 }, siptest.Patience, time.Millisecond)
}
