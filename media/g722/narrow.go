package g722

// EncodeNarrow codes pcm of 8 kHz into dst, a byte for a sample: the lower band is
// what such sound is, and the upper one is empty. That costs a third of Encode with a
// change of rate before it. dst must have room.
func (e *Encoder) EncodeNarrow(dst []byte, pcm []int16) {
	for k, v := range pcm {
		dst[k] = e.low.encodeLow(int32(v)>>1) | e.high.encodeHigh(0)<<6
	}
}

// DecodeNarrow fills pcm with the lower band of b, at 8 kHz: what a telephone line
// carries of it. pcm must have room for a sample for each byte.
func (d *Decoder) DecodeNarrow(pcm []int16, b []byte) {
	for k, v := range b {
		pcm[k] = int16(saturate(d.low.decodeLow(v&0x3f) * 2))
	}
}
