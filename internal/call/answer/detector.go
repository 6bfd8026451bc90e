package answer

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"strings"
	"time"

	"hotline/asr"
	"hotline/media/dsp"
)

// The rules' times; those that a deployment may want to change are in Config.
const (
	// A person has said his first words when there is this much silence behind them:
	// behind a question, which only somebody asks who waits for the answer; behind others,
	// or while no words are known yet. A bare "hello" lies between, see [Config].
	afterKnown, afterAny = 340 * time.Millisecond, 540 * time.Millisecond
	// afterLean is the silence behind first words as machines rather have them, or that
	// are longer than a hello and nothing that people say: the greeting may go on.
	afterLean = 1100 * time.Millisecond
	// longUnknown is how much longer than Config.Short first words may be of which nothing
	// is known and that are still believed soon.
	longUnknown = 1600 * time.Millisecond
	// mostMissing is how much of a silence may be frames that did not arrive; a far end
	// may also send nothing while nobody speaks.
	mostMissing = 400 * time.Millisecond
	// onset is how long a sound that has just begun keeps a decision off: the recogniser
	// tells that a voice goes on a little later.
	onset = 100 * time.Millisecond
	// leastVoice is a "喂" of which a recogniser makes no word; a click is shorter.
	leastVoice = 140 * time.Millisecond
	// Longer first words are a person's only when their text speaks for nothing else,
	// and it waits.
	longFirst, afterLong = 3600 * time.Millisecond, 1500 * time.Millisecond
	// mostPerson is the longest first turn of a person of whose words nothing is known.
	mostPerson = 4500 * time.Millisecond
	// afterAsking is the silence behind an assistant's question.
	afterAsking = 1200 * time.Millisecond
	// talksOn is voice without an end that no person's first words have.
	talksOn = 6500 * time.Millisecond
	// An announcement is over after so much silence, or has been heard long enough.
	afterNotice, noticeLong = 700 * time.Millisecond, 7 * time.Second
	// noticeLongest is the same before the answer, where nobody waits for us: why comes
	// first, and whether the callee will be told of the call comes behind it.
	noticeLongest = 10 * time.Second
	// beforeAnswer is the silence behind an announcement before the answer.
	beforeAnswer = 800 * time.Millisecond
	// quietBelow is by how much the line falls when a voice ends: music does not, dB.
	quietBelow = 8.0
	// noisyBelow is by how much less the line falls where noise hides the end of a voice,
	// dB, from the recogniser for about toldLate.
	noisyBelow = 18.0
	toldLate   = 100 * time.Millisecond
	// levelFall is by how much the voice's level is forgotten in a frame, dB.
	levelFall = 0.05
	// musicAfter is sound without a dip which is no voice.
	musicAfter = 4 * time.Second
	// ringing is how long after a ring-back tone, heard after the answer, somebody may
	// still pick up.
	ringing = 8 * time.Second
	// givesUp is how long after the answer there may be sound and no outcome.
	givesUp = 15 * time.Second
	// revisable is how long after a person was decided for it may turn out to be none.
	revisable = 15 * time.Second
	// promised is how long a beep is waited for that the greeting has promised.
	promised = 5 * time.Second
	// afterBeep is left between the beep and the message.
	afterBeep = 160 * time.Millisecond
	// beepQuiet is the silence behind the last of a row of beeps, and beepNoise how long
	// it is waited for on a line that is never silent.
	beepQuiet, beepNoise = 140 * time.Millisecond, 400 * time.Millisecond
	// spokenOn is voice behind what seemed a beep that makes it none.
	spokenOn = 400 * time.Millisecond
	// faxQuiet is the silence behind one burst of 1100 Hz that makes it a fax's.
	faxQuiet = 1300 * time.Millisecond
)

// A Detector tells who answered one call.
type Detector struct {
	cfg   Config
	tones *tones

	answered  bool
	answerAt  time.Duration
	forwarded bool // the network says that the call went on to somewhere else
	told      bool // an assistant knows who calls
	toldAt    time.Duration

	// Of the voice that is heard, since the answer or, before it, since the beginning.
	voice       bool
	first       time.Duration // where it began
	end         time.Duration // end of the last voice
	utterances  int
	voiced      time.Duration // of the utterances that are over
	start       time.Duration // of the last one
	going       bool          // the last one is not over
	closed      string        // the texts of those that are final
	partial     string
	said        *reading // of both
	texted      bool     // the last utterance has a text
	missing     uint64   // which of the last frames did not arrive, the last one in the lowest bit
	next        uint64   // the same of the next one
	level, rest float64  // of the voice at its loudest, and of the line just now, dB

	out     Outcome
	decided time.Duration
	guessed bool          // by lengths alone
	beep    time.Duration // end of the beep
	maybe   tone          // the last that may have been one
	clear   bool
}

// New returns a Detector for sound of rate Hz.
func New(rate int, cfg Config) *Detector {
	return &Detector{cfg: cfg.withDefaults(), tones: newTones(rate), level: dsp.Silence, rest: math.NaN()}
}

// Answered tells that the call was answered just now: what was heard before is nobody's
// first word.
func (d *Detector) Answered() {
	if d.answered {
		return
	}
	d.answered, d.answerAt = true, d.tones.now
	d.forget()
	if d.out.Early { // it was answered all the same
		d.out = Outcome{}
	}
}

// Forwarded tells that the network has sent the call on (181 of RFC 3261 section
// 21.1.3; Diversion, RFC 5806; History-Info, RFC 7044): mostly to a voicemail, so that a
// bare "hello" is not believed at once.
func (d *Detector) Forwarded(how string) {
	if !d.forwarded {
		d.forwarded = true
		d.note("code", how)
	}
}

func (d *Detector) forget() {
	d.voice, d.going, d.first, d.end, d.start = false, false, 0, 0, 0
	d.utterances, d.voiced = 0, 0
	d.closed, d.partial, d.said, d.texted = "", "", nil, false
	d.level, d.maybe = dsp.Silence, tone{}
	d.tones.fax, d.tones.busy, d.tones.calling = "", "", 0
}

// Outcome is who is believed to be there by now.
func (d *Detector) Outcome() Outcome { return d.out }

// Clear tells that one may speak: a person at once, to a voicemail once its beep is
// over or its greeting and some silence, to an assistant when it has asked.
func (d *Detector) Clear() bool { return d.clear }

// Expired tells that a greeting has lasted longer than messages are worth.
func (d *Detector) Expired() bool {
	return d.answered && d.out.Who == Voicemail && !d.clear && d.tones.now-d.answerAt > d.cfg.Greeting
}

// Revisable tells whether what was taken for a person may yet turn out to be none.
func (d *Detector) Revisable() bool {
	return d.out.Who == Person && d.tones.now-d.decided < revisable
}

// Now is the detector's time: that of the frames it was given.
func (d *Detector) Now() time.Duration { return d.tones.now }

// Missing tells that the next frame did not arrive: what is given in its place is not
// the far end's silence.
func (d *Detector) Missing() { d.next = 1 }

// Frame takes the next 20 ms of the far end's sound.
func (d *Detector) Frame(f []int16) {
	d.missing, d.next = d.missing<<1|d.next, 0
	ended := d.tones.take(f)
	d.levels()
	if ended != nil {
		d.beeped(*ended)
	}
	d.judge()
}

// levels keeps how loud the voice is, and the line behind it.
func (d *Detector) levels() {
	db := d.tones.level
	if math.IsNaN(d.rest) {
		d.rest = db
	}
	d.rest += (db - d.rest) / 5
	if d.voice {
		d.level = max(d.level-levelFall, d.rest)
	}
}

// Heard takes what a recogniser heard in the frames; its times are those of Now.
func (d *Detector) Heard(r asr.Result) {
	if d.answered && r.End != 0 && r.End < d.answerAt || d.told && r.Start < d.toldAt {
		return // it speaks of what was before
	}
	switch r.Kind {
	case asr.SpeechStart:
		d.voice, d.going, d.start = true, true, max(r.Start, d.answerAt)
		if d.utterances == 0 {
			d.first = d.start
		}
		d.utterances++
		d.texted = false
	case asr.SpeechResume:
		d.voice, d.texted = true, false
	case asr.SpeechPause:
		d.voice, d.end = false, r.End
	case asr.Partial:
		d.partial, d.texted = r.Text, true
		d.understand()
	case asr.Final, asr.Fault:
		d.voice, d.going, d.end = false, false, max(r.End, d.end)
		d.voiced += max(0, r.End-d.start)
		if r.Text != "" {
			d.closed = asr.JoinTexts(d.closed, r.Text)
		}
		if r.Noise && d.utterances == 1 && r.End-r.Start < leastVoice { // a click was taken for a voice
			d.utterances, d.voiced, d.first, d.end = 0, 0, 0, 0
		}
		if d.beep > 0 && !d.clear && r.Start > d.beep && d.end-r.Start > spokenOn { // it was none: the greeting has gone on
			d.beep, d.out.BeepMS = 0, 0
		}
		d.partial, d.texted = "", r.Kind == asr.Final
		d.understand()
	}
	d.judge()
}

const longestText = 600 // runes of all that was said which are looked at

func (d *Detector) understand() {
	text := strings.TrimSpace(asr.JoinTexts(d.closed, d.partial))
	if r := []rune(text); len(r) > longestText {
		text = string(r[len(r)-longestText:])
	}
	before := d.said
	d.said = read(text)
	if before != nil && d.said.notice == "" { // a longer text is not always a better one
		d.said.notice = before.notice
	}
}

// since is a time on the axis of the outcome.
func (d *Detector) since(at time.Duration) int64 { return (at - d.answerAt).Milliseconds() }

// decide settles the outcome, or revises it.
func (d *Detector) decide(who Who, notice Notice, kind, what string) {
	if d.out.Who == who && (d.out.Notice == notice || notice == "" || d.out.Notice != "" && d.out.Notice != OtherNotice && kind != "word") {
		return
	}
	o := &d.out
	if o.Who != "" && o.Who != who {
		o.Before = append(o.Before, o.Who)
	}
	now := d.tones.now
	o.Who, o.Notice, o.Early = who, notice, !d.answered
	o.AtMS = d.since(now)
	o.AfterMS = 0
	if d.end > 0 && !d.voice {
		o.AfterMS = (now - d.end).Milliseconds()
	}
	d.note(kind, what)
	d.decided, d.guessed = now, kind == "length"
	d.clear = who == Person || who == Silence
	// The words may be known only when the beep behind them is over.
	if x := d.maybe; who == Voicemail && kind == "word" && d.beep == 0 && x.end > 0 && !d.voice && x.end > d.end-afterNotice && now-x.end < promised {
		d.beep = x.end
		d.out.BeepMS = d.since(x.end)
		d.note("beep", fmt.Sprintf("%.0f Hz, before", x.hz))
	}
}

// maxEvidence bounds what is kept.
const maxEvidence = 16

func (d *Detector) note(kind, what string) {
	if len(d.out.Evidence) < maxEvidence {
		d.out.Evidence = append(d.out.Evidence, Evidence{MS: d.since(d.tones.now), Kind: kind, What: what})
	}
}

// beeped takes a tone that has ended.
func (d *Detector) beeped(x tone) {
	if !d.answered || x.length() < beepLeast || x.hz < beepLow || x.hz > beepHigh || x.end <= d.answerAt {
		return
	}
	heard := d.utterances > 0 && d.voiceLength() > 0
	if heard {
		d.maybe = x
	}
	what := fmt.Sprintf("%.0f Hz for %d ms", x.hz, x.length().Milliseconds())
	switch {
	case d.out.Who == Voicemail:
	case d.out.Who == Person && d.tones.now-d.decided < revisable && x.length() >= 2*beepLeast,
		d.out.Who == "" && heard && x.length() >= beepLeast+40*time.Millisecond && d.voiceLength() > d.cfg.Short/2:
		d.decide(Voicemail, "", "beep", what)
	default:
		return
	}
	d.beep = x.end
	d.out.BeepMS = d.since(x.end)
	d.note("beep", what)
}

// voiceLength is how much was said since the answer.
func (d *Detector) voiceLength() time.Duration {
	switch {
	case d.voice:
		return d.voiced + d.tones.now - d.start
	case d.going:
		return d.voiced + max(0, d.end-d.start)
	}
	return d.voiced
}

// span is how long it was from the first voice to the last.
func (d *Detector) span() time.Duration {
	if d.utterances == 0 {
		return 0
	}
	if d.voice {
		return d.tones.now - d.first
	}
	return d.end - d.first
}

// quiet is how long nobody has spoken since the last voice, as far as that was heard; a
// tone that goes on, or music, is not quiet.
func (d *Detector) quiet() time.Duration {
	if d.voice || d.end == 0 {
		return 0
	}
	quiet := d.tones.now - d.end
	missing := bits.OnesCount64(d.missing & (1<<min(quiet/frameTime, 64) - 1))
	return quiet - min(time.Duration(missing)*frameTime, mostMissing)
}

// noisy tells whether the line is loud behind the voice, as where people are who
// answer: then the recogniser tells late that the voice is over.
func (d *Detector) noisy() bool {
	return !d.voice && d.level-d.rest < noisyBelow
}

// fell tells whether the line fell silent behind the voice.
func (d *Detector) fell() bool {
	return d.rest <= d.level-quietBelow
}

// judge draws conclusions from all that is known by now.
func (d *Detector) judge() {
	switch d.out.Who {
	case "":
		d.open()
	case Person, Silence, Announcement:
		d.revise()
	case Screening:
		d.passed()
	case Menu, Voicemail, Fax, Busy, NoAnswer, Failed:
		switch who := d.said.machine(); {
		case !d.answered || d.out.Who != Voicemail:
		case d.guessed && who != "" && who != Announcement, who == Menu && d.beep == 0 && d.said.scores[Menu] > d.said.scores[Voicemail]+0.3:
			d.decide(who, "", "word", d.said.strongest(who))
		case who == Screening && d.beep == 0 && d.said.scores[Screening] >= d.said.scores[Voicemail]: // "after the tone, say your name"
			d.decide(who, "", "word", d.said.strongest(who))
		case d.guessed && who == Announcement && d.quiet() >= afterNotice:
			d.decide(who, cmp.Or(d.said.notice, OtherNotice), "word", d.said.strongest(who))
		}
		if d.out.Who == Voicemail && d.answered && d.said != nil && d.said.notice == MailboxFull && d.said.machine() == Announcement {
			d.decide(Announcement, MailboxFull, "word", d.said.strongest(Announcement))
		}
	}
	if !d.clear {
		d.cleared()
	}
}

// open looks for a first outcome.
func (d *Detector) open() {
	t := d.tones
	switch {
	case t.fax != "":
		d.decide(Fax, "", "tone", t.fax)
		return
	case t.intercept != "":
		d.decide(Announcement, t.intercept, "tone", t.sitWhat)
		return
	case t.busy == InCall:
		d.decide(Busy, "", "tone", t.busyWhat)
		return
	case t.busy != "":
		d.decide(Failed, t.busy, "tone", t.busyWhat)
		return
	}
	if !d.answered {
		d.early()
		return
	}
	now := t.now
	if t.calling == 1 && d.utterances == 0 && t.callingAt > d.answerAt && now-t.callingAt > faxQuiet {
		d.decide(Fax, "", "tone", "1100 Hz")
		return
	}
	if d.machine() {
		return
	}
	if d.utterances == 0 {
		d.nobody()
		return
	}
	d.person()
}

// early judges what is heard before the answer: nobody has picked up, so only a
// carrier speaks. A colour ring-back tone is music and advertisements.
func (d *Detector) early() {
	r := d.said
	if r == nil || r.waiting || r.scores[Announcement] < enough || r.notice == "" {
		return
	}
	sure := r.scores[Announcement] >= 1.3
	if q := d.quiet(); sure && q >= beforeAnswer || q >= beforeAnswer+afterNotice || sure && d.span() > noticeLongest {
		d.decide(Announcement, r.notice, "word", r.strongest(Announcement))
	}
}

// machine judges by words that no person says.
func (d *Detector) machine() bool {
	r := d.said
	who := r.machine()
	switch who {
	case "":
		return false
	case Announcement:
		// More may follow: "… please leave a message".
		if d.quiet() < afterNotice && d.span() < noticeLong {
			return true
		}
		d.decide(Announcement, cmp.Or(r.notice, OtherNotice), "word", r.strongest(who))
	default:
		d.decide(who, "", "word", r.strongest(who))
	}
	return true
}

// nobody judges a line on which nobody has spoken since the answer.
func (d *Detector) nobody() {
	t := d.tones
	last := d.answerAt
	if t.ringUntil > d.answerAt {
		last = t.ringUntil + ringing - d.cfg.Silence
	}
	switch {
	case t.now-d.answerAt >= givesUp, t.loudFor < musicAfter/4 && t.now-last >= d.cfg.Silence && !t.steady():
		what := "nothing was said"
		if t.loudFor >= musicAfter {
			what = "music or noise alone"
		}
		d.decide(Silence, "", "silence", what)
	}
}

// person judges somebody who has spoken and says nothing that a machine says.
func (d *Detector) person() {
	silent, span := d.quiet(), d.span()
	q := silent
	if d.noisy() {
		q += toldLate
	}
	if d.tones.steady() {
		return
	}
	switch {
	case d.voice && span >= talksOn && d.voiceLength() >= talksOn*8/10 && !d.said.person():
		d.decide(Voicemail, "", "length", fmt.Sprintf("it talks on for %d ms", span.Milliseconds()))
		return
	case d.voice || !d.fell() && q < afterLong:
		return
	}
	length := fmt.Sprintf("%d ms of voice, %d ms of silence", span.Milliseconds(), silent.Milliseconds())
	if d.tones.sound() && q < afterLong && d.tones.loudFor <= onset { // it may go on
		return
	}
	switch {
	case d.texted && d.said.person() && span <= 2*longFirst:
		if wait := d.patience(); q >= wait && (wait != afterLean || silent >= wait) {
			d.decide(Person, "", "word", d.said.strongest(Person))
			d.note("length", length)
		}
	case d.forwarded && q < afterLean:
	case d.texted && (d.said.leans() || span > d.cfg.Short+longUnknown):
		d.leaning(length)
	case span <= d.cfg.Short && q >= afterAny:
		d.decide(Person, "", "length", length)
	case span <= longFirst && d.texted && q >= afterAny+20*time.Millisecond:
		d.decide(Person, "", "length", length)
	case q >= afterLong && span < mostPerson:
		d.decide(Person, "", "length", length)
	case q >= afterLong:
		d.decide(Voicemail, "", "length", length)
	}
}

// patience is how much silence has to follow words that people say.
func (d *Detector) patience() time.Duration {
	switch {
	case d.said.asks():
		return afterKnown
	case d.said.leans():
		return afterLean
	case d.said.awaits() && !d.forwarded:
		return d.cfg.Hello
	case d.forwarded:
		return afterLean
	}
	return afterAny
}

// leaning judges first words that are no person's by themselves, and prove nothing.
func (d *Detector) leaning(length string) {
	if d.quiet() < afterLean {
		return
	}
	who := d.said.likely()
	switch {
	case who != "":
		d.decide(who, "", "word", d.said.strongest(who))
		d.guessed = true
	case d.span() < mostPerson:
		d.decide(Person, "", "length", length)
	default:
		d.decide(Voicemail, "", "length", length)
	}
}

// revise looks for what speaks against an outcome that was decided.
func (d *Detector) revise() {
	if !d.answered || d.tones.now-d.decided > revisable {
		return
	}
	if d.tones.fax != "" && d.out.Who != Announcement {
		d.decide(Fax, "", "tone", d.tones.fax)
		return
	}
	r := d.said
	who := r.machine()
	switch {
	case d.out.Who == Announcement:
		if who != Announcement && who != "" {
			d.decide(who, "", "word", r.strongest(who))
		} else if who == Announcement && r.notice != "" && r.notice != d.out.Notice {
			d.decide(Announcement, r.notice, "word", r.strongest(who))
		}
	case who == Announcement:
		if d.quiet() >= afterNotice || d.span() >= noticeLong {
			d.decide(who, cmp.Or(r.notice, OtherNotice), "word", r.strongest(who))
		}
	case who != "":
		d.decide(who, "", "word", r.strongest(who))
	case d.out.Who == Silence && d.utterances > 0:
		d.person()
	case d.out.Who == Person && d.voice && !r.person() && d.tones.now-d.start >= talksOn:
		d.decide(Voicemail, "", "length", "it talks on")
	}
}

// Told tells that an assistant is being told who calls and why: what is said from now on
// is its answer, or the person's whom it asked.
func (d *Detector) Told() {
	if d.out.Who == Screening {
		d.told, d.toldAt = true, d.tones.now
		d.forget()
	}
}

// passed looks for whom an assistant has let us through to: a person, who says hello,
// or a voicemail.
func (d *Detector) passed() {
	r := d.said
	switch {
	case !d.told || r == nil:
	case r.machine() == Voicemail:
		d.decide(Voicemail, "", "word", r.strongest(Voicemail))
	case d.texted && !d.voice && r.person() && !r.leans() && (r.asks() || r.awaits()) && d.quiet() >= d.cfg.Hello:
		d.decide(Person, "", "word", r.strongest(Person))
	}
}

// cleared finds the moment to speak to a machine.
func (d *Detector) cleared() {
	now := d.tones.now
	switch d.out.Who {
	case Voicemail:
		quiet := d.quiet()
		if d.tones.sound() {
			quiet = 0
		}
		wait := d.cfg.Quiet
		if d.said != nil && d.said.beep {
			wait = max(wait, promised)
		}
		switch {
		case d.beep > 0 && now-d.beep >= afterBeep && d.tones.quietFor >= beepQuiet, // a row of beeps goes on
			d.beep > 0 && now-d.beep >= beepNoise && !d.tones.steady():
			d.clear = true
		case d.beep == 0 && quiet >= wait && !d.tones.steady():
			d.clear = true
			d.note("silence", "no beep came")
		}
	case Screening:
		d.clear = !d.told && d.quiet() >= afterAsking
	case Person, Silence, Announcement, Menu, Fax, Busy, NoAnswer, Failed:
	}
}

// Refused settles the outcome of a call that was never answered: by its final response
// and the Reason header field, and by what was heard before, which says more.
func (d *Detector) Refused(status int, reason string) Outcome {
	cause := causeOf(reason)
	c := ofStatus(status)
	if byCause, ok := ofCause(cause); ok {
		c = byCause
	}
	what := fmt.Sprintf("SIP %d", status)
	if cause > 0 {
		what += fmt.Sprintf(", Q.850 %d", cause)
	}
	if r := d.said; d.out.Who == "" && r != nil && r.scores[Announcement] >= enough && r.notice != "" && !r.waiting {
		d.decide(Announcement, r.notice, "word", r.strongest(Announcement))
	}
	switch {
	case d.out.Who == "" && d.said != nil && c.notice != "" && d.said.scores[Announcement] >= hint && !d.said.waiting:
		// A carrier spoke, one heard not well what of: the code tells.
		d.decide(Announcement, c.notice, "word", d.said.strongest(Announcement))
		d.note("code", what)
	case d.out.Who == "":
		d.decide(c.who, c.notice, "code", what)
	default:
		vague := d.out.Notice == "" || d.out.Notice == OtherNotice
		if vague || c.notice != "" && d.said.mentions(c.notice) { // words that agree with the code
			d.out.Notice = c.notice
		}
		d.note("code", what)
	}
	d.out.SIPStatus, d.out.Cause = status, cause
	return d.out
}
