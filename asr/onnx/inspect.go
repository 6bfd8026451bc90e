package onnx

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Info is what a model file declares about itself.
type Info struct {
	Metadata map[string]string
	Inputs   []Tensor
	Outputs  []Tensor
}

// Tensor is a declared input or output. A dimension that is open is -1.
type Tensor struct {
	Name string
	Dims []int64
}

var errFormat = errors.New("not an ONNX model, or cut short")

// Inspect reads a model file's declarations and skips over its weights, so that a
// model can be judged before a runtime that might end the process sees it.
func Inspect(path string) (Info, error) {
	if err := CheckFile(path); err != nil {
		return Info{}, err
	}
	f, err := os.Open(path) //nolint:gosec // a model of the operator's
	if err != nil {
		return Info{}, fmt.Errorf("inspecting model: %w", err)
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		return Info{}, fmt.Errorf("inspecting model: %w", err)
	}
	info, err := inspect(f, st.Size())
	if err != nil {
		return Info{}, fmt.Errorf("inspecting model %s: %w", path, err)
	}
	return info, nil
}

// Require checks that the model declares these tensors.
func (i Info) Require(path string, inputs, outputs []string) error {
	for _, n := range inputs {
		if i.input(n) == nil {
			return fmt.Errorf("model %s has no input %q (it has %s): it is of another layout than expected", path, n, names(i.Inputs))
		}
	}
	for _, n := range outputs {
		if !slices.ContainsFunc(i.Outputs, func(t Tensor) bool { return t.Name == n }) {
			return fmt.Errorf("model %s has no output %q (it has %s): it is of another layout than expected", path, n, names(i.Outputs))
		}
	}
	return nil
}

// Input returns the declared input of that name, or nil.
func (i Info) input(name string) *Tensor {
	for k := range i.Inputs {
		if i.Inputs[k].Name == name {
			return &i.Inputs[k]
		}
	}
	return nil
}

// InputDims returns the declared shape of an input, nil where there is none.
func (i Info) InputDims(name string) []int64 {
	if t := i.input(name); t != nil {
		return t.Dims
	}
	return nil
}

func names(ts []Tensor) string {
	n := make([]string, len(ts))
	for i, t := range ts {
		n[i] = t.Name
	}
	return strings.Join(n, ", ")
}

// Field numbers of onnx.proto: ModelProto, GraphProto, ValueInfoProto, TypeProto,
// TypeProto.Tensor, TensorShapeProto, Dimension and StringStringEntryProto.
const (
	modelGraph, modelMetadata    = 7, 14
	graphInput, graphOutput      = 11, 12
	valueName, valueType         = 1, 2
	typeTensor, tensorShape      = 1, 2
	shapeDim, dimValue, entryKey = 1, 1, 1
	entryValue                   = 2
	maxDeclaration               = 1 << 20 // bytes; a declaration is small, weights are skipped
	wireVarint, wireI64          = 0, 1
	wireBytes, wireI32           = 2, 5
	maxFields                    = 1 << 22 // of one message, against made-up files
)

func inspect(r io.ReadSeeker, size int64) (Info, error) {
	info := Info{Metadata: map[string]string{}}
	w := walker{r: r, b: bufio.NewReaderSize(r, 4096)}
	sawGraph := false
	err := w.message(size, func(field int, n int64) (bool, error) {
		switch field {
		case modelGraph:
			sawGraph = true
			return true, w.message(w.at+n, func(field int, n int64) (bool, error) {
				if field != graphInput && field != graphOutput {
					return false, nil
				}
				b, err := w.bytes(n)
				if err != nil {
					return true, err
				}
				t, err := readTensor(b)
				if err != nil {
					return true, err
				}
				if field == graphInput {
					info.Inputs = append(info.Inputs, t)
				} else {
					info.Outputs = append(info.Outputs, t)
				}
				return true, nil
			})
		case modelMetadata:
			b, err := w.bytes(n)
			if err != nil {
				return true, err
			}
			var k, v string
			err = fields(b, func(f int, _ uint64, b []byte) error {
				switch f {
				case entryKey:
					k = string(b)
				case entryValue:
					v = string(b)
				}
				return nil
			})
			info.Metadata[k] = v
			return true, err
		}
		return false, nil
	})
	if err == nil && !sawGraph {
		err = errFormat
	}
	return info, err
}

// walker reads a protobuf message from a file and seeks over what is not wanted.
type walker struct {
	r  io.ReadSeeker
	b  *bufio.Reader
	at int64
}

// message visits the length-delimited fields up to the offset end. visit returns
// true where it has consumed the field.
func (w *walker) message(end int64, visit func(field int, n int64) (bool, error)) error {
	for count := 0; w.at < end; count++ {
		if count > maxFields {
			return errFormat
		}
		key, err := w.varint()
		if err != nil {
			return err
		}
		field := int(key >> 3)
		switch key & 7 {
		case wireVarint:
			if _, err := w.varint(); err != nil {
				return err
			}
		case wireI64:
			err = w.skip(8)
		case wireI32:
			err = w.skip(4)
		case wireBytes:
			n, e := w.varint()
			if e != nil {
				return e
			}
			if field == 0 || n > uint64(end-w.at) {
				return errFormat
			}
			done, e := visit(field, int64(n))
			if e != nil {
				return e
			}
			if !done {
				err = w.skip(int64(n))
			}
		default:
			return errFormat
		}
		if err != nil {
			return err
		}
	}
	if w.at != end {
		return errFormat
	}
	return nil
}

func (w *walker) varint() (uint64, error) {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		c, err := w.b.ReadByte()
		if err != nil {
			return 0, errFormat
		}
		w.at++
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v, nil
		}
	}
	return 0, errFormat
}

func (w *walker) skip(n int64) error {
	if n <= int64(w.b.Buffered()) {
		_, err := w.b.Discard(int(n))
		w.at += n
		return err
	}
	w.at += n
	if _, err := w.r.Seek(w.at, io.SeekStart); err != nil {
		return err
	}
	w.b.Reset(w.r)
	return nil
}

func (w *walker) bytes(n int64) ([]byte, error) {
	if n > maxDeclaration {
		return nil, errFormat
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(w.b, b); err != nil {
		return nil, errFormat
	}
	w.at += n
	return b, nil
}

// fields visits the fields of a message in memory.
func fields(b []byte, visit func(field int, v uint64, b []byte) error) error {
	for len(b) > 0 {
		key, n := uvarint(b)
		if n == 0 {
			return errFormat
		}
		b = b[n:]
		var v uint64
		var sub []byte
		switch key & 7 {
		case wireVarint:
			if v, n = uvarint(b); n == 0 {
				return errFormat
			}
			b = b[n:]
		case wireI64, wireI32:
			n = 8
			if key&7 == wireI32 {
				n = 4
			}
			if len(b) < n {
				return errFormat
			}
			b = b[n:]
		case wireBytes:
			l, n := uvarint(b)
			if n == 0 || l > uint64(len(b)-n) {
				return errFormat
			}
			sub, b = b[n:n+int(l)], b[n+int(l):]
		default:
			return errFormat
		}
		if err := visit(int(key>>3), v, sub); err != nil {
			return err
		}
	}
	return nil
}

func uvarint(b []byte) (v uint64, n int) {
	for i := 0; i < len(b) && i < 10; i++ {
		v |= uint64(b[i]&0x7f) << (7 * i)
		if b[i] < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}

func readTensor(b []byte) (Tensor, error) {
	var t Tensor
	err := fields(b, func(f int, _ uint64, b []byte) error {
		switch f {
		case valueName:
			t.Name = string(b)
		case valueType:
			return fields(b, func(f int, _ uint64, b []byte) error {
				if f != typeTensor {
					return nil
				}
				return fields(b, func(f int, _ uint64, b []byte) error {
					if f != tensorShape {
						return nil
					}
					return fields(b, func(f int, _ uint64, b []byte) error {
						if f != shapeDim {
							return nil
						}
						d := int64(-1)
						err := fields(b, func(f int, v uint64, _ []byte) error {
							if f == dimValue && v > 0 {
								d = int64(v)
							}
							return nil
						})
						t.Dims = append(t.Dims, d)
						return err
					})
				})
			})
		}
		return nil
	})
	return t, err
}
