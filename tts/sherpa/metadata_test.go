package sherpa

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// model writes the fields of an ONNX file: a graph of n bytes among entries.
func model(n int, entries ...string) []byte {
	field := func(number int, b []byte) []byte {
		out := binary.AppendUvarint(nil, uint64(number)<<3|2)
		out = binary.AppendUvarint(out, uint64(len(b)))
		return append(out, b...)
	}
	out := []byte{8, 9} // ir_version
	out = append(out, field(7, bytes.Repeat([]byte{0xff}, n))...)
	for i := 0; i+1 < len(entries); i += 2 {
		out = append(out, field(14, append(field(1, []byte(entries[i])), field(2, []byte(entries[i+1]))...))...)
	}
	return out
}

func TestMetadata(t *testing.T) {
	for _, n := range []int{0, 10, 5000, 1 << 20} {
		b := model(n, "sample_rate", "24000", "comment", strings.Repeat("x", 300))
		meta, err := scanMetadata(bytes.NewReader(b), int64(len(b)))
		require.NoError(t, err)
		require.Equal(t, "24000", meta["sample_rate"])
		require.Len(t, meta["comment"], 300)
		_, err = scanMetadata(bytes.NewReader(b[:len(b)-1]), int64(len(b)-1))
		require.ErrorIs(t, err, errNotONNX)
	}
}

func FuzzMetadata(f *testing.F) {
	f.Add(model(10, "a", "b"))
	f.Add([]byte("<html>"))
	f.Add([]byte{})
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = scanMetadata(bytes.NewReader(b), int64(len(b))) })
}
