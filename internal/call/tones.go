package call

import (
	"context"
	"math"
	"time"

	"hotline/media"
)

// Cadence is a country's ring-back tone (ITU-T E.180 annex).
type Cadence struct {
	Hz      []float64
	On, Off time.Duration
}

// The ring-back tones of the two demo countries.
var (
	ringChina   = Cadence{Hz: []float64{450}, On: time.Second, Off: 4 * time.Second}
	ringAmerica = Cadence{Hz: []float64{440, 480}, On: 2 * time.Second, Off: 4 * time.Second}
)

// RingBack is the ring-back tone that callers of a language know.
func RingBack(language string) Cadence {
	if language == "en" {
		return ringAmerica
	}
	return ringChina
}

// play writes the tone until ctx ends or dst refuses.
func (c Cadence) play(ctx context.Context, dst media.Writer) error {
	const amplitude = 0.08 * math.MaxInt16 // about −22 dBFS, under the bot's voice
	rate := float64(dst.Rate())
	f := make(media.Frame, dst.Rate()/50)
	on := int(c.On.Seconds() * rate)
	period := on + int(c.Off.Seconds()*rate)
	for n := 0; ctx.Err() == nil; {
		for i := range f {
			var v float64
			if at := n % period; at < on {
				for _, hz := range c.Hz {
					v += math.Sin(2*math.Pi*hz*float64(at)/rate) / float64(len(c.Hz))
				}
			}
			f[i] = int16(v * amplitude)
			n++
		}
		if err := dst.WriteFrame(f); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}
