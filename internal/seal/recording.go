package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// A sealed file is a header and chunks. Each file has a key of its own, wrapped by the
// master key together with the plain size, so that a rotation writes the header anew and
// not the sound. The header has two places for the wrapped key: a new one goes into the
// free place and is durable before the old one is blotted out, so that one of them always
// opens. Chunks are AES-256-GCM with a random nonce before and the tag behind, and the
// chunk's number as associated data: any of them is read alone, and none can be moved,
// left out or put in.
//
//	0     8  "HLSEAL1\n"
//	8   504  two places of 252 bytes: length (2, big endian), wrapped key
//	512      chunks of 12 + 65,536 + 16 bytes, the last one shorter
const (
	magic      = "HLSEAL1\n"
	headerSize = 512
	placeSize  = (headerSize - len(magic)) / 2
	chunkSize  = 64 << 10
	chunkExtra = 12 + 16
	fileKey    = 32
)

// ErrForm is returned for a file that is not a sealed one, or is damaged.
var ErrForm = errors.New("the sealed file is damaged")

func sealedSize(plain int64) int64 {
	return headerSize + plain + (plain+chunkSize-1)/chunkSize*chunkExtra
}

func chunkData(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

// SealFile writes size bytes of src to dst, sealed for a place, the file's name for
// example.
func (s *Sealer) SealFile(dst io.Writer, src io.Reader, size int64, place string) error {
	key := make([]byte, fileKey)
	_, _ = rand.Read(key) // never fails, see its documentation
	cipher, err := subtle.NewAESGCM(key)
	if err != nil {
		return fmt.Errorf("seal %s: %w", place, err)
	}
	wrapped, err := s.Seal(binary.BigEndian.AppendUint64(key, uint64(size)), place)
	if err != nil {
		return err
	}
	header := make([]byte, headerSize)
	copy(header, magic)
	copy(header[len(magic):], wrappedPlace(wrapped))
	if _, err := dst.Write(header); err != nil {
		return fmt.Errorf("seal %s: %w", place, err)
	}
	buf := make([]byte, chunkSize)
	for n := int64(0); n*chunkSize < size; n++ {
		plain := buf[:min(chunkSize, size-n*chunkSize)]
		if _, err := io.ReadFull(src, plain); err != nil {
			return fmt.Errorf("seal %s: %w", place, err)
		}
		chunk, err := cipher.Encrypt(plain, chunkData(n))
		if err != nil {
			return fmt.Errorf("seal %s: %w", place, err)
		}
		if _, err := dst.Write(chunk); err != nil {
			return fmt.Errorf("seal %s: %w", place, err)
		}
	}
	return nil
}

func wrappedPlace(wrapped []byte) []byte {
	b := make([]byte, placeSize)
	binary.BigEndian.PutUint16(b, uint16(len(wrapped)))
	copy(b[2:], wrapped)
	return b
}

// wrappedIn is the wrapped key of one of a header's places; nil for none.
func wrappedIn(place []byte) []byte {
	if n := int(binary.BigEndian.Uint16(place)); n > 0 && n <= placeSize-2 {
		return place[2 : 2+n]
	}
	return nil
}

// unwrap opens the wrapped key of one of a header's places; which tells of which.
func (s *Sealer) unwrap(r io.ReaderAt, place string) (opened []byte, which int, places [2][]byte, err error) {
	header := make([]byte, headerSize)
	if _, err := r.ReadAt(header, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, places, fmt.Errorf("open %s: %w", place, err)
	}
	err = fmt.Errorf("open %s: %w", place, ErrForm)
	if string(header[:len(magic)]) != magic {
		return nil, 0, places, err
	}
	for i := range places {
		places[i] = header[len(magic)+i*placeSize:][:placeSize]
	}
	for i, b := range places {
		wrapped := wrappedIn(b)
		if wrapped == nil {
			continue
		}
		if opened, err = s.Open(wrapped, place); err == nil && len(opened) == fileKey+8 {
			return opened, i, places, nil
		}
	}
	return nil, 0, places, err
}

// OpenFile opens a sealed file of size bytes.
func (s *Sealer) OpenFile(r io.ReaderAt, size int64, place string) (*File, error) {
	b, _, _, err := s.unwrap(r, place)
	if err != nil {
		return nil, err
	}
	cipher, err := subtle.NewAESGCM(b[:fileKey])
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", place, err)
	}
	f := &File{r: r, cipher: cipher, size: int64(binary.BigEndian.Uint64(b[fileKey:])), place: place, last: -1}
	if f.size < 0 || sealedSize(f.size) != size {
		return nil, fmt.Errorf("open %s: it has %d bytes, not %d: %w", place, size, sealedSize(f.size), ErrForm)
	}
	return f, nil
}

// Rewrap wraps the key of a sealed file by the master key that seals now. sync must
// make durable what was written. It tells whether there was something to do.
func (s *Sealer) Rewrap(f interface {
	io.ReaderAt
	io.WriterAt
	Sync() error
}, place string,
) (changed bool, err error) {
	b, which, places, err := s.unwrap(f, place)
	if err != nil {
		return false, err
	}
	at := func(i int) int64 { return int64(len(magic) + i*placeSize) }
	rest := places[1-which]
	if !s.Fits(wrappedIn(places[which])) {
		wrapped, err := s.Seal(b, place)
		if err != nil {
			return false, err
		}
		if _, err := f.WriteAt(wrappedPlace(wrapped), at(1-which)); err != nil {
			return false, fmt.Errorf("rewrap %s: %w", place, err)
		}
		if err := f.Sync(); err != nil {
			return false, fmt.Errorf("rewrap %s: %w", place, err)
		}
		rest = places[which]
		which = 1 - which
		changed = true
	}
	if len(bytes.Trim(rest, "\x00")) == 0 {
		return changed, nil
	}
	if _, err := f.WriteAt(make([]byte, placeSize), at(1-which)); err != nil {
		return changed, fmt.Errorf("rewrap %s: %w", place, err)
	}
	return true, f.Sync()
}

// File is an open sealed file. It is safe for concurrent use; a reader that goes
// forward opens each chunk once.
type File struct {
	r      io.ReaderAt
	cipher tink.AEAD
	size   int64
	place  string

	mu    sync.Mutex
	last  int64  // guarded by mu: the chunk in plain, -1 for none
	plain []byte // guarded by mu
}

// Size is that of the plain file.
func (f *File) Size() int64 { return f.size }

// ReadAt is of io.ReaderAt, over the plain file.
func (f *File) ReadAt(b []byte, at int64) (n int, err error) {
	if at < 0 {
		return 0, fmt.Errorf("read %s: %w", f.place, errors.New("negative offset"))
	}
	for n < len(b) {
		if at >= f.size {
			return n, io.EOF
		}
		m, err := f.copyFrom(b[n:], at)
		if err != nil {
			return n, err
		}
		n += m
		at += int64(m)
	}
	return n, nil
}

func (f *File) copyFrom(b []byte, at int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := at / chunkSize; f.last != n {
		sealed := make([]byte, min(chunkSize, f.size-n*chunkSize)+chunkExtra)
		if _, err := f.r.ReadAt(sealed, headerSize+n*(chunkSize+chunkExtra)); err != nil && !errors.Is(err, io.EOF) {
			return 0, fmt.Errorf("read %s: %w", f.place, err)
		}
		plain, err := f.cipher.Decrypt(sealed, chunkData(n))
		if err != nil {
			return 0, fmt.Errorf("read %s: chunk %d: %w", f.place, n, ErrForm)
		}
		f.last, f.plain = n, plain
	}
	return copy(b, f.plain[at%chunkSize:]), nil
}
