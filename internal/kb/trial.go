package kb

import (
	"context"
	"fmt"
	"path/filepath"

	"hotline/dialog/knowledge"
	"hotline/internal/business"
)

// Trial is an index of what a line would answer with another business behind it, one
// whose tasks are begun by other sentences say: of the rows in force, with meanings where
// the line has them.
func (b *Base) Trial(ctx context.Context, at business.Line) (*knowledge.Index, error) {
	key := at.Home.Dir
	if abs, err := filepath.Abs(key); err == nil {
		key = abs
	}
	s, err := b.shop(filepath.Base(key))
	if err != nil {
		return nil, err
	}
	o := at.KnowledgeOptions()
	o.Now = b.cfg.Now
	x, err := knowledge.New(at.PairsOf(s.state.Load().rows), o) //nolint:contextcheck // without an embedder it asks nobody
	if err != nil {
		return nil, fmt.Errorf("line %s: %w", at.Name, err)
	}
	for _, l := range *s.lines.Load() {
		e := l.embedder.Load()
		if l.Name != at.Name || e == nil {
			continue
		}
		if better, err := x.WithEmbedder(ctx, *e, l.Live.Load()); err == nil {
			return better, nil
		}
	}
	return x, nil
}
