package kb

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"hotline/dialog/knowledge"
)

// Serve has these lines answer and no others: those that are new get an index of what is
// in force in their business, with the console's edits, and those that are not here any
// more are left alone. A line is known by its Live. On an error all stays as it was.
func (b *Base) Serve(ctx context.Context, lines []Line) error {
	leave, err := b.turn.take(ctx)
	if err != nil {
		return err
	}
	defer leave()
	next, homes, err := b.arranged(lines)
	if err != nil {
		return err
	}
	before := map[*shop]*[]*line{}
	for s, of := range homes {
		before[s] = s.lines.Load()
		if err := b.enter(ctx, s, of); err != nil {
			for s, lines := range before {
				s.lines.Store(lines)
			}
			return fmt.Errorf("the knowledge of %s: %w", s.home.Load().Dir, err)
		}
	}
	for s, of := range homes {
		s.lines.Store(&of)
	}
	b.shops.Store(&next)
	select {
	case b.served <- struct{}{}:
	default:
	}
	return nil
}

// arranged are the businesses of lines, in their order, and the lines of each; those that
// are known as they are.
func (b *Base) arranged(lines []Line) (next []*shop, homes map[*shop][]*line, err error) {
	homes = map[*shop][]*line{}
	in := func(list []*shop, dir string) *shop {
		if i := slices.IndexFunc(list, func(s *shop) bool { return s.dir == dir }); i >= 0 {
			return list[i]
		}
		return nil
	}
	for _, l := range lines {
		dir, err := filepath.Abs(l.Home.Dir)
		if err != nil {
			return nil, nil, fmt.Errorf("the folder of the business: %w", err)
		}
		s := in(next, dir)
		if s == nil {
			if s = in(*b.shops.Load(), dir); s == nil {
				s = &shop{key: filepath.Base(dir), dir: dir, turn: newTurn()}
				s.home.Store(l.Home)
				s.lines.Store(&[]*line{})
			}
			if slices.ContainsFunc(next, func(o *shop) bool { return o.key == s.key }) {
				return nil, nil, fmt.Errorf("two businesses' folders have the same name, %s: rename one, the console's edits are kept by it", s.key)
			}
			next = append(next, s)
		}
		known := *s.lines.Load()
		if i := slices.IndexFunc(known, func(o *line) bool { return o.Live == l.Live }); i >= 0 {
			homes[s] = append(homes[s], known[i])
			continue
		}
		homes[s] = append(homes[s], &line{Line: l, turn: newTurn(), rows: digestOf(l.PairsOf(l.Home.Knowledge), l.KnowledgeOptions())})
	}
	return next, homes, nil
}

// enter gives the new ones of a business's lines their indexes, which follow its changes
// from then on.
func (b *Base) enter(ctx context.Context, s *shop, lines []*line) error {
	leave, err := s.turn.take(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if s.state.Load() == nil {
		s.lines.Store(&lines)
		return b.begin(ctx, s)
	}
	both := slices.Clone(*s.lines.Load())
	for _, l := range lines {
		if slices.Contains(both, l) {
			continue
		}
		if err := b.renewLine(ctx, l, s.at(l), s.state.Load().rows); err != nil {
			return err
		}
		both = append(both, l)
	}
	s.lines.Store(&both)
	return nil
}

// Run follows the files and teaches the indexes to compare meanings with the embedder of
// their language, until ctx ends. One that is asked for twice is the same.
func (b *Base) Run(ctx context.Context, meaning knowledge.Embedders) {
	var wg sync.WaitGroup
	defer wg.Wait()
	working := map[any]context.CancelFunc{} // by shop and line
	for {
		want := map[any]func(context.Context){}
		for _, s := range *b.shops.Load() {
			want[s] = func(ctx context.Context) { b.follow(ctx, s) }
			for _, l := range *s.lines.Load() {
				if e := meaning.In(l.Language); e != nil {
					want[l] = func(ctx context.Context) { b.learn(ctx, l, e) }
				}
			}
		}
		for at, end := range working {
			if _, ok := want[at]; !ok {
				end()
				delete(working, at)
			}
		}
		for at, work := range want {
			if working[at] != nil {
				continue
			}
			within, end := context.WithCancel(ctx) //nolint:gosec // ended when it is no longer wanted, or with ctx
			working[at] = end
			wg.Go(func() { work(within) })
		}
		select {
		case <-ctx.Done():
			return
		case <-b.served:
		}
	}
}
