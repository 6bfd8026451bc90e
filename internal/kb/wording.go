package kb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"hotline/internal/audit"
	"hotline/internal/business"
	"hotline/internal/store"
)

// Wordings puts wordings in force at the questions of a business, and takes others
// away, all at once: callers are understood by them with their next sentence. Drafts of
// those questions get the same change and stay drafts.
func (b *Base) Wordings(ctx context.Context, key string, add, remove map[string][]string, e Edit) error {
	s, release, err := b.take(ctx, key)
	if err != nil {
		return err
	}
	defer release()
	var list []store.KnowledgeVersion
	n, of := 0, []string{}
	change := func(r business.Row, id string) business.Row {
		gone := func(v string) bool {
			return slices.ContainsFunc(remove[id], func(x string) bool { return folded(x) == folded(v) })
		}
		r.Variants = slices.DeleteFunc(slices.Clone(r.Variants), gone)
		for _, v := range add[id] {
			if v = strings.TrimSpace(v); v != "" && folded(v) != folded(r.Question) && !slices.ContainsFunc(r.Variants, func(x string) bool { return folded(x) == folded(v) }) {
				r.Variants = append(r.Variants, v)
			}
		}
		return r
	}
	e.Version = -1
	for _, id := range ids(add, remove) {
		i, err := s.item(id)
		if err != nil {
			return err
		}
		if i.InForce == nil {
			return fmt.Errorf("%s is not published: %w", id, ErrState)
		}
		if i.Conflict {
			return fmt.Errorf("%s: %w", id, ErrConflict)
		}
		row := change(*i.InForce, id)
		if slices.Equal(row.Variants, i.InForce.Variants) {
			continue
		}
		if report := business.CheckRow(s.home.Load(), s.state.Load().rows, row); report.Errors() > 0 {
			return &InvalidError{report}
		}
		made, err := s.next(id, store.KnowledgePublished, row, e)
		if err != nil {
			return err
		}
		if i.State == Draft || i.State == Review {
			last := made[len(made)-1]
			last.N++
			last.State, last.Body = i.State, body(change(i.Row, id))
			made = append(made, last)
		}
		list = append(list, made...)
		n += len(add[id]) + len(remove[id])
		of = append(of, id)
	}
	if len(list) == 0 {
		return nil
	}
	if err := b.keep(ctx, s, list); err != nil {
		return err
	}
	const named = 20
	b.cfg.Audit(audit.Entry{
		At: b.cfg.Now(), Kind: "knowledge_wordings", User: e.By, Count: n,
		Detail: fmt.Sprintf("%s, %d questions: %s", s.key, len(of), strings.Join(of[:min(named, len(of))], ", ")),
	})
	return nil
}

func ids(maps ...map[string][]string) (out []string) {
	for _, m := range maps {
		for id, list := range m {
			if len(list) > 0 && !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	slices.Sort(out)
	return out
}

// Lines are the lines of a business with their indexes.
func (b *Base) Lines(key string) ([]Line, error) {
	s, err := b.shop(key)
	if err != nil {
		return nil, err
	}
	out := make([]Line, 0, len(*s.lines.Load()))
	for _, l := range *s.lines.Load() {
		out = append(out, l.Line)
	}
	return out, nil
}

// Key is the whole name of a business; "" means the first.
func (b *Base) Key(key string) (string, error) {
	s, err := b.shop(key)
	if err != nil {
		return "", err
	}
	return s.key, nil
}

// Businesses are the names of all.
func (b *Base) Businesses() []string {
	out := make([]string, 0, len(*b.shops.Load()))
	for _, s := range *b.shops.Load() {
		out = append(out, s.key)
	}
	return out
}

// Rows are the questions of a business that are in force.
func (b *Base) Rows(key string) ([]business.Row, error) {
	s, err := b.shop(key)
	if err != nil {
		return nil, err
	}
	return slices.Clone(s.state.Load().rows), nil
}
