package tts

import (
	"context"
	"math"
	"sync"

	"hotline/media"
	"hotline/media/dsp"
)

// Leveled brings every voice to one level and trims the silence around what it
// says, so that clauses join well whoever spoke them.
//
// The level is that of the active speech inside the telephone band. It is measured
// on the first second of a voice's first utterance and remembered for the next
// ones, which pass without that delay.
type Leveled struct {
	Next Synthesizer
	// Target is the level of active speech in dBov; default -19.
	Target float64

	mu    sync.Mutex
	gains map[string]float64 // dB by voice, language and style; guarded by mu
}

const (
	defaultTarget = -19.0
	leadFrames    = 1  // kept before the first sound, soft onsets are quiet
	tailFrames    = 3  // kept behind the last
	innerFrames   = 25 // the longest silence inside
	studyFrames   = 50 // looked at before the gain of a new voice is set
	silenceLevel  = -52.0
	maxGain       = 24.0
	maxVoices     = 256
	ceiling       = 28000.0 // peaks stay below; G.711 and filters need a little room
)

// Synthesize implements Synthesizer.
func (l *Leveled) Synthesize(ctx context.Context, u Utterance, dst media.Writer) error {
	key := u.Voice + "\x00" + u.Language + "\x00" + u.Style
	target := l.Target
	if target == 0 {
		target = defaultTarget
	}
	w := newLeveler(dst, target)
	if gain, ok := l.known(key); ok {
		w.gain, w.set = gain, true
	}
	if err := l.Next.Synthesize(ctx, u, w); err != nil {
		return err
	}
	if err := w.finish(); err != nil {
		return err
	}
	if gain, ok := w.wanted(); ok {
		l.learn(key, gain)
	}
	return nil
}

// Ready implements Readier.
func (l *Leveled) Ready(u Utterance) bool { return Ready(l.Next, u) }

func (l *Leveled) known(key string) (float64, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	gain, ok := l.gains[key]
	return gain, ok
}

func (l *Leveled) learn(key string, gain float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gains == nil || len(l.gains) >= maxVoices {
		l.gains = map[string]float64{}
	}
	if old, ok := l.gains[key]; ok {
		gain = 0.7*old + 0.3*gain
	}
	l.gains[key] = gain
}

// leveler is the writer between an engine and dst.
type leveler struct {
	dst    media.Writer
	target float64
	band   *dsp.Filter
	side   []int16
	powers []float64 // of frames with sound, in the telephone band

	held  []media.Frame // waiting for the gain to be set, or silence that may be the end
	spare []media.Frame
	spoke bool
	quiet int // held frames at the end that are silent

	set   bool
	gain  float64 // dB
	prev  media.Frame
	begin float64 // gain factor at the beginning of prev
	full  bool    // prev holds a frame
}

func newLeveler(dst media.Writer, target float64) *leveler {
	return &leveler{dst: dst, target: target, band: dsp.NewTelephoneBand(dst.Rate()), prev: make(media.Frame, frameSize(dst.Rate()))}
}

func (w *leveler) Rate() int { return w.dst.Rate() }

// WriteFrame implements media.Writer.
func (w *leveler) WriteFrame(f media.Frame) error {
	w.side = append(w.side[:0], f...)
	w.band.Process(w.side)
	level := dsp.LevelDB(w.side)
	sounding := level > silenceLevel
	if sounding && len(w.powers) < 3000 {
		w.powers = append(w.powers, math.Pow(10, level/10))
	}
	w.hold(f)
	if !sounding {
		w.quiet++
		if !w.spoke && w.quiet > leadFrames {
			w.drop(0)
			w.quiet--
		}
		if w.spoke && w.quiet > innerFrames {
			w.drop(len(w.held) - 1)
			w.quiet--
		}
		return nil
	}
	w.spoke, w.quiet = true, 0
	if !w.set {
		if len(w.powers) < studyFrames {
			return nil
		}
		w.gain, w.set = w.target-activeLevel(w.powers), true
	}
	return w.release(len(w.held))
}

// finish writes what is held, but for the silence at the end.
func (w *leveler) finish() error {
	if !w.spoke {
		return nil
	}
	if !w.set {
		w.gain, w.set = w.target-activeLevel(w.powers), true
	}
	if err := w.release(len(w.held) - max(w.quiet-tailFrames, 0)); err != nil {
		return err
	}
	if !w.full {
		return nil
	}
	return w.emit(w.allowed(w.prev))
}

// wanted is the gain that the whole utterance should have had.
func (w *leveler) wanted() (float64, bool) {
	if len(w.powers) < 15 {
		return 0, false
	}
	return w.target - activeLevel(w.powers), true
}

// release passes the first n held frames through the limiter, one frame late.
func (w *leveler) release(n int) error {
	for i := range n {
		f := w.held[i]
		gain := w.allowed(f)
		if w.full {
			if err := w.emit(min(gain, w.allowed(w.prev))); err != nil {
				return err
			}
		} else {
			w.begin, w.full = gain, true
		}
		copy(w.prev, f)
	}
	w.spare = append(w.spare, w.held[:n]...)
	w.held = append(w.held[:0], w.held[n:]...)
	return nil
}

// allowed is the factor that f may be multiplied with: the gain, or less where its
// peak would go over the ceiling.
func (w *leveler) allowed(f media.Frame) float64 {
	peak := 1.0
	for _, s := range f {
		peak = max(peak, math.Abs(float64(s)))
	}
	return min(dsp.Gain(min(max(w.gain, -maxGain), maxGain)), ceiling/peak)
}

// emit writes prev with a gain that goes evenly from begin to end; neither is more
// than prev allows, so nothing clips and nothing clicks. The gain comes back
// slowly, over some tenths of a second.
func (w *leveler) emit(end float64) error {
	end = min(end, w.begin*1.12)
	step := (end - w.begin) / float64(len(w.prev))
	for i, s := range w.prev {
		w.prev[i] = int16(math.Round(float64(s) * (w.begin + step*float64(i))))
	}
	w.begin = end
	return w.dst.WriteFrame(w.prev)
}

func (w *leveler) hold(f media.Frame) {
	var c media.Frame
	if n := len(w.spare); n > 0 {
		c, w.spare = w.spare[n-1], w.spare[:n-1]
	} else {
		c = make(media.Frame, len(f))
	}
	copy(c, f)
	w.held = append(w.held, c)
}

func (w *leveler) drop(i int) {
	w.spare = append(w.spare, w.held[i])
	w.held = append(w.held[:i], w.held[i+1:]...)
}

// activeLevel is the mean, in dB, of those powers that lie no more than 16 dB
// below that mean itself (after the margin of ITU-T P.56).
func activeLevel(powers []float64) float64 {
	threshold := 0.0
	mean := 0.0
	for range 10 {
		sum, n := 0.0, 0
		for _, p := range powers {
			if p >= threshold {
				sum += p
				n++
			}
		}
		if n == 0 {
			break
		}
		mean = sum / float64(n)
		if next := mean / 40; next > threshold*1.001 {
			threshold = next
			continue
		}
		break
	}
	if mean <= 0 {
		return silenceLevel
	}
	return 10 * math.Log10(mean)
}

// Telephone limits the band to what a telephone line carries where dst is at 8 kHz
// (300 to 3,400 Hz, ITU-T G.712); at other rates it passes everything.
type Telephone struct {
	Next Synthesizer
}

// Synthesize implements Synthesizer.
func (t Telephone) Synthesize(ctx context.Context, u Utterance, dst media.Writer) error {
	if dst.Rate() != 8000 {
		return t.Next.Synthesize(ctx, u, dst)
	}
	w := &bandWriter{dst: dst, filter: dsp.NewTelephoneBand(8000)}
	if m, ok := dst.(Marker); ok {
		return t.Next.Synthesize(ctx, u, markedBand{w, m})
	}
	return t.Next.Synthesize(ctx, u, w)
}

// Ready implements Readier.
func (t Telephone) Ready(u Utterance) bool { return Ready(t.Next, u) }

type bandWriter struct {
	dst    media.Writer
	filter *dsp.Filter
	frame  media.Frame
}

func (w *bandWriter) Rate() int { return w.dst.Rate() }

func (w *bandWriter) WriteFrame(f media.Frame) error {
	w.frame = append(w.frame[:0], f...)
	w.filter.Process(w.frame)
	return w.dst.WriteFrame(w.frame)
}

// markedBand passes marks on.
type markedBand struct {
	*bandWriter
	Marker
}
