package dsp

import (
	"math"
	"math/cmplx"
)

// keyRows and keyColumns are the frequencies of telephone keys, Hz (ITU-T Q.23).
var (
	keyRows    = [4]float64{697, 770, 852, 941}
	keyColumns = [4]float64{1209, 1336, 1477, 1633}
)

const keyDigits = "123A456B789C*0#D"

// KeyTone is the pair of tones of a key (0-9 * # A-D) at level dBov each, nil for
// what is no key.
func KeyTone(rate int, level float64, digit byte) *Tone {
	for i := range len(keyDigits) {
		if keyDigits[i] == digit {
			return NewTone(rate, level, keyRows[i/4], keyColumns[i%4])
		}
	}
	return nil
}

// Limits of a key's tones (ITU-T Q.24, which leaves them to administrations, and
// Telcordia GR-506). Tones that keep them count as a key when they last 40 ms.
const (
	keyLevel    = -50.0 // dBov of both together: what is softer is cross-talk
	keyQuiet    = 5e-6  // power (-53 dBov) of blocks that are not looked at
	keyOffset   = 0.024 // share by which a frequency may be wrong: 1.5 % must pass, 3.5 % must not
	keyTwistUp  = 6.0   // dB by which the column may be stronger than the row: 4 must pass
	keyTwistLow = 10.0  // and weaker: 8 must pass
	keyPurity   = 0.80  // share of all power that is in the two tones: speech has its power elsewhere too
	keyChange   = 4.0   // dB by which the level may change in 10 ms: voices do not hold a tone
	keyOn       = 2     // windows in a row that make a key: 30 ms
	keyOff      = 4     // windows in a row that end it, so that a lost packet does not make two of one
)

// A KeyDetector finds the tones of telephone keys in a stream of sound. It looks at
// windows of 20 ms, one each 10 ms, and measures the tones' frequencies by how
// their phase advances, so that voices, whose harmonics pass by everywhere, are
// told from keys.
type KeyDetector struct {
	rate  int
	block int // samples in 10 ms
	left  []int16

	rows, columns [4]bin
	energy        [2]float64 // of this and the last block
	fill          int        // blocks seen, up to 2
	level         float64    // of the last window's tones, dBov
	candidate     byte
	hits, misses  int
	pressed       byte
}

// bin is one frequency.
type bin struct {
	hz    float64
	c     float64    // 2·cos of the angle per sample
	w     complex128 // the angle per sample on the unit circle
	shift complex128 // by how much the phase advances in a block
	sum   [2]complex128
}

// NewKeyDetector returns a KeyDetector for sound of rate Hz, 8000 or more.
func NewKeyDetector(rate int) *KeyDetector {
	d := &KeyDetector{rate: rate, block: rate / 100}
	d.left = make([]int16, 0, d.block)
	for i := range 4 {
		d.rows[i], d.columns[i] = newBin(keyRows[i], rate), newBin(keyColumns[i], rate)
	}
	return d
}

func newBin(hz float64, rate int) bin {
	a := 2 * math.Pi * hz / float64(rate)
	return bin{hz: hz, c: 2 * math.Cos(a), w: cmplx.Rect(1, a), shift: cmplx.Rect(1, a*float64(rate/100))}
}

// Process takes the next samples, 20 ms at most, and tells which key was pressed in
// them, if any.
func (d *KeyDetector) Process(x []int16) (digit byte, ok bool) {
	for len(x) > 0 {
		if len(d.left) == 0 && len(x) >= d.block {
			if k, found := d.take(x[:d.block]); found {
				digit, ok = k, true
			}
			x = x[d.block:]
			continue
		}
		n := min(d.block-len(d.left), len(x))
		d.left = append(d.left, x[:n]...)
		x = x[n:]
		if len(d.left) == d.block {
			if k, found := d.take(d.left); found {
				digit, ok = k, true
			}
			d.left = d.left[:0]
		}
	}
	return digit, ok
}

// Sounding tells whether a key's tones are being heard, or may be.
func (d *KeyDetector) Sounding() bool { return d.pressed != 0 || d.hits > 0 }

// take looks at a block of 10 ms together with the one before it.
func (d *KeyDetector) take(x []int16) (digit byte, ok bool) {
	d.energy[1], d.energy[0] = d.energy[0], power(x)
	quiet := d.energy[0] < keyQuiet // most of a call is
	for i := range 4 {
		if quiet {
			d.rows[i].skip()
			d.columns[i].skip()
			continue
		}
		d.rows[i].take(x)
		d.columns[i].take(x)
	}
	d.fill = min(2, d.fill+1)
	k := byte(0)
	if d.fill == 2 {
		k = d.window()
	}
	switch {
	case k != 0 && k == d.candidate:
		d.hits++
	case k != 0:
		d.candidate, d.hits = k, 1
	default:
		d.candidate, d.hits = 0, 0
	}
	if k != 0 && k == d.pressed {
		d.misses = 0
		return 0, false
	}
	if d.pressed != 0 {
		if d.misses++; d.misses < keyOff && d.hits < keyOn {
			return 0, false
		}
		d.pressed = 0
	}
	if d.hits >= keyOn {
		d.pressed, d.misses = k, 0
		return k, true
	}
	return 0, false
}

// window is the key in the last two blocks, 0 for none.
func (d *KeyDetector) window() byte {
	total := (d.energy[0] + d.energy[1]) / 2
	before := d.level
	d.level = math.Inf(-1)
	if powerDB(total) < keyLevel {
		return 0
	}
	r, row, ok := d.strongest(&d.rows)
	if !ok {
		return 0
	}
	c, column, ok := d.strongest(&d.columns)
	if !ok || row+column < keyPurity*total {
		return 0
	}
	if twist := powerDB(column) - powerDB(row); twist > keyTwistUp || twist < -keyTwistLow {
		return 0
	}
	d.level = powerDB(row + column)
	if !math.IsInf(before, -1) && math.Abs(d.level-before) > keyChange {
		return 0
	}
	return keyDigits[4*r+c]
}

// strongest is the frequency of a group that is heard, with its power; ok is false
// if none stands out at its place.
func (d *KeyDetector) strongest(group *[4]bin) (index int, p float64, ok bool) {
	var all [4]float64
	for i := range group {
		s := group[i].sum[0] + group[i].sum[1]
		all[i] = real(s)*real(s) + imag(s)*imag(s)
		if all[i] > all[index] {
			index = i
		}
	}
	const apart = 4 // 6 dB
	for i, v := range all {
		if i != index && v*apart > all[index] {
			return 0, 0, false
		}
	}
	b := &group[index]
	// The angle between the two blocks is what the frequency differs by.
	turn := cmplx.Phase(b.sum[0] * cmplx.Conj(b.sum[1]))
	offset := turn / (2 * math.Pi) * 100
	if math.Abs(offset) > keyOffset*b.hz {
		return 0, 0, false
	}
	// A window of 20 ms hears a frequency that is off by less than its power.
	loss := sinc(offset / 50)
	n := float64(2 * d.block)
	return index, 2 * all[index] / (n * n) / (loss * loss), true
}

// skip takes a block in which nothing is.
func (b *bin) skip() {
	b.sum[1] = b.sum[0] * b.shift
	b.sum[0] = 0
}

// take correlates a block with the frequency. Sums are turned so that a tone of
// just this frequency has the same angle in each.
func (b *bin) take(x []int16) {
	var s1, s2 float64
	for _, v := range x {
		s1, s2 = float64(v)+b.c*s1-s2, s1
	}
	// Goertzel's end: the transform, counted from the block's last sample.
	last := complex(s1/32768, 0) - complex(s2/32768, 0)*cmplx.Conj(b.w)
	b.sum[1] = b.sum[0] * b.shift
	b.sum[0] = last
}
