// Package answer tells who or what answered a call that we made: a person, a
// voicemail, a fax, a carrier's announcement, an assistant that screens calls, a menu.
//
// # Concepts
//
// A [Detector] is given what there is to know, as it comes: frames of the far end's
// sound from the first early media on, what a recogniser heard in them, the answer,
// the final SIP response. From that it makes an [Outcome], which later evidence may
// revise: who was taken for a person may turn out to be a long greeting. Tones are
// found by media/dsp, words by asr; what words mean is in this package, in two
// languages, and compared by their sound, since recognisers err.
//
// # Concurrency
//
// A Detector belongs to one goroutine, starts none and knows no clock: its time is
// that of the frames it was given.
package answer

import "time"

// Who is what was at the other end.
type Who string

// What may be at the other end.
const (
	Person       Who = "person"
	Voicemail    Who = "voicemail"    // a greeting, after which one may leave a message
	Fax          Who = "fax"          // or another modem
	Screening    Who = "screening"    // a telephone's assistant asks who calls and why
	Menu         Who = "menu"         // "press one for …"
	Announcement Who = "announcement" // of the carrier; Notice says what of
	Busy         Who = "busy"
	NoAnswer     Who = "no_answer"
	Failed       Who = "failed"
	Silence      Who = "silence" // answered, and nobody said anything
)

// Notice is what a carrier says about a number, in words, tones or codes.
type Notice string

// The notices.
const (
	InvalidNumber     Notice = "invalid_number"      // 空号
	PoweredOff        Notice = "powered_off"         // 关机
	Suspended         Notice = "suspended"           // 停机
	InCall            Notice = "in_call"             // 正在通话中
	Unreachable       Notice = "unreachable"         // 无法接通
	IncomingBarred    Notice = "incoming_barred"     // 呼入限制
	MissedCallService Notice = "missed_call_service" // 来电提醒
	NotAnswered       Notice = "not_answered"        // 暂时无人接听
	Declined          Notice = "declined"            // 不方便接听, 603
	CircuitsBusy      Notice = "circuits_busy"       // 线路忙
	MailboxFull       Notice = "mailbox_full"
	OtherNotice       Notice = "other" // an announcement that was not understood further
)

// Outcome is who answered, why that is believed, and when it was known. Times are
// milliseconds since the answer, or since the first sound where there was no answer.
type Outcome struct {
	Who    Who    `json:"who"`
	Notice Notice `json:"notice,omitempty"`
	Early  bool   `json:"early,omitempty"` // known before the answer
	AtMS   int64  `json:"at_ms"`           // when it was decided
	// AfterMS is how long after the end of the last voice that was.
	AfterMS int64 `json:"after_ms,omitempty"`
	// BeepMS is when the voicemail's beep ended: the message begins after it.
	BeepMS int64 `json:"beep_ms,omitempty"`
	// SIPStatus and Cause are the final response and its Q.850 cause, 0 without.
	SIPStatus int `json:"sip_status,omitempty"`
	Cause     int `json:"cause,omitempty"`
	// Before is what it was taken for before, in order.
	Before   []Who      `json:"before,omitempty"`
	Evidence []Evidence `json:"evidence,omitempty"`
}

// Evidence is one thing that spoke for an Outcome. It holds no personal data: of
// words it names the phrase that was looked for, not what was said.
type Evidence struct {
	MS   int64  `json:"ms"`
	Kind string `json:"kind"` // "word", "tone", "beep", "length", "silence", "code", "music"
	What string `json:"what"`
}

// Decided tells whether there is an outcome.
func (o Outcome) Decided() bool { return o.Who != "" }

// Talks tells whether it makes sense to talk to who answered.
func (o Outcome) Talks() bool { return o.Who == Person || o.Who == Screening || o.Who == Silence }

// Config sets a Detector. The zero value works.
type Config struct {
	// Silence is how long nothing is heard after the answer until the outcome is
	// Silence; default 3 s.
	Silence time.Duration
	// Short is the most voice that is a person's first words, whatever they were:
	// default 2 s.
	Short time.Duration
	// Hello is how much silence behind a bare "hello" makes it a person's: default 540 ms.
	// With less the bot begins sooner, and more often speaks to a greeting that goes on.
	Hello time.Duration
	// Greeting is the most that a greeting lasts; then no message is left. Default 60 s.
	Greeting time.Duration
	// Quiet is how much silence ends a greeting that no beep follows; default 2.2 s.
	Quiet time.Duration
}

func (c Config) withDefaults() Config {
	for _, v := range []struct {
		d   *time.Duration
		def time.Duration
	}{
		{&c.Silence, 3 * time.Second}, {&c.Short, 2 * time.Second}, {&c.Hello, 540 * time.Millisecond}, {&c.Greeting, time.Minute}, {&c.Quiet, 2200 * time.Millisecond},
	} {
		if *v.d <= 0 {
			*v.d = v.def
		}
	}
	return c
}
