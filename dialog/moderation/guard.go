package moderation

import "hotline/dialog"

// Guard returns do with every sentence checked before it is spoken: safe is said in
// place of one that is blocked, which blocked (may be nil) is told of.
func (m *Matcher) Guard(do func(dialog.Act) error, safe func() string, blocked func(text string, h Hit)) func(dialog.Act) error {
	if m == nil {
		return do
	}
	return func(a dialog.Act) error {
		s, ok := a.(dialog.Say)
		if !ok {
			return do(a)
		}
		h, bad := m.Blocked(s.Text)
		if !bad {
			return do(a)
		}
		if blocked != nil {
			blocked(s.Text, h)
		}
		s.Text = safe()
		return do(s)
	}
}
