package opus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The page header of RFC 3533 section 6.
const (
	pageHeader   = 27
	flagContinue = 1
	flagFirst    = 2
	flagLast     = 4
	maxPacket    = 61440 // bytes of one packet that are believed
)

// Errors of a file that is not what it should be.
var (
	ErrFormat = errors.New("not a mono or stereo Ogg Opus stream")
	errEmpty  = errors.New("the packet is empty")
)

// pageWriter writes the pages of one logical stream.
type pageWriter struct {
	w      io.Writer
	serial uint32
	index  uint32
	page   []byte
}

// write writes one page that holds whole packets, 255 segments of them at most.
func (p *pageWriter) write(flags byte, granule uint64, packets ...[]byte) error {
	var segments []byte
	for _, packet := range packets {
		n := len(packet)
		for ; n >= 255; n -= 255 {
			segments = append(segments, 255)
		}
		segments = append(segments, byte(n))
	}
	if len(segments) > 255 {
		return fmt.Errorf("ogg page of %d segments: %w", len(segments), ErrFormat)
	}
	b := p.page[:0]
	b = append(b, "OggS\x00"...)
	b = append(b, flags)
	b = binary.LittleEndian.AppendUint64(b, granule)
	b = binary.LittleEndian.AppendUint32(b, p.serial)
	b = binary.LittleEndian.AppendUint32(b, p.index)
	b = append(b, 0, 0, 0, 0, byte(len(segments)))
	b = append(b, segments...)
	for _, packet := range packets {
		b = append(b, packet...)
	}
	binary.LittleEndian.PutUint32(b[22:], checksum(b))
	p.page = b
	p.index++
	_, err := p.w.Write(b)
	return err
}

// pageReader reads the packets of the first logical stream.
type pageReader struct {
	r       io.Reader
	serial  uint32
	started bool
	last    bool   // the last page has been read
	granule uint64 // of the page read last
	body    []byte
	sizes   []byte // segments of the page that are left
	packet  []byte
}

// next returns the next packet, valid until the call after. granule is set when
// the packet is the last to end on its page. io.EOF comes behind the last packet.
func (p *pageReader) next() (packet []byte, endsPage bool, err error) {
	p.packet = p.packet[:0]
	for {
		for len(p.sizes) > 0 {
			n := int(p.sizes[0])
			p.packet = append(p.packet, p.body[:n]...)
			p.sizes, p.body = p.sizes[1:], p.body[n:]
			if len(p.packet) > maxPacket {
				return nil, false, fmt.Errorf("ogg packet beyond %d bytes: %w", maxPacket, ErrFormat)
			}
			if n < 255 {
				return p.packet, !p.moreEnds(), nil
			}
		}
		if p.last {
			return nil, false, io.EOF
		}
		if err := p.readPage(); err != nil {
			return nil, false, err
		}
	}
}

// moreEnds says whether another packet ends on this page.
func (p *pageReader) moreEnds() bool {
	for _, n := range p.sizes {
		if n < 255 {
			return true
		}
	}
	return false
}

// readPage reads the next page of the stream, passing over those of others.
func (p *pageReader) readPage() error {
	for {
		var head [pageHeader + 255]byte
		if _, err := io.ReadFull(p.r, head[:pageHeader]); err != nil {
			if errors.Is(err, io.EOF) && !p.started {
				return fmt.Errorf("empty file: %w", ErrFormat)
			}
			return unexpected(err) // the last page says that it is the last
		}
		if string(head[:5]) != "OggS\x00" {
			return fmt.Errorf("no ogg page where one should begin: %w", ErrFormat)
		}
		n := int(head[26])
		if _, err := io.ReadFull(p.r, head[pageHeader:pageHeader+n]); err != nil {
			return unexpected(err)
		}
		size := 0
		for _, s := range head[pageHeader : pageHeader+n] {
			size += int(s)
		}
		page := make([]byte, pageHeader+n+size)
		copy(page, head[:pageHeader+n])
		if _, err := io.ReadFull(p.r, page[pageHeader+n:]); err != nil {
			return unexpected(err)
		}
		sum := binary.LittleEndian.Uint32(page[22:])
		binary.LittleEndian.PutUint32(page[22:], 0)
		if checksum(page) != sum {
			return fmt.Errorf("ogg page is damaged: %w", ErrFormat)
		}
		serial := binary.LittleEndian.Uint32(page[14:])
		switch {
		case !p.started:
			p.started, p.serial = true, serial
		case serial != p.serial:
			continue
		}
		if page[5]&flagContinue == 0 {
			p.packet = p.packet[:0] // a packet that was not ended is lost
		}
		p.last = page[5]&flagLast != 0
		p.granule = binary.LittleEndian.Uint64(page[6:])
		p.sizes, p.body = page[pageHeader:pageHeader+n], page[pageHeader+n:]
		return nil
	}
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// crcTable is of the generator 0x04c11db7, not reflected (RFC 3533 section 6, 7).
var crcTable = func() (t [256]uint32) {
	for i := range t {
		r := uint32(i) << 24
		for range 8 {
			if r&0x80000000 != 0 {
				r = r<<1 ^ 0x04c11db7
			} else {
				r <<= 1
			}
		}
		t[i] = r
	}
	return t
}()

func checksum(b []byte) (crc uint32) {
	for _, c := range b {
		crc = crc<<8 ^ crcTable[byte(crc>>24)^c]
	}
	return crc
}
