package engine

import (
	"hotline/dialog"
	"hotline/dialog/command"
)

var (
	_ dialog.Assenter = (*Conversation)(nil)
	_ dialog.Refuser  = (*Conversation)(nil)
)

// Refuses implements dialog.Refuser.
func (c *Conversation) Refuses(text string) bool {
	return c.e.command.Called(text) == command.DoNotCall
}

// Assent implements dialog.Assenter: a back-channel word is no turn, and neither
// is a yes where nothing was asked.
func (c *Conversation) Assent(text string) bool {
	switch c.e.command.Recognize(text).Kind {
	case command.Backchannel:
		return true
	case command.Yes:
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.st.pending == nothing
	default:
		return false
	}
}
