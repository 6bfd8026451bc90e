package answer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"hotline/asr"
	"hotline/internal/call/answer"
	"hotline/media/dsp"
)

// feed gives a detector sound, and says what is heard in it.
func feed(d *answer.Detector, x []int16) {
	for ; len(x) >= frameLen; x = x[frameLen:] {
		d.Frame(x[:frameLen])
	}
}

func silent(d *answer.Detector, t time.Duration) { feed(d, make([]int16, span(t))) }

// say is a voice that says a text, as a recogniser hears it.
func say(d *answer.Detector, text string, long time.Duration, final bool) {
	start := d.Now()
	feed(d, dsp.Sine(rate, -18, 60*time.Millisecond, 230, 700, 1110))
	d.Heard(asr.Result{Kind: asr.SpeechStart, Start: start, End: d.Now()})
	feed(d, dsp.Sine(rate, -18, long-60*time.Millisecond, 230, 700, 1110))
	end := d.Now()
	silent(d, 180*time.Millisecond)
	d.Heard(asr.Result{Kind: asr.SpeechPause, Start: start, End: end})
	silent(d, 120*time.Millisecond)
	if text != "" {
		d.Heard(asr.Result{Kind: asr.Partial, Start: start, End: end, Text: text})
	}
	if final {
		silent(d, 160*time.Millisecond)
		d.Heard(asr.Result{Kind: asr.Final, Start: start, End: end, Text: text})
	}
}

// What is said tells who it is, in both languages and with a recogniser's mistakes.
func TestWords(t *testing.T) {
	for text, want := range map[string]answer.Outcome{
		"喂":                   {Who: answer.Person},
		"喂，你好，哪位？":            {Who: answer.Person},
		"Hello, who is this?": {Who: answer.Person},
		"您好，请在嘀声后留言":          {Who: answer.Voicemail},
		"请在低声后流言":             {Who: answer.Voicemail},
		"您好，我是小王，我现在不方便接电话":                                  {Who: answer.Voicemail},
		"Please leave a massage after the tone":              {Who: answer.Voicemail},
		"您拨打的号码是空号":                                          {Who: answer.Announcement, Notice: answer.InvalidNumber},
		"您波打的电话已官机":                                          {Who: answer.Announcement, Notice: answer.PoweredOff},
		"您撥打的電話已關機":                                          {Who: answer.Announcement, Notice: answer.PoweredOff},
		"对不起，您拨打的电话已停机":                                      {Who: answer.Announcement, Notice: answer.Suspended},
		"您拨打的用户正在通话中":                                        {Who: answer.Announcement, Notice: answer.InCall},
		"您拨打的电话暂时无法接通，请稍后再拨":                                 {Who: answer.Announcement, Notice: answer.Unreachable},
		"您拨打的用户已设置呼入限制":                                      {Who: answer.Announcement, Notice: answer.IncomingBarred},
		"您拨打的用户已关机，来电信息将以短信通知":                               {Who: answer.Announcement, Notice: answer.MissedCallService},
		"您拨打的电话暂时无人接听":                                       {Who: answer.Announcement, Notice: answer.NotAnswered},
		"The number you have dialed is not in service":       {Who: answer.Announcement, Notice: answer.InvalidNumber},
		"The mailbox is full and cannot accept any messages": {Who: answer.Announcement, Notice: answer.MailboxFull},
		"All circuits are busy now, please try again later":  {Who: answer.Announcement, Notice: answer.CircuitsBusy},
		"人工服务请按零":                                            {Who: answer.Menu},
		"For sales, press 1":                                 {Who: answer.Menu},
		"我是机主的智能秘书":                                          {Who: answer.Screening},
		"Record your name and reason for calling":            {Who: answer.Screening},
	} {
		d := answer.New(rate, answer.Config{})
		d.Answered()
		silent(d, 300*time.Millisecond)
		say(d, text, 1500*time.Millisecond, true)
		silent(d, time.Second)
		o := d.Outcome()
		assert.Equal(t, want.Who, o.Who, "%s: %+v", text, o)
		assert.Equal(t, want.Notice, o.Notice, text)
	}
}

// A person is known by words, and without them by how short they are, in time.
func TestPersonInTime(t *testing.T) {
	for _, text := range []string{"喂", "hello", "", "嗡嗡嗡"} {
		d := answer.New(rate, answer.Config{})
		d.Answered()
		silent(d, 400*time.Millisecond)
		say(d, text, 700*time.Millisecond, false)
		silent(d, 300*time.Millisecond)
		o := d.Outcome()
		assert.Equal(t, answer.Person, o.Who, "%q", text)
		assert.LessOrEqual(t, o.AfterMS, int64(600), "%q", text)
		assert.True(t, d.Clear())
	}
}

// Somebody who talks on is no person, whatever he says; a beep ends the doubt.
func TestTalksOn(t *testing.T) {
	d := answer.New(rate, answer.Config{})
	d.Answered()
	start := d.Now()
	feed(d, dsp.Sine(rate, -18, 100*time.Millisecond, 230, 700, 1110))
	d.Heard(asr.Result{Kind: asr.SpeechStart, Start: start, End: d.Now()})
	feed(d, dsp.Sine(rate, -18, 8*time.Second, 230, 700, 1110))
	assert.Equal(t, answer.Voicemail, d.Outcome().Who)
	assert.False(t, d.Clear(), "it still speaks")
	d.Heard(asr.Result{Kind: asr.SpeechPause, Start: start, End: d.Now()})
	silent(d, 500*time.Millisecond)
	assert.False(t, d.Clear())
	feed(d, dsp.Sine(rate, -18, 300*time.Millisecond, 1000))
	assert.False(t, d.Clear(), "not into the beep")
	silent(d, 300*time.Millisecond)
	assert.True(t, d.Clear())
	assert.InDelta(t, 8900, d.Outcome().BeepMS, 60)
}

// A greeting that no beep follows is over after some silence.
func TestNoBeep(t *testing.T) {
	d := answer.New(rate, answer.Config{})
	d.Answered()
	say(d, "我现在不方便接电话，请留言", 3*time.Second, true)
	silent(d, time.Second)
	assert.Equal(t, answer.Voicemail, d.Outcome().Who)
	assert.False(t, d.Clear())
	silent(d, 1200*time.Millisecond)
	assert.True(t, d.Clear())
}

// A second call that the callee is told of is no reason to hang up.
func TestCallWaiting(t *testing.T) {
	d := answer.New(rate, answer.Config{})
	say(d, "您好，请不要挂机，您拨打的用户正在通话中", 3*time.Second, true)
	silent(d, 2*time.Second)
	assert.False(t, d.Outcome().Decided())
}

// What a carrier says in its announcement is more than its code.
func TestCodes(t *testing.T) {
	refused := func(status int, reason string) answer.Outcome {
		return answer.New(rate, answer.Config{}).Refused(status, reason)
	}
	assert.Equal(t, answer.Busy, refused(486, "").Who)
	o := refused(480, `SIP;cause=480, Q.850;cause=1;text="Unallocated"`)
	assert.Equal(t, answer.Failed, o.Who)
	assert.Equal(t, answer.InvalidNumber, o.Notice)
	assert.Equal(t, 1, o.Cause)
	assert.Equal(t, answer.NoAnswer, refused(487, `Q.850;cause=19`).Who)
	assert.Equal(t, answer.Declined, refused(603, "").Notice)
	assert.Equal(t, answer.IncomingBarred, refused(500, "Q.850;cause=55").Notice)

	d := answer.New(rate, answer.Config{})
	say(d, "您拨打的电话已关机", 2*time.Second, false)
	o = d.Refused(480, "")
	assert.Equal(t, answer.Announcement, o.Who)
	assert.Equal(t, answer.PoweredOff, o.Notice)
	assert.True(t, o.Early)
	assert.Equal(t, 480, o.SIPStatus)
}

// Words and codes together say more than each: a code decides between two things that
// were heard, and makes an announcement of which only the beginning was understood one.
func TestCodesAndWords(t *testing.T) {
	for _, c := range []struct {
		text   string
		status int
		reason string
		want   answer.Notice
	}{
		{"您拨打的电话已关机或不在服务区", 480, "Q.850;cause=20", answer.Unreachable},
		{"您拨打的电话已关机或不在服务区", 480, "", answer.Unreachable},
		{"您所拨打的后妈已经", 404, "", answer.InvalidNumber},
		{"the number you have tiled", 480, "Q.850;cause=1", answer.InvalidNumber},
		{"您拨打的电话已停机", 480, "", answer.Suspended},
		{"Sorry, the subscriber you dialed is powered off", 480, "Q.850;cause=20", answer.PoweredOff},
		{"您拨打的用户正忙", 486, "Q.850;cause=17", answer.InCall},
	} {
		d := answer.New(rate, answer.Config{})
		say(d, c.text, 2*time.Second, false)
		o := d.Refused(c.status, c.reason)
		assert.Equal(t, answer.Announcement, o.Who, c.text)
		assert.Equal(t, c.want, o.Notice, c.text)
	}
}

// A call that the network has sent on is rather a voicemail's: a bare hello is not
// believed at once, a question is.
func TestForwarded(t *testing.T) {
	for text, soon := range map[string]bool{"喂，你找谁": true, "喂": false, "hello": false} {
		d := answer.New(rate, answer.Config{})
		d.Forwarded("SIP 181")
		d.Answered()
		silent(d, 300*time.Millisecond)
		say(d, text, 600*time.Millisecond, false)
		silent(d, 350*time.Millisecond)
		assert.Equal(t, soon, d.Outcome().Who == answer.Person, text)
		silent(d, 600*time.Millisecond)
		assert.Equal(t, answer.Person, d.Outcome().Who, text)
	}
}

// An assistant that has been told who calls lets us through to somebody who says hello;
// what it says itself is none.
func TestLetThrough(t *testing.T) {
	d := answer.New(rate, answer.Config{})
	d.Answered()
	say(d, "请说出您的姓名和来电原因", 2*time.Second, true)
	silent(d, 1200*time.Millisecond)
	assert.Equal(t, answer.Screening, d.Outcome().Who)
	assert.True(t, d.Clear())
	d.Told()
	for _, text := range []string{"好的，请稍等", "Thanks. Stay on the line.", "我会转告机主"} {
		say(d, text, 1500*time.Millisecond, true)
		silent(d, 2*time.Second)
		assert.Equal(t, answer.Screening, d.Outcome().Who, text)
	}
	d.Told()
	say(d, "喂，你好", 700*time.Millisecond, true)
	silent(d, 400*time.Millisecond)
	assert.Equal(t, answer.Person, d.Outcome().Who)
	assert.True(t, d.Clear())
}

// A frame costs no memory.
func TestFrameAllocatesNothing(t *testing.T) {
	d := answer.New(rate, answer.Config{})
	x := dsp.Sine(rate, -20, 20*time.Millisecond, 450, 620)
	assert.Zero(t, testing.AllocsPerRun(500, func() { d.Frame(x) }))
}

func BenchmarkFrame(b *testing.B) {
	d := answer.New(rate, answer.Config{})
	x := dsp.Sine(rate, -20, 20*time.Millisecond, 450, 620)
	for b.Loop() {
		d.Frame(x)
	}
}

// Whatever a recogniser says, in whatever order, breaks nothing.
func FuzzDetector(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5}, "喂")
	f.Fuzz(func(t *testing.T, steps []byte, text string) {
		d := answer.New(rate, answer.Config{})
		x := dsp.Sine(rate, -20, 20*time.Millisecond, 450)
		for i, s := range steps {
			switch s % 10 {
			case 0:
				d.Answered()
			case 1, 2, 3, 4, 5, 6:
				d.Heard(asr.Result{Kind: asr.Kind(s % 10), Text: text, Start: time.Duration(i) * 20 * time.Millisecond, End: time.Duration(s) * 20 * time.Millisecond})
			default:
				for range s {
					d.Frame(x)
				}
			}
		}
		if o := d.Refused(404, text); !o.Decided() {
			t.Fatal("a refusal decides")
		}
	})
}

// A hole in a greeting is no pause of it: what does not arrive is not silence.
func TestHolesAreNoSilence(t *testing.T) {
	for missing, person := range map[bool]bool{false: true, true: false} {
		d := answer.New(rate, answer.Config{})
		d.Answered()
		silent(d, 300*time.Millisecond)
		start := d.Now()
		feed(d, dsp.Sine(rate, -18, 60*time.Millisecond, 230, 700, 1110))
		d.Heard(asr.Result{Kind: asr.SpeechStart, Start: start, End: d.Now()})
		feed(d, dsp.Sine(rate, -18, 500*time.Millisecond, 230, 700, 1110))
		end := d.Now()
		hole := func(long time.Duration) {
			for range long / (20 * time.Millisecond) {
				if missing {
					d.Missing()
				}
				d.Frame(make([]int16, frameLen))
			}
		}
		hole(180 * time.Millisecond)
		d.Heard(asr.Result{Kind: asr.SpeechPause, Start: start, End: end})
		hole(200 * time.Millisecond)
		silent(d, 200*time.Millisecond)
		assert.Equal(t, person, d.Outcome().Who == answer.Person, "580 ms, 380 of them missing: %v", missing)
		silent(d, 400*time.Millisecond)
		assert.Equal(t, answer.Person, d.Outcome().Who, "it is not waited for any longer")
	}
}
