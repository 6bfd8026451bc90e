package engine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"hotline/dialog"
)

// Who speaks another language gets a person, not the same question three times.
func TestAnotherLanguage(t *testing.T) {
	for _, c := range []struct {
		start func(testing.TB) *call
		text  string
		want  string
	}{
		{hotel, "hello can I book a room please", "language"},
		{hotel, "ok", ""},
		{hotel, "WiFi 密码是多少", ""},
		{gym, "你们几点开门啊", "language"},
		{gym, "How much is a membership?", ""},
	} {
		k := c.start(t)
		hand, _ := find[dialog.Transfer](k.say(c.text))
		assert.Equal(t, c.want, hand.Reason, c.text)
	}
}
