package engine

import (
	"slices"

	"hotline/dialog"
	"hotline/dialog/command"
	"hotline/dialog/internal/lang"
)

// remember keeps what was heard and not understood.
func (p *plan) remember(t dialog.Turn) { p.puzzled, p.st.before = true, t.Text }

// decline rules out what was asked about.
func (p *plan) decline() {
	st := &p.st
	if st.pending != confirm && st.pending != which {
		return
	}
	st.declined = slices.Clone(st.declined)
	for _, id := range st.ids {
		if id != "" && !slices.Contains(st.declined, id) {
			st.declined = append(st.declined, id)
		}
	}
	st.ask(nothing)
}

// saysAgain says whether text is what was not understood the last time, as far as can be
// heard. Who meant what he was asked about would not say it all again.
func (p *plan) saysAgain(text string) bool {
	const alike, least = 0.6, 5
	if p.st.before == "" {
		return false
	}
	a, b := lang.Fold(text), lang.Fold(p.st.before)
	if p.c.e.zh {
		x, y := lang.Syllables(a), lang.Syllables(b)
		return min(len(x), len(y)) >= least && resembles(x, y, lang.Alike) >= alike
	}
	x, y := lang.Phones(lang.Words(a)), lang.Phones(lang.Words(b))
	return min(len(x), len(y)) >= 2*least && resembles(x, y, lang.PhoneAlike) >= alike
}

// resembles is the share of two sequences of sounds that is the same in both, in order.
func resembles[T any](x, y []T, alike func(a, b T) float32) float32 {
	row := make([]float32, len(y)+1)
	for i := range x {
		diagonal := row[0]
		for j := range y {
			above := row[j+1]
			row[j+1] = max(above, row[j], diagonal+alike(x[i], y[j]))
			diagonal = above
		}
	}
	return row[len(y)] / float32(max(len(x), len(y), 1))
}

// asksShort says whether the pending question is answered by a yes, a no, or one of several.
func (s *state) asksShort() bool {
	return s.pending == which || s.pending == confirm || s.pending == offer || s.pending == offerTask
}

// answered is what a reply to such a question says, by its likeliest reading that says
// something.
func (e *Engine) answered(text string, alternatives []string) command.Command {
	cmd := e.command.Answer(text)
	for i := 0; cmd.Kind == command.None && i < len(alternatives); i++ {
		if c := e.command.Recognize(alternatives[i]); answers(c) {
			return c
		}
	}
	return cmd
}

// answers says whether a command is a yes, a no, or one of several.
func answers(c command.Command) bool {
	return slices.Contains([]command.Kind{command.Yes, command.No, command.First, command.Second, command.Third, command.Neither}, c.Kind)
}
