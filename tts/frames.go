package tts

import (
	"context"

	"hotline/media"
	"hotline/media/dsp"
)

// Frames cuts samples into whole frames for a writer, converting the rate on
// the way. It is what engines write through.
type Frames struct {
	dst  media.Writer
	rs   *dsp.Resampler // nil when the rates agree
	size int
	buf  []int16 // less than a frame is left here between calls
	sent int
}

// NewFrames returns Frames that take samples at rate and write to dst.
func NewFrames(dst media.Writer, rate int) *Frames {
	f := &Frames{dst: dst, size: frameSize(dst.Rate())}
	if rate != dst.Rate() {
		f.rs = dsp.NewResampler(rate, dst.Rate())
	}
	return f
}

// Write takes samples and passes on the frames that are full. Its error is dst's,
// or ctx's cause once ctx has ended.
func (f *Frames) Write(ctx context.Context, x []int16) error {
	if f.rs != nil {
		f.buf = f.rs.Append(f.buf, x)
	} else {
		f.buf = append(f.buf, x...)
	}
	return f.drain(ctx)
}

// Flush ends the stream: what is left goes out as a last frame filled up with
// silence. The Frames may then be used for another stream.
func (f *Frames) Flush(ctx context.Context) error {
	if f.rs != nil {
		f.buf = f.rs.Flush(f.buf)
	}
	if rest := len(f.buf) % f.size; rest != 0 {
		f.buf = append(f.buf, make([]int16, f.size-rest)...)
	}
	return f.drain(ctx)
}

// Sent is the number of frames that dst has taken.
func (f *Frames) Sent() int { return f.sent }

func (f *Frames) drain(ctx context.Context) error {
	done := 0
	for ; len(f.buf)-done >= f.size; done += f.size {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := f.dst.WriteFrame(f.buf[done : done+f.size]); err != nil {
			return err
		}
		f.sent++
	}
	f.buf = f.buf[:copy(f.buf, f.buf[done:])]
	return nil
}

func frameSize(rate int) int { return rate / 50 }
