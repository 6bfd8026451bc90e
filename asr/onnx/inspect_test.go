package onnx

import (
	"bytes"
	"testing"
)

func FuzzInspect(f *testing.F) {
	// a model with metadata {"a": "b"} and a graph with one input "x" of [1, ?]
	f.Add([]byte("\x72\x06\x0a\x01a\x12\x01b\x3a\x13\x5a\x11\x0a\x01x\x12\x0c\x0a\x0a\x08\x01\x12\x06\x0a\x02\x08\x01\x0a\x00"))
	f.Add([]byte{})
	f.Add([]byte("\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		info, err := inspect(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		if err := info.Require("m", []string{"nothing is called so"}, nil); err == nil {
			t.Error("a model has every input")
		}
	})
}

func TestInspectSmallest(t *testing.T) {
	b := []byte("\x72\x06\x0a\x01a\x12\x01b\x3a\x13\x5a\x11\x0a\x01x\x12\x0c\x0a\x0a\x08\x01\x12\x06\x0a\x02\x08\x01\x0a\x00")
	info, err := inspect(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	d := info.InputDims("x")
	if info.Metadata["a"] != "b" || len(d) != 2 || d[0] != 1 || d[1] != -1 {
		t.Errorf("%+v", info)
	}
}
