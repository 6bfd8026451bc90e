package network

import (
	"time"

	"hotline/media/dsp"
)

// live is one call from its INVITE to its end.
func (l *line) live() {
	d := func(low, high time.Duration) time.Duration {
		return low + time.Duration(l.n.draw(l.told.CallID, 1)%uint64(high-low))
	}
	ring := d(l.n.cfg.Ring/2, 2*l.n.cfg.Ring)
	switch l.mode {
	case Busy:
		l.reject(486)
		return
	case Missing:
		l.reject(404)
		return
	case Declines:
		l.reply(180, "")
		if l.wait(ring) {
			l.reject(603)
		}
		return
	case RingsOut:
		l.reply(180, "")
		if !l.wait(3 * time.Minute) {
			return
		}
		l.reject(480)
		return
	default:
	}
	o := parseOffer(l.invite.Body)
	if !o.known {
		l.reject(488)
		return
	}
	s, err := openSound(o)
	if err != nil {
		l.reject(500)
		return
	}
	defer s.close()
	p := &party{line: l, sound: s, words: said[l.n.cfg.Language(l.told.Number)], lot: l.n.draw(l.told.Number, -1)}
	if l.mode == Announces {
		p.announce()
		return
	}
	l.reply(180, "")
	if !l.wait(ring) || !l.answer(o.answerTo(s.port())) {
		return
	}
	defer p.heard()
	p.until = time.Now().Add(l.n.cfg.Longest)
	p.act()
}

// wait tells whether the call is still there after d.
func (l *line) wait(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-l.gone:
	case <-l.n.shut:
	}
	return false
}

// party is who is at the other end.
type party struct {
	line  *line
	sound *sound
	words phrases
	lot   uint64
	until time.Time // nobody talks longer
	turn  time.Time // since when it listens
}

func (p *party) of(list []string) string { return list[p.lot%uint64(len(list))] }

// announce is a carrier's, before any answer.
func (p *party) announce() {
	a := p.words.announcing[p.lot%uint64(len(p.words.announcing))]
	p.line.reply(183, p.sound.offer.answerTo(p.sound.port()))
	if !p.line.wait(400 * time.Millisecond) {
		return
	}
	for range 2 {
		if !p.say(a.text) || !p.line.wait(time.Second) {
			return
		}
	}
	p.line.reject(a.status)
}

// act is what is done once the call is answered.
func (p *party) act() {
	l := p.line
	switch l.mode {
	case Silent:
		p.stay()
	case HangsUp:
		if l.wait(400 * time.Millisecond) {
			l.bye()
		}
	case Fax:
		p.sound.say(append(make([]int16, rate/5), dsp.Sine(rate, -16, 3*time.Second, 2100)...))
		p.stay()
	case Voicemail:
		p.voicemail()
	case Screens:
		if l.wait(300*time.Millisecond) && p.say(p.words.screening) && p.listen(20*time.Second) {
			l.bye()
		}
	default:
		if l.wait(250*time.Millisecond) && p.say(p.of(p.words.hello)) && p.listen(25*time.Second) {
			p.talk()
		}
	}
}

// talk is what a person says when it is his turn for the first time.
func (p *party) talk() {
	switch p.line.mode {
	case SaysNo:
		p.sayAndHear(p.of(p.words.no))
	case PressesNo:
		p.press('9')
	case AsksLater:
		p.sayAndHear(p.words.later)
	case AsksPerson:
		p.sayAndHear(p.words.person)
	case WrongPerson:
		p.sayAndHear(p.words.wrong)
	case Keys:
		p.press('1')
	default:
		if p.lot%2 == 0 && (!p.say(p.words.agrees) || !p.listen(15*time.Second)) { // others have no more to say
			return
		}
		p.sayAndHear(p.words.leaves)
	}
}

// sayAndHear says something, hears what is answered, and hangs up where the other side
// does not.
func (p *party) sayAndHear(text string) {
	if p.say(text) && p.listen(20*time.Second) && p.line.wait(2*time.Second) {
		p.line.bye()
	}
}

func (p *party) press(key byte) {
	p.sound.key(key)
	p.note(func(c *Call) { c.Keyed += string(key) })
	p.turn = time.Now()
	if p.listen(20*time.Second) && p.line.wait(2*time.Second) {
		p.line.bye()
	}
}

// stay keeps the line until the other side hangs up, or patience ends.
func (p *party) stay() {
	if p.line.wait(time.Until(p.until)) {
		p.line.bye()
	}
}

func (p *party) voicemail() {
	if !p.line.wait(400*time.Millisecond) || !p.say(p.of(p.words.greeting)) || !p.line.wait(500*time.Millisecond) {
		return
	}
	before := p.sound.voiced.Load()
	p.sound.say(dsp.Sine(rate, -18, 400*time.Millisecond, 1000))
	p.note(func(c *Call) { c.BeforeBeepMS = before * 20 })
	if p.line.wait(450 * time.Millisecond) {
		start := p.sound.voiced.Load()
		defer func() { p.note(func(c *Call) { c.AfterBeepMS = (p.sound.voiced.Load() - start) * 20 }) }()
		p.stay()
	}
}

// say says a text to its end; false when the call is over.
func (p *party) say(text string) bool {
	p.sound.say(p.line.n.cfg.Say(text))
	p.note(func(c *Call) { c.Said = append(c.Said, text) })
	for left := p.sound.left(); left > 0; left = p.sound.left() {
		if !p.line.wait(left) {
			return false
		}
	}
	p.turn = time.Now()
	return true
}

// listen waits until the other side has spoken and is quiet, at most so long; false when
// the call is over.
func (p *party) listen(most time.Duration) bool {
	const gap = 900 * time.Millisecond
	end := time.Now().Add(most)
	if p.until.Before(end) {
		end = p.until
	}
	for time.Now().Before(end) {
		if !p.line.wait(60 * time.Millisecond) {
			return false
		}
		last := time.Unix(0, p.sound.lastVoice.Load())
		if last.After(p.turn) && time.Since(last) > gap {
			return true
		}
	}
	return true
}

func (p *party) note(f func(*Call)) {
	p.line.n.mu.Lock()
	defer p.line.n.mu.Unlock()
	f(&p.line.told)
}

// heard keeps what of a voice came.
func (p *party) heard() {
	first, frames := p.sound.first.Load(), p.sound.voiced.Load()
	p.note(func(c *Call) {
		c.HeardMS = frames * 20
		if first != 0 {
			c.FirstVoiceMS = time.Unix(0, first).Sub(c.Answered).Milliseconds()
		}
	})
}
