package asr

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestDigitsThatThereWasNoTimeFor(t *testing.T) {
	for _, c := range []struct {
		text   string
		voiced time.Duration
		want   string
	}{
		{"8 8 8 8 8 8 8 8 8 8 8 8", 400 * time.Millisecond, "8"},
		{"617 617 617 617", 700 * time.Millisecond, "617"},
		{"88888888", 2500 * time.Millisecond, "88888888"}, // a number that somebody likes
		{"10048817", 600 * time.Millisecond, "10048817"},  // nothing repeats
		{"call 8 8 8 8 8 8 8", 400 * time.Millisecond, "call 8 8 8 8 8 8 8"},
	} {
		got, _ := digitsOnce(c.text, c.voiced)
		assert.Equal(t, c.want, got, c.text)
	}
}
