// Package rtp is the arithmetic of a received RTP stream: the jitter buffer, the
// statistics of RFC 3550 and the key events of RFC 4733.
//
// # Concepts
//
// A [Buffer] orders packets and says at each tick what is to be heard: a packet,
// a gap to be concealed, or a pause. A [Receiver] counts for the reports. A
// [KeyReceiver] turns telephone events into keys, a [KeySender] keys into events.
// Positions in time are RTP timestamps; a tick is 20 ms.
//
// # Concurrency
//
// Everything is pure state without locks, goroutines or clocks: a value belongs to
// one goroutine at a time, and the caller says what time it is.
package rtp

// extend continues a 16 bit counter near the 64 bit one last.
func extend16(last int64, v uint16) int64 { return last + int64(int16(v-uint16(last))) }

// extend32 does so for 32 bits.
func extend32(last int64, v uint32) int64 { return last + int64(int32(v-uint32(last))) }
