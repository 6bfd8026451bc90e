package whisper

import (
	"math"

	"gonum.org/v1/gonum/dsp/fourier"
)

// Whisper's features: 16 kHz, windows of 25 ms each 10 ms, 80 (or 128) mel bands.
const (
	sampleRate = 16000
	fftSize    = 400
	hop        = 160
	bins       = fftSize/2 + 1
)

// melBank is the Slaney-scaled filter bank for 0–8 kHz. Each filter is stored
// from its first bin on: few of its weights are not zero.
type melBank struct {
	first   []int
	weights [][]float64
	window  [fftSize]float64
}

func newMelBank(mels int) *melBank {
	toMel := func(f float64) float64 {
		if f < 1000 {
			return f * 3 / 200
		}
		return 15 + math.Log(f/1000)*27/math.Log(6.4)
	}
	toHz := func(m float64) float64 {
		if m < 15 {
			return m * 200 / 3
		}
		return 1000 * math.Exp((m-15)*math.Log(6.4)/27)
	}
	top := toMel(sampleRate / 2)
	edge := make([]float64, mels+2)
	for i := range edge {
		edge[i] = toHz(top * float64(i) / float64(mels+1))
	}
	b := &melBank{first: make([]int, mels), weights: make([][]float64, mels)}
	for m := range mels {
		scale := 2 / (edge[m+2] - edge[m])
		for k := range bins {
			f := float64(k) * sampleRate / fftSize
			w := min((f-edge[m])/(edge[m+1]-edge[m]), (edge[m+2]-f)/(edge[m+2]-edge[m+1]))
			if w <= 0 {
				continue
			}
			if b.weights[m] == nil {
				b.first[m] = k
			}
			b.weights[m] = append(b.weights[m], w*scale)
		}
	}
	for i := range b.window { // a periodic Hann window
		b.window[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/fftSize)
	}
	return b
}

// featurer computes features; it belongs to one goroutine at a time.
type featurer struct {
	bank  *melBank
	fft   *fourier.FFT
	frame [fftSize]float64
	coef  []complex128
	power [bins]float64
}

func newFeaturer(b *melBank) *featurer {
	return &featurer{bank: b, fft: fourier.NewFFT(fftSize), coef: make([]complex128, bins)}
}

// logMel writes the features of x followed by silence up to rows rows into dst,
// [mels][rows]. The silence costs next to nothing: its bands are all the same.
func (f *featurer) logMel(dst []float32, x []int16, rows int) {
	mels := len(f.bank.first)
	const silence = -10.0 // log10 of the least power
	// The last row that a sample reaches.
	loud := min((len(x)+fftSize/2+hop-1)/hop, rows)
	top := silence
	for t := range loud {
		f.load(x, t*hop-fftSize/2)
		f.coef = f.fft.Coefficients(f.coef, f.frame[:])
		for k, c := range f.coef {
			f.power[k] = real(c)*real(c) + imag(c)*imag(c)
		}
		for m := range mels {
			sum := 0.0
			for i, w := range f.bank.weights[m] {
				sum += w * f.power[f.bank.first[m]+i]
			}
			v := math.Log10(max(sum, 1e-10))
			top = max(top, v)
			dst[m*rows+t] = float32(v)
		}
	}
	floor := float32(top - 8)
	rest := (max(silence, floor) + 4) / 4
	for m := range mels {
		row := dst[m*rows : (m+1)*rows]
		for t := range row[:loud] {
			row[t] = (max(row[t], floor) + 4) / 4
		}
		for t := loud; t < rows; t++ {
			row[t] = rest
		}
	}
}

// load fills the frame that begins at sample from, windowed. Before its start the
// sound is mirrored; behind its end is silence.
func (f *featurer) load(x []int16, from int) {
	for i := range f.frame {
		k := from + i
		if k < 0 {
			k = -k
		}
		v := 0.0
		if k < len(x) {
			v = float64(x[k]) / 32768 * f.bank.window[i]
		}
		f.frame[i] = v
	}
}
