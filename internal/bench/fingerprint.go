package bench

import (
	"math"
	"time"

	"gonum.org/v1/gonum/dsp/fourier"

	"hotline/media/dsp"
)

// A fingerprint is how a recording sounds at telephone band: the level of eight
// bands each 20 ms, as much of it as a µ-law line, a voice detector's cuts and
// some lost packets leave. Two of them are compared by correlation, at each shift
// at which most of what was heard lies in the recording.
type fingerprint struct {
	rows [][printBands]float64 // dB, one each printHop
}

const (
	printRate   = 8000
	printHop    = 160 // samples
	printWindow = 320
	printBands  = 8
	// Levels are not followed further down than this below the loudest: what lies
	// there is the line's noise.
	printRange = 26.0
	// What is heard may begin so much before the recording does (the pre-roll, and
	// the detector's lateness), and end so much behind it.
	printLead = 600 * time.Millisecond
	// Least overlap of what is heard with the recording, and least correlation.
	// The same recording behind µ-law, noise at -45 dBov and 3 % loss has 0.9 and
	// more, others 0.4 at most, and 0.6 by their halves.
	printOverlap = 500 * time.Millisecond
	printAlike   = 0.62
	// Where packets came late the line drops or stretches sound: then each stretch of
	// printStretch rows may lie up to printDrift rows beside the others. That makes
	// chance do more, so more is asked, and that no other recording comes near.
	printStretch, printDrift = 40, 12
	printDrifted, printClear = 0.72, 0.1
	// A part of what is heard, for which chance does more, is known from here.
	printPart  = 0.82
	printLeast = int(printOverlap / (20 * time.Millisecond))
)

// printEdges are the bands' limits, Hz: equal steps for the ear between 250 and 3,400.
var printEdges = [printBands + 1]float64{250, 420, 620, 860, 1150, 1500, 1950, 2600, 3400}

// printer makes fingerprints; it belongs to one goroutine at a time.
type printer struct {
	fft    *fourier.FFT
	window [printWindow]float64
	frame  [printWindow]float64
	coef   []complex128
}

func newPrinter() *printer {
	p := &printer{fft: fourier.NewFFT(printWindow), coef: make([]complex128, printWindow/2+1)}
	for i := range p.window {
		p.window[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/printWindow)
	}
	return p
}

// print is the fingerprint of x, at rate Hz.
func (p *printer) print(x []int16, rate int) fingerprint {
	if rate != printRate {
		x = dsp.Resample(x, rate, printRate)
	}
	var f fingerprint
	top := math.Inf(-1)
	for at := 0; at+printWindow <= len(x); at += printHop {
		for i := range p.frame {
			p.frame[i] = float64(x[at+i]) * p.window[i]
		}
		p.coef = p.fft.Coefficients(p.coef, p.frame[:])
		var row [printBands]float64
		for b := range row {
			sum := 1.0
			for k := int(printEdges[b] * printWindow / printRate); k < int(printEdges[b+1]*printWindow/printRate); k++ {
				sum += real(p.coef[k])*real(p.coef[k]) + imag(p.coef[k])*imag(p.coef[k])
			}
			row[b] = 10 * math.Log10(sum)
			top = max(top, row[b])
		}
		f.rows = append(f.rows, row)
	}
	for i := range f.rows {
		for b := range f.rows[i] {
			f.rows[i][b] = max(f.rows[i][b], top-printRange)
		}
	}
	return f
}

// alike is how well heard fits into f, -1 to 1, and where its first row lies there;
// it may begin before f does.
func (f fingerprint) alike(heard fingerprint) (best float64, shift int) {
	lead := int(printLead.Seconds() * printRate / printHop)
	best = -1
	for s := -lead; s < len(f.rows)-printLeast; s++ {
		from, to := max(0, -s), min(len(heard.rows), len(f.rows)-s)
		if to-from < printLeast || 10*(to-from) < 4*len(heard.rows) {
			continue
		}
		if c := correlation(f.rows[from+s:to+s], heard.rows[from:to]); c > best {
			best, shift = c, s
		}
	}
	return best, shift
}

// drifted is how well heard fits into f near a shift, stretch by stretch.
func (f fingerprint) drifted(heard fingerprint, shift int) float64 {
	var sum float64
	n := 0
	for at := 0; at < len(heard.rows); at += printStretch {
		rows := heard.rows[at:min(len(heard.rows), at+printStretch)]
		best := -1.0
		for s := shift + at - printDrift; s <= shift+at+printDrift; s++ {
			from, to := max(0, -s), min(len(rows), len(f.rows)-s)
			if to-from < printStretch/2 {
				continue
			}
			best = max(best, correlation(f.rows[from+s:to+s], rows[from:to]))
		}
		if best > -1 {
			sum += best
			n++
		}
	}
	if n == 0 {
		return -1
	}
	return sum / float64(n)
}

// correlation of two stretches, each band about its own mean: a line may colour
// the sound.
func correlation(a, b [][printBands]float64) float64 {
	n := float64(len(a))
	var ab, aa, bb float64
	for k := range printBands {
		var sa, sb, sab, saa, sbb float64
		for i := range a {
			x, y := a[i][k], b[i][k]
			sa += x
			sb += y
			sab += x * y
			saa += x * x
			sbb += y * y
		}
		ab += sab - sa*sb/n
		aa += saa - sa*sa/n
		bb += sbb - sb*sb/n
	}
	if aa <= 0 || bb <= 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}
