package language

// A Follower tells in which language each sentence of a talk is, whoever says it: one that
// is too short to tell is in that of those before it. The zero value is of a talk that
// begins in a language of its own, "".
type Follower struct{ now string }

// Next is the language of the talk's next sentence.
func (f *Follower) Next(text string) string {
	if l := Of(text); l != "" {
		f.now = l
	}
	return f.now
}

// Speak notes that the talk goes on in a language; "" is its own.
func (f *Follower) Speak(language string) { f.now = language }
