package g722

// band is one half of the spectrum: its predictor and the scale of its quantizer,
// named after the blocks of G.722 sections 3 and 6.2.
type band struct {
	scale    int32    // of the quantizer
	logScale int32    // its logarithm
	expected int32    // what the predictor expects next
	zeros    int32    // the part of it that comes from the zeros
	pole     [2]int32 // coefficients
	zero     [6]int32
	diff     [6]int32 // the last quantized differences, newest first
	heard    [2]int32 // the last reconstructed signals
	partial  [2]int32 // the last differences with the zeros' part
}

// decision are the quantizer's thresholds of the lower band (table 15).
var decision = [29]int32{
	35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714,
	786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
}

// six, four and two are what a code word of so many bits stands for (tables 17, 18
// and 20).
var (
	six = [64]int32{
		-136, -136, -136, -136, -24808, -21904, -19008, -16704,
		-14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856,
		-7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576,
		-3168, -2776, -2400, -2032, -1688, -1360, -1040, -728,
		24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192,
		10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
		4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032,
		1688, 1360, 1040, 728, 432, 136, -432, -136,
	}
	four = [16]int32{
		0, -20456, -12896, -8968, -6288, -4240, -2584, -1200,
		20456, 12896, 8968, 6288, 4240, 2584, 1200, 0,
	}
	two = [4]int32{-7408, -1616, 7408, 1616}
)

// stepLow and stepHigh are how a code word moves the scale (tables 16 and 19).
var (
	stepLow  = [16]int32{-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60}
	stepHigh = [4]int32{798, -214, 798, -214}
)

// mantissa is 2048·2^(i/32): the scale out of its logarithm (table 14).
var mantissa = [32]int32{
	2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383,
	2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
	2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371,
	3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
}

// Limits of the logarithms and of the signals of a band.
const (
	maxLogLow  = 18432
	maxLogHigh = 22528
	maxBand    = 16383
	minBand    = -16384
)

// encodeLow codes one sample of the lower band and follows the decoder.
func (b *band) encodeLow(x int32) byte {
	e := saturate(x - b.expected)
	size := e
	if e < 0 {
		size = ^e
	}
	// The thresholds rise: i is how many of them the difference passes.
	i := 0
	for step := 16; step > 0; step /= 2 {
		if i+step <= len(decision) && size >= decision[i+step-1]*b.scale>>12 {
			i += step
		}
	}
	// Words 63 and 62 are the smallest two negative ones, the rest fall from 31 and
	// 61 on as the difference grows.
	code := byte(61 - i)
	if e < 0 {
		code = byte(33 - i)
		if i < 2 {
			code = byte(63 - i)
		}
	}
	b.followLow(code)
	return code
}

// decodeLow is the sample of the lower band that a word of six bits stands for.
func (b *band) decodeLow(code byte) int32 {
	x := min(maxBand, max(minBand, b.expected+b.scale*six[code]>>15))
	b.followLow(code)
	return x
}

// followLow adapts to a word; only its first four bits count, so that the last two
// may be used for data.
func (b *band) followLow(code byte) {
	word := code >> 2
	d := b.scale * four[word] >> 15
	b.logScale = min(maxLogLow, max(0, b.logScale*127>>7+stepLow[word]))
	b.scale = linear(b.logScale, 8)
	b.predict(d)
}

// encodeHigh codes one sample of the upper band.
func (b *band) encodeHigh(x int32) byte {
	e := saturate(x - b.expected)
	var code byte
	switch limit := 564 * b.scale >> 12; {
	case e >= limit:
		code = 2
	case e >= 0:
		code = 3
	case ^e >= limit:
		code = 0
	default:
		code = 1
	}
	b.followHigh(code)
	return code
}

// decodeHigh is the sample of the upper band that a word of two bits stands for.
func (b *band) decodeHigh(code byte) int32 {
	x := min(maxBand, max(minBand, b.expected+b.scale*two[code]>>15))
	b.followHigh(code)
	return x
}

func (b *band) followHigh(code byte) {
	d := b.scale * two[code] >> 15
	b.logScale = min(maxLogHigh, max(0, b.logScale*127>>7+stepHigh[code]))
	b.scale = linear(b.logScale, 10)
	b.predict(d)
}

// linear is the scale of a logarithm (blocks SCALEL and SCALEH).
func linear(log, shift int32) int32 {
	m := mantissa[log>>6&31]
	s := shift - log>>11
	if s < 0 {
		return m << -s << 2
	}
	return m >> s << 2
}

// predict adapts the predictor to the difference d and computes what it expects
// next (block 4).
func (b *band) predict(d int32) {
	heard, partial := saturate(b.expected+d), saturate(b.zeros+d)
	agree, agreed := partial < 0 == (b.partial[0] < 0), partial < 0 == (b.partial[1] < 0)

	// The second pole (UPPOL2).
	w := saturate(b.pole[0] << 2)
	if agree {
		w = min(32767, -w)
	}
	second := w>>7 + b.pole[1]*32512>>15
	if agreed {
		second += 128
	} else {
		second -= 128
	}
	second = min(12288, max(-12288, second))

	// The first pole, held where the filter stays stable (UPPOL1).
	first := b.pole[0] * 32640 >> 15
	if agree {
		first += 192
	} else {
		first -= 192
	}
	limit := 15360 - second
	b.pole = [2]int32{min(limit, max(-limit, first)), second}

	// The zeros (UPZERO, FILTEZ) with their delay line.
	step := int32(128)
	if d == 0 {
		step = 0
	}
	sum, last := int32(0), d
	for i := range b.zero {
		old := b.diff[i]
		v := b.zero[i] * 32640 >> 15
		if old < 0 == (d < 0) {
			v += step
		} else {
			v -= step
		}
		b.zero[i], b.diff[i] = v, last
		sum += v * saturate(2*last) >> 15
		last = old
	}
	b.zeros = saturate(sum)

	b.heard = [2]int32{heard, b.heard[0]}
	b.partial = [2]int32{partial, b.partial[0]}
	poles := b.pole[0]*saturate(2*b.heard[0])>>15 + b.pole[1]*saturate(2*b.heard[1])>>15
	b.expected = saturate(saturate(poles) + b.zeros)
}

func saturate(v int32) int32 { return min(32767, max(-32768, v)) }
