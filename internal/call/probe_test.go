package call_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/internal/call"
	who "hotline/internal/call/answer"
	"hotline/media/dsp"
	"hotline/media/mediatest"
)

// What may answer speaks in chords, since a single tone is a beep: each has a pitch.
const (
	saysHello   = 1010.0
	saysNoSuch  = 1130.0
	saysLeave   = 1250.0
	saysPress   = 1370.0
	saysMoment  = 1490.0
	saysScreens = 1610.0
	saysHold    = 1730.0
	saysTone    = 1850.0
)

var answers = map[float64]string{
	saysHello: "喂，你好", saysNoSuch: "您好，您拨打的号码是空号，请查证后再拨", saysLeave: "我现在不方便接听电话，请在滴声后留言",
	saysPress: "销售咨询请按一，售后服务请按二", saysMoment: "您好，我是小李", saysScreens: "我是机主的智能秘书，请问您有什么事",
	saysHold: "好的，请稍等", saysTone: "机主没有接听，请在滴声后留言",
}

// understands decodes chords.
type understands struct{}

func (understands) Decode(ctx context.Context, s asr.Segment) (asr.Transcript, error) {
	select {
	case <-time.After(60 * time.Millisecond):
	case <-ctx.Done():
		return asr.Transcript{}, context.Cause(ctx)
	}
	var text string
	type part struct {
		hz    float64
		level float64
	}
	best := part{level: -45}
	for hz := range answers {
		if l := dsp.Goertzel(s.Samples, s.Rate, hz); l > best.level {
			best = part{hz, l}
		}
	}
	text = answers[best.hz]
	return asr.Transcript{Text: text, Confidence: 0.9, LogProb: -0.1, Language: "zh"}, nil
}

// speaks says a chord.
func (p *party) speaks(ctx context.Context, hz float64, d time.Duration) {
	x := dsp.Sine(rate, -16, d, hz, hz*1.317, hz*0.613)
	p.play(ctx, x)
}

func (p *party) play(ctx context.Context, x []int16) {
	u := p.session.Out().Utterance(ctx)
	defer u.Finish()
	for ; len(x) >= rate/50; x = x[rate/50:] {
		if u.WriteFrame(x[:rate/50]) != nil {
			return
		}
	}
	u.Finish()
	select {
	case <-u.Done():
	case <-ctx.Done():
	}
}

// detecting is a call that finds out who answers; ring conducts the far end before its
// answer, talk after it.
func detecting(t *testing.T, message string, ring func(o *office, p *telephone, progress func(int, []byte)) error, talk func(o *office, p *telephone)) (*office, *telephone) {
	t.Helper()
	var callee *telephone
	o := inOffice(t, func(o *office) {
		o.line.Hear = func(h call.Hearing) asr.Recognizer {
			l, err := asr.NewListener(asr.ListenerConfig{
				Options: asr.Options{Call: h.Call, Language: h.Language}, Decoder: understands{},
				Detector: func(int) (asr.Detector, error) { return loudness{}, nil },
			})
			if err != nil {
				panic(err)
			}
			return l
		}
		callee = o.phone("13900001111", 0)
		o.dialer["13900001111"] = func(ctx context.Context, _ call.Target, progress func(int, []byte)) (call.Leg, error) {
			progress(180, nil)
			err := answer0(ctx, func() error { return ring(o, callee, progress) })
			if err != nil {
				return nil, err
			}
			return callee.leg, nil
		}
		o.place(call.Placement{To: "13900001111", Detect: &who.Config{}, Voicemail: message}, func(string) {
			over := func() bool { return !o.journal.now().EndedAt.IsZero() }
			o.until(func() bool { return over() || !o.journal.now().AnsweredAt.IsZero() })
			if !over() {
				talk(o, callee)
				callee.leg.end(bye{})
			}
		})
	})
	return o, callee
}

// answer0 rings until ring has returned or the call is given up.
func answer0(ctx context.Context, ring func() error) error {
	done := make(chan error, 1)
	go func() { done <- ring() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		<-done
		return context.Cause(ctx)
	}
}

func atOnce(*office, *telephone, func(int, []byte)) error { return nil }

// A person is greeted within 600 ms after his first word.
func TestPersonAnswers(t *testing.T) {
	var end int
	o, p := detecting(t, "", atOnce, func(o *office, p *telephone) {
		time.Sleep(400 * time.Millisecond)
		p.speaks(o.ctx, saysHello, 800*time.Millisecond)
		end = p.now()
		time.Sleep(length(disclosure+greeting) + time.Second)
	})
	r := o.journal.now()
	require.NotNil(t, r.AnsweredBy)
	assert.Equal(t, who.Person, r.AnsweredBy.Who)
	assert.LessOrEqual(t, r.AnsweredBy.AfterMS, int64(600))
	assert.Equal(t, 1, o.journal.count(call.KindAnsweredBy))
	heard := p.since(0)
	first := melody(heard)
	require.NotEmpty(t, first)
	assert.InDelta(t, pitch(disclosure), first[0].hz, 24, "%v", first)
	assert.Greater(t, first[0].at, time.Duration(end)*time.Second/rate, "not before he has spoken")
	assert.Less(t, first[0].at, time.Duration(end)*time.Second/rate+800*time.Millisecond)
	assert.InDelta(t, length(greeting), heardFor(heard, greeting), float64(140*time.Millisecond))
}

// A carrier says before the answer that there is no such number: the call is given up
// at once, or its refusal is told by what was said.
func TestAnnouncementBeforeTheAnswer(t *testing.T) {
	for name, refuses := range map[string]bool{"it goes on": false, "then 404": true} {
		t.Run(name, func(t *testing.T) {
			var cancelled bool
			o, p := detecting(t, "", func(o *office, p *telephone, progress func(int, []byte)) error {
				progress(183, p.sdp)
				p.speaks(o.ctx, saysNoSuch, 3*time.Second)
				if refuses {
					return refusal(404)
				}
				time.Sleep(20 * time.Second)
				cancelled = true
				return refusal(487)
			}, nil)
			r := o.journal.now()
			require.NotNil(t, r.AnsweredBy)
			assert.Equal(t, who.Announcement, r.AnsweredBy.Who)
			assert.Equal(t, who.InvalidNumber, r.AnsweredBy.Notice)
			assert.True(t, r.AnsweredBy.Early)
			assert.Equal(t, call.Failed, r.Outcome)
			assert.True(t, r.AnsweredAt.IsZero())
			assert.Empty(t, melody(p.since(0)), "the bot has said nothing")
			if refuses {
				assert.Equal(t, 404, r.SIPStatus)
			} else {
				assert.True(t, cancelled)
				assert.Equal(t, "announcement", r.EndCause)
			}
		})
	}
}

// Ring-back and music before the answer are nobody.
func TestMusicBeforeTheAnswer(t *testing.T) {
	o, _ := detecting(t, "", func(o *office, p *telephone, progress func(int, []byte)) error {
		progress(183, p.sdp)
		p.play(o.ctx, dsp.Sine(rate, -20, time.Second, 450))
		p.speaks(o.ctx, 523, 3*time.Second)
		return nil
	}, func(o *office, p *telephone) {
		time.Sleep(500 * time.Millisecond)
		p.speaks(o.ctx, saysHello, 700*time.Millisecond)
		time.Sleep(2 * time.Second)
	})
	r := o.journal.now()
	require.NotNil(t, r.AnsweredBy)
	assert.Equal(t, who.Person, r.AnsweredBy.Who)
	assert.False(t, r.AnsweredBy.Early)
}

// A greeting whose pause is lengthened by packets that do not arrive is not taken for a
// person who waits: not a word is said into it.
func TestHoleInAGreeting(t *testing.T) {
	const message = "您的包裹今天送到，请留意。"
	var beep int
	o, p := detecting(t, message, atOnce, func(o *office, p *telephone) {
		time.Sleep(300 * time.Millisecond)
		p.speaks(o.ctx, saysMoment, 700*time.Millisecond)
		time.Sleep(100 * time.Millisecond)
		p.conn.Impair(mediatest.Impairment{Loss: 1})
		time.Sleep(480 * time.Millisecond)
		p.conn.Impair(mediatest.Impairment{})
		p.speaks(o.ctx, saysLeave, 3*time.Second)
		time.Sleep(600 * time.Millisecond)
		p.play(o.ctx, dsp.Sine(rate, -15, 400*time.Millisecond, 880))
		beep = p.now()
		time.Sleep(length(message) + 3*time.Second)
	})
	r := o.journal.now()
	require.NotNil(t, r.AnsweredBy)
	assert.Equal(t, who.Voicemail, r.AnsweredBy.Who)
	assert.Empty(t, r.AnsweredBy.Before)
	heard := melody(p.since(0))
	require.NotEmpty(t, heard)
	assert.Greater(t, heard[0].at, time.Duration(beep)*time.Second/rate-40*time.Millisecond)
}

// A voicemail gets its message behind the beep, and not a word before; the same where
// its first words were taken for a person's.
func TestVoicemailAnswers(t *testing.T) {
	const message = "您的包裹今天送到，请留意。"
	for name, first := range map[string]float64{"at once": 0, "like a person": saysMoment} {
		t.Run(name, func(t *testing.T) {
			var beep int
			o, p := detecting(t, message, atOnce, func(o *office, p *telephone) {
				time.Sleep(300 * time.Millisecond)
				if first != 0 {
					p.speaks(o.ctx, first, 900*time.Millisecond)
					time.Sleep(700 * time.Millisecond)
				}
				p.speaks(o.ctx, saysLeave, 3*time.Second)
				time.Sleep(600 * time.Millisecond)
				p.play(o.ctx, dsp.Sine(rate, -15, 400*time.Millisecond, 880))
				beep = p.now()
				time.Sleep(length(message) + 3*time.Second)
			})
			r := o.journal.now()
			require.NotNil(t, r.AnsweredBy)
			assert.Equal(t, who.Voicemail, r.AnsweredBy.Who)
			assert.Positive(t, r.AnsweredBy.BeepMS)
			assert.Equal(t, "bot_hangup", r.EndCause)
			at := time.Duration(beep) * time.Second / rate
			var said time.Duration
			begins := time.Duration(-1)
			for _, x := range melody(p.since(0)) {
				if math.Abs(x.hz-pitch(message)) <= 24 {
					said += x.long
					if begins < 0 {
						begins = x.at
					}
					assert.Greater(t, x.at, at-40*time.Millisecond)
					assert.Less(t, x.at, at+length(message)+600*time.Millisecond)
				} else {
					assert.Less(t, x.at+x.long, at-2*time.Second, "it has fallen silent for the greeting")
				}
			}
			assert.InDelta(t, length(message), said, float64(140*time.Millisecond))
			assert.LessOrEqual(t, begins-at, 500*time.Millisecond, "behind the end of the beep")
			if first != 0 {
				assert.Equal(t, []who.Who{who.Person}, r.AnsweredBy.Before)
			}
		})
	}
}

// A menu, a fax and a voicemail for which there is no message are hung up on; nobody is
// spoken to.
func TestMachinesAreHungUpOn(t *testing.T) {
	for name, c := range map[string]struct {
		sound func(o *office, p *telephone)
		want  who.Who
	}{
		"menu":      {func(o *office, p *telephone) { p.speaks(o.ctx, saysPress, 3*time.Second) }, who.Menu},
		"voicemail": {func(o *office, p *telephone) { p.speaks(o.ctx, saysLeave, 3*time.Second) }, who.Voicemail},
		"notice":    {func(o *office, p *telephone) { p.speaks(o.ctx, saysNoSuch, 3*time.Second) }, who.Announcement},
		"fax":       {func(o *office, p *telephone) { p.play(o.ctx, dsp.Sine(rate, -15, 3*time.Second, 2100)) }, who.Fax},
	} {
		t.Run(name, func(t *testing.T) {
			o, p := detecting(t, "", atOnce, func(o *office, p *telephone) {
				time.Sleep(300 * time.Millisecond)
				c.sound(o, p)
				time.Sleep(3 * time.Second)
			})
			r := o.journal.now()
			require.NotNil(t, r.AnsweredBy)
			assert.Equal(t, c.want, r.AnsweredBy.Who)
			assert.Equal(t, string(c.want), r.EndCause)
			assert.Empty(t, melody(p.since(0)))
		})
	}
}

// Who says nothing hears who calls; so does an assistant once it has asked.
func TestSilenceAndScreening(t *testing.T) {
	o, p := detecting(t, "", atOnce, func(*office, *telephone) { time.Sleep(5*time.Second + length(disclosure)) })
	assert.Equal(t, who.Silence, o.journal.now().AnsweredBy.Who)
	assert.Positive(t, heardFor(p.since(0), disclosure))

	var asked int
	o, p = detecting(t, "", atOnce, func(o *office, p *telephone) {
		time.Sleep(300 * time.Millisecond)
		p.speaks(o.ctx, saysScreens, 3*time.Second)
		asked = p.now()
		time.Sleep(2*time.Second + length(disclosure+greeting))
	})
	assert.Equal(t, who.Screening, o.journal.now().AnsweredBy.Who)
	first := melody(p.since(0))
	require.NotEmpty(t, first)
	assert.Greater(t, first[0].at, time.Duration(asked)*time.Second/rate)
	assert.Positive(t, heardFor(p.since(0), greeting))
}

// An assistant hears once who calls and why, and then nothing until it has let us
// through: to the person, who hears it too, or to a voicemail.
func TestScreeningLetsThrough(t *testing.T) {
	const message = "您的包裹今天送到，请留意。"
	for name, next := range map[string]float64{"person": saysHello, "voicemail": saysTone} {
		t.Run(name, func(t *testing.T) {
			var told, let int
			o, p := detecting(t, message, atOnce, func(o *office, p *telephone) {
				time.Sleep(300 * time.Millisecond)
				p.speaks(o.ctx, saysScreens, 3*time.Second)
				time.Sleep(2*time.Second + length(disclosure+greeting))
				told = p.now()
				p.speaks(o.ctx, saysHold, 1500*time.Millisecond)
				time.Sleep(9 * time.Second) // longer than a caller may be silent
				let = p.now()
				p.speaks(o.ctx, next, 1200*time.Millisecond)
				if next == saysTone {
					p.play(o.ctx, dsp.Sine(rate, -15, 400*time.Millisecond, 880))
				}
				time.Sleep(2*time.Second + length(disclosure+greeting))
			})
			first, between, then := p.since(0)[:told], p.since(0)[told:let], p.since(let)
			assert.InDelta(t, length(greeting), heardFor(first, greeting), float64(140*time.Millisecond))
			assert.Empty(t, melody(between), "it waits")
			by := o.journal.now().AnsweredBy
			assert.Equal(t, []who.Who{who.Screening}, by.Before)
			if next == saysTone {
				assert.Equal(t, who.Voicemail, by.Who)
				assert.InDelta(t, length(message), heardFor(then, message), float64(140*time.Millisecond))
				return
			}
			assert.Equal(t, who.Person, by.Who)
			assert.InDelta(t, length(greeting), heardFor(then, greeting), float64(140*time.Millisecond))
		})
	}
}

// An assistant that lets nobody through is not waited for for ever.
func TestScreenedOut(t *testing.T) {
	o, _ := detecting(t, "", atOnce, func(o *office, p *telephone) {
		p.speaks(o.ctx, saysScreens, 3*time.Second)
		time.Sleep(time.Minute)
	})
	r := o.journal.now()
	assert.Equal(t, who.Screening, r.AnsweredBy.Who)
	assert.Equal(t, "screening", r.EndCause)
}

// Codes say why nobody answered.
func TestCodesSayWhy(t *testing.T) {
	for status, want := range map[int]who.Outcome{
		404: {Who: who.Failed, Notice: who.InvalidNumber},
		480: {Who: who.NoAnswer, Notice: who.Unreachable},
		486: {Who: who.Busy},
		603: {Who: who.Busy, Notice: who.Declined},
		0:   {Who: who.Failed},
	} {
		o, _ := detecting(t, "", func(*office, *telephone, func(int, []byte)) error {
			if status == 0 {
				return errors.New("no route")
			}
			return refusal(status)
		}, nil)
		by := o.journal.now().AnsweredBy
		require.NotNil(t, by, "%d", status)
		assert.Equal(t, want.Who, by.Who, "%d", status)
		assert.Equal(t, want.Notice, by.Notice, "%d", status)
		assert.Equal(t, status, by.SIPStatus)
	}
}
