package language_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"hotline/dialog/language"
)

func TestEachSentenceHasItsLanguage(t *testing.T) {
	var f language.Follower
	for _, x := range []struct{ said, want string }{
		{"ok", ""},
		{"我的快递到哪了", "zh"},
		{"ok", "zh"},
		{"Where is my parcel?", "en"},
		{"refund", "en"},
		{"iPhone 17 Pro Max", "en"},
		{"退款", "zh"},
		{"嗯", "zh"},
	} {
		assert.Equal(t, x.want, f.Next(x.said), x.said)
	}
	f.Speak("en")
	assert.Equal(t, "en", f.Next("ok"))
	f.Speak("")
	assert.Empty(t, f.Next("ok"))
}
