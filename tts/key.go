package tts

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// keyVersion changes when the same utterance should sound different.
const keyVersion = "1"

// Key names the sound of an utterance whose text is already as it is spoken:
// utterances that sound alike have the same key. It is safe as a file name.
func Key(u Utterance) string {
	rate := u.Rate
	if rate == 0 {
		rate = 1
	}
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%s\x00%s\x00%s\x00%s\x00%.2f\x00%s", keyVersion, u.Voice, primary(u.Language), u.Style, rate, canonical(u.Text))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// canonical drops differences that cannot be heard: spaces, and the mark at the
// end where it only says that the sentence is over.
func canonical(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return strings.TrimRight(text, " 。.，,、；;：:")
}

// primary is the language without its country.
func primary(language string) string {
	l, _, _ := strings.Cut(strings.ToLower(language), "-")
	return l
}
