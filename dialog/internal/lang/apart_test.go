package lang_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"

	"hotline/dialog/internal/lang"
)

func TestApart(t *testing.T) {
	long := bytes.Repeat([]byte("ka"), 50) // more than is kept beside the call
	for _, c := range []struct {
		a, b string
		want float32
	}{
		{"kat", "kat", 0},
		{"kat", "tat", 0.5},
		{"kat", "katl", 1},
		{"kat", "", 3},
		{"", "kat", 3},
		{"", "", 0},
		{string(long), string(long), 0},
		{string(long), string(long[2:]), 2},
	} {
		assert.InDelta(t, c.want, lang.Apart([]byte(c.a), []byte(c.b), lang.PhoneAlike), 1e-6, "%s, %s", c.a, c.b)
	}
}
