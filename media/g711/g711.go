// Package g711 is ITU-T G.711: µ-law and A-law, one byte for a sample at 8 kHz.
//
// # Concepts
//
// Both laws are table look-ups. µ-law codes the upper 14 bits of a sample and
// A-law the upper 12 (13 with the sign's rounding), so that the encoding tables
// have 16,384 and 4,096 entries.
//
// # Concurrency
//
// The tables are made once at program start and only read; functions are safe
// from anywhere and do not allocate.
package g711

// What a zero sample becomes.
const (
	SilenceULaw = 0xff
	SilenceALaw = 0xd5
)

var (
	fromULaw = decodeTable(ulawValue)
	fromALaw = decodeTable(alawValue)
	toULaw   = encodeULaw()
	toALaw   = encodeALaw()
)

// DecodeULaw expands src into dst, which must be as long.
func DecodeULaw(dst []int16, src []byte) { decode(dst, src, &fromULaw) }

// DecodeALaw expands src into dst, which must be as long.
func DecodeALaw(dst []int16, src []byte) { decode(dst, src, &fromALaw) }

// EncodeULaw compresses src into dst, which must be as long.
func EncodeULaw(dst []byte, src []int16) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = toULaw[uint16(v)>>2]
	}
}

// EncodeALaw compresses src into dst, which must be as long.
func EncodeALaw(dst []byte, src []int16) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = toALaw[uint16(v)>>4]
	}
}

func decode(dst []int16, src []byte, table *[256]int16) {
	dst = dst[:len(src)]
	for i, b := range src {
		dst[i] = table[b]
	}
}

func decodeTable(value func(byte) int16) (t [256]int16) {
	for b := range t {
		t[b] = value(byte(b))
	}
	return t
}

// ulawValue is table 2 of G.711, scaled to 16 bits. On the line all bits are
// inverted.
func ulawValue(b byte) int16 {
	b = ^b
	v := (int16(b&0x0f)<<3+0x84)<<(b>>4&7) - 0x84
	if b&0x80 != 0 {
		return -v
	}
	return v
}

// alawValue is table 1 of G.711, scaled to 16 bits. On the line the even bits are
// inverted.
func alawValue(b byte) int16 {
	b ^= 0x55
	v := int16(b&0x0f)<<4 + 8
	if segment := b >> 4 & 7; segment > 0 {
		v = (v + 0x100) << (segment - 1)
	}
	if b&0x80 == 0 {
		return -v
	}
	return v
}

func encodeULaw() (t [1 << 14]byte) {
	for i := range t {
		v := int(int16(i << 2))
		sign := byte(0x80)
		if v < 0 {
			v, sign = ^v, 0
		}
		m := min(v>>2+33, 0x1fff) // the bias of 33 makes each segment start at a power of two
		segment := 0
		for m>>(segment+6) > 0 {
			segment++
		}
		t[i] = (sign ^ 0x80 | byte(segment<<4) | byte(m>>(segment+1)&0x0f)) ^ 0xff
	}
	return t
}

func encodeALaw() (t [1 << 12]byte) {
	for i := range t {
		v := int(int16(i << 4))
		sign := byte(0x80)
		if v < 0 {
			v, sign = ^v, 0
		}
		m := v >> 4
		segment := 0
		for m>>(segment+4) > 0 {
			segment++
		}
		if segment > 0 {
			m = m>>(segment-1)&0x0f | (segment << 4)
		}
		t[i] = (sign | byte(m)) ^ 0x55
	}
	return t
}
