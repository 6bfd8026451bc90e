package flow

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSays(t *testing.T) {
	for _, c := range []struct {
		heard, word string
		want        bool
	}{
		{"一打火就有股煤气味", "煤气", true},
		{"一打火就有骨梅气味", "煤气", true}, // as it was recognised
		{"没有气", "煤气", false},
		{"不制冷", "冒烟", false},
		{"there is a smell of gas", "gas", true},
		{"", "煤气", false},
	} {
		assert.Equal(t, c.want, says(c.heard, c.word), c.heard)
	}
}
