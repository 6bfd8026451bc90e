package engine

import (
	"context"
	"sync/atomic"

	"hotline/dialog"
)

// Live is the engine in use, which is exchanged while calls go on: those in progress
// keep the one that they began with.
type Live struct{ now atomic.Pointer[Engine] }

// NewLive returns a Live that begins with e.
func NewLive(e *Engine) *Live {
	l := &Live{}
	l.now.Store(e)
	return l
}

// Load is the engine that the next call begins with.
func (l *Live) Load() *Engine { return l.now.Load() }

// Swap puts e in its place.
func (l *Live) Swap(e *Engine) { l.now.Store(e) }

// Begin implements dialog.Engine.
func (l *Live) Begin(ctx context.Context, facts dialog.Facts) (dialog.Conversation, error) {
	return l.Load().Begin(ctx, facts)
}
