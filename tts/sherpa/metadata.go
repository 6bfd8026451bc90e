package sherpa

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// Fields of ONNX's ModelProto and StringStringEntryProto (onnx.proto3).
const (
	fieldMetadata = 14
	fieldKey      = 1
	fieldValue    = 2
	maxMetadata   = 1 << 20 // bytes of one entry
)

var errNotONNX = errors.New("not an ONNX file")

// readMetadata reads the metadata entries of an ONNX file without loading its
// graph, which it seeks over: the native library ends the whole process when an
// entry that it needs is missing, so they are looked at first.
func readMetadata(path string) (map[string]string, error) {
	f, err := os.Open(path) //nolint:gosec // the operator's model folder
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	meta, err := scanMetadata(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return meta, nil
}

// scanMetadata walks the top level of a ModelProto of size bytes.
func scanMetadata(r io.ReadSeeker, size int64) (map[string]string, error) {
	br := bufio.NewReaderSize(r, 4096)
	meta := map[string]string{}
	var pos int64
	for fields := 0; pos < size; fields++ {
		tag, n, err := readVarint(br)
		if err != nil {
			return nil, errNotONNX
		}
		pos += n
		switch tag & 7 {
		case 0:
			_, n, err := readVarint(br)
			if err != nil {
				return nil, errNotONNX
			}
			pos += n
		case 2:
			length, n, err := readVarint(br)
			if err != nil {
				return nil, errNotONNX
			}
			pos += n
			if length > uint64(size-pos) {
				return nil, fmt.Errorf("file is cut off at %d bytes: %w", size, errNotONNX)
			}
			if tag>>3 == fieldMetadata {
				if length > maxMetadata {
					return nil, errNotONNX
				}
				b := make([]byte, length)
				if _, err := io.ReadFull(br, b); err != nil {
					return nil, errNotONNX
				}
				if err := addEntry(meta, b); err != nil {
					return nil, err
				}
			} else if err := skip(r, br, int64(length)); err != nil {
				return nil, errNotONNX
			}
			pos += int64(length)
		case 1, 5:
			n := int64(8)
			if tag&7 == 5 {
				n = 4
			}
			if err := skip(r, br, n); err != nil {
				return nil, errNotONNX
			}
			pos += n
		default:
			return nil, errNotONNX
		}
		if tag>>3 == 0 || fields > 1<<20 {
			return nil, errNotONNX
		}
	}
	return meta, nil
}

// skip moves n bytes on, seeking where the buffer does not reach.
func skip(r io.ReadSeeker, br *bufio.Reader, n int64) error {
	if n <= int64(br.Buffered()) {
		_, err := br.Discard(int(n))
		return err
	}
	n -= int64(br.Buffered())
	if _, err := r.Seek(n, io.SeekCurrent); err != nil {
		return err
	}
	br.Reset(r)
	return nil
}

// addEntry parses one StringStringEntryProto.
func addEntry(meta map[string]string, b []byte) error {
	var kv [3]string
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		if n <= 0 || tag&7 != 2 {
			return errNotONNX
		}
		b = b[n:]
		length, n := binary.Uvarint(b)
		if n <= 0 || length > uint64(len(b)-n) {
			return errNotONNX
		}
		if field := tag >> 3; field == fieldKey || field == fieldValue {
			kv[field] = string(b[n : n+int(length)])
		}
		b = b[n+int(length):]
	}
	meta[kv[fieldKey]] = kv[fieldValue]
	return nil
}

// readVarint also says how many bytes it took.
func readVarint(br *bufio.Reader) (v uint64, n int64, err error) {
	for shift := 0; shift < 64; shift += 7 {
		b, err := br.ReadByte()
		if err != nil {
			return 0, n, err
		}
		n++
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v, n, nil
		}
	}
	return 0, n, errNotONNX
}
