package media

import "time"

// Ticker returns what ticks s, for tests that have no clock.
func Ticker(s *Session) func() {
	w := newScratch()
	return func() { s.tick(time.Now(), w, 0) }
}

// Next is the frame that the clock would send now, for tests of the Player alone.
func (p *Player) Next(f Frame) bool { return p.next(f) }

// End is what the session does to its Player at its end.
func (p *Player) End() { p.close() }

// Conceal plays x, of rate Hz, frame by frame with those that lost names missing.
func Conceal(x []int16, rate int, lost func(frame int) bool) []int16 {
	c := newConcealer(rate)
	var y []int16
	for i, f := range Frames(x, rate) {
		if lost(i) {
			c.fill(f)
		} else {
			c.good(f)
		}
		y = append(y, f...)
	}
	return y
}

// Write hands a frame of each side to the recorder, as the clock does.
func (r *Recorder) Write(left, right Frame) { r.write(left, right) }

// Drain is what the session's goroutine does.
func (r *Recorder) Drain() { r.drain() }

// Finish is how the session ends it.
func (r *Recorder) Finish() { r.finish() }

// WithFile puts another file in the recorder's place.
func (r *Recorder) WithFile(f recordFile) { r.file = f }

// SetNow gives the ports another clock.
func (p *Ports) SetNow(now func() time.Time) { p.now = now }
