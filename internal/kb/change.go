package kb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"hotline/internal/audit"
	"hotline/internal/business"
	"hotline/internal/store"
)

// Edit is a change that somebody makes.
type Edit struct {
	By   string
	Note string
	// Version is the newest that the change was made from; -1 for whatever is there.
	Version int
}

// Save keeps a text as a draft. An empty row.ID begins a new question.
func (b *Base) Save(ctx context.Context, key string, row business.Row, e Edit) (Item, error) {
	if row.Question == "" {
		return Item{}, &InvalidError{b.checked(key, row)}
	}
	return b.change(ctx, key, e, func(s *shop) (string, []store.KnowledgeVersion, error) {
		st := s.state.Load()
		if row.ID == "" {
			row.ID = business.NewID(row.Question, func(id string) bool { _, ok := st.byID[id]; return ok })
		} else if _, ok := st.byID[row.ID]; !ok && e.Version > 0 {
			return "", nil, fmt.Errorf("%s: %w", row.ID, ErrNotFound)
		}
		list, err := s.next(row.ID, store.KnowledgeDraft, row, e)
		return row.ID, list, err
	})
}

// Create keeps a new question under an id of its owner's choice, or a made one.
func (b *Base) Create(ctx context.Context, key string, row business.Row, e Edit) (Item, error) {
	if _, err := b.Get(key, row.ID); row.ID != "" && err == nil {
		return Item{}, fmt.Errorf("%s is there already: %w", row.ID, store.ErrStale)
	}
	e.Version = 0
	return b.Save(ctx, key, row, e)
}

// Submit asks for a draft to be looked through.
func (b *Base) Submit(ctx context.Context, key, id string, e Edit) (Item, error) {
	return b.move(ctx, key, id, store.KnowledgeReview, e, Draft)
}

// Reject sends it back.
func (b *Base) Reject(ctx context.Context, key, id string, e Edit) (Item, error) {
	return b.move(ctx, key, id, store.KnowledgeDraft, e, Review)
}

// Publish puts the newest text in force. If the file has changed since the text was
// begun, it is [ErrConflict] unless over is set.
func (b *Base) Publish(ctx context.Context, key, id string, over bool, e Edit) (Item, error) {
	return b.change(ctx, key, e, func(s *shop) (string, []store.KnowledgeVersion, error) {
		i, err := s.item(id)
		if err != nil {
			return "", nil, err
		}
		if i.State != Draft && i.State != Review {
			return "", nil, fmt.Errorf("publish %s, which is %s: %w", id, i.State, ErrState)
		}
		base := s.state.Load().heads[id].newest.Base
		if is := fileDigest(i.File); !over && is != base && is != i.Row.Digest() {
			return "", nil, fmt.Errorf("publish %s: %w", id, ErrConflict)
		}
		if report := b.checked(key, i.Row); report.Errors() > 0 {
			return "", nil, &InvalidError{report}
		}
		list, err := s.next(id, store.KnowledgePublished, i.Row, e)
		return id, list, err
	})
}

// Withdraw takes a question out of force.
func (b *Base) Withdraw(ctx context.Context, key, id string, e Edit) (Item, error) {
	return b.move(ctx, key, id, store.KnowledgeWithdrawn, e, Draft, Review, Published)
}

// Discard forgets a draft: what is in force is the newest again.
func (b *Base) Discard(ctx context.Context, key, id string, e Edit) (Item, error) {
	return b.change(ctx, key, e, func(s *shop) (string, []store.KnowledgeVersion, error) {
		i, err := s.item(id)
		if err != nil {
			return "", nil, err
		}
		if i.State != Draft && i.State != Review {
			return "", nil, fmt.Errorf("discard %s, which is %s: %w", id, i.State, ErrState)
		}
		h := s.state.Load().heads[id]
		v := store.KnowledgeVersion{Business: s.key, Pair: id, N: h.newest.N + 1, Author: e.By, Note: e.Note}
		switch {
		case h.inForce != nil && (i.InForce == nil || i.Unwritten || i.Conflict):
			v.State, v.Body, v.Base = h.inForce.State, h.inForce.Body, h.inForce.Base
		case i.InForce != nil:
			v.State, v.Body, v.Base = store.KnowledgeFile, body(*i.InForce), i.InForce.Digest()
		default:
			v.State, v.Body, v.Base = store.KnowledgeWithdrawn, h.newest.Body, absent
		}
		return id, []store.KnowledgeVersion{v}, nil
	})
}

// Restore makes the text of an older version the newest, as a draft or in force.
func (b *Base) Restore(ctx context.Context, key, id string, n int, publish bool, e Edit) (Item, error) {
	list, err := b.Versions(ctx, key, id)
	if err != nil {
		return Item{}, err
	}
	at := slices.IndexFunc(list, func(v store.KnowledgeVersion) bool { return v.N == n })
	if at < 0 {
		return Item{}, fmt.Errorf("version %d of %s: %w", n, id, ErrNotFound)
	}
	row := rowOf(list[at])
	if e.Note == "" {
		e.Note = fmt.Sprintf("= %d", n)
	}
	state := store.KnowledgeDraft
	if publish {
		state = store.KnowledgePublished
		if report := b.checked(key, row); report.Errors() > 0 {
			return Item{}, &InvalidError{report}
		}
	}
	return b.change(ctx, key, e, func(s *shop) (string, []store.KnowledgeVersion, error) {
		made, err := s.next(id, state, row, e)
		return id, made, err
	})
}

// Resolve ends a conflict: the file's text counts, or what was published still does,
// now over the file's new text. Both stay among the versions.
func (b *Base) Resolve(ctx context.Context, key, id string, file bool, e Edit) (Item, error) {
	return b.change(ctx, key, e, func(s *shop) (string, []store.KnowledgeVersion, error) {
		i, err := s.item(id)
		if err != nil {
			return "", nil, err
		}
		if !i.Conflict {
			return "", nil, fmt.Errorf("%s is in no conflict: %w", id, ErrState)
		}
		v := s.state.Load().heads[id].inForce
		row, state := rowOf(*v), v.State
		if file {
			state = store.KnowledgeWithdrawn
			if i.File != nil {
				row, state = *i.File, store.KnowledgePublished
			}
		}
		list, err := s.next(id, state, row, e)
		return id, list, err
	})
}

// Versions are those of a question, newest first. One that was never edited has its
// file's text as the only one.
func (b *Base) Versions(ctx context.Context, key, id string) ([]store.KnowledgeVersion, error) {
	s, err := b.shop(key)
	if err != nil {
		return nil, err
	}
	i, err := s.item(id)
	if err != nil {
		return nil, err
	}
	list, err := b.cfg.Store.KnowledgeVersions(ctx, s.key, id)
	if err == nil && len(list) == 0 && i.File != nil {
		list = []store.KnowledgeVersion{{Business: s.key, Pair: id, State: store.KnowledgeFile, Body: body(*i.File), Author: i.File.File}}
	}
	return list, err
}

// Text is what a version says.
func Text(v store.KnowledgeVersion) business.Row { return rowOf(v) }

func (b *Base) checked(key string, row business.Row) business.Report {
	report, _, err := b.Advice(key, row)
	if err != nil {
		return business.Report{}
	}
	return report
}

// move gives the newest text another state.
func (b *Base) move(ctx context.Context, key, id, to string, e Edit, from ...string) (Item, error) {
	return b.change(ctx, key, e, func(s *shop) (string, []store.KnowledgeVersion, error) {
		i, err := s.item(id)
		if err != nil {
			return "", nil, err
		}
		if !slices.Contains(from, i.State) {
			return "", nil, fmt.Errorf("%s is %s: %w", id, i.State, ErrState)
		}
		list, err := s.next(id, to, i.Row, e)
		return id, list, err
	})
}

// next are the versions that give a pair a new text. The file's own text goes before
// where it is not kept yet, so that nothing that callers heard is lost.
func (s *shop) next(id, state string, row business.Row, e Edit) ([]store.KnowledgeVersion, error) {
	st := s.state.Load()
	h := st.heads[id]
	n := 0
	if h.newest != nil {
		n = h.newest.N
	}
	if e.Version >= 0 && e.Version != n {
		return nil, fmt.Errorf("%s is at version %d, not %d: %w", id, n, e.Version, store.ErrStale)
	}
	var file *business.Row
	if i, ok := st.byID[id]; ok {
		file = st.items[i].File
	}
	base := fileDigest(file)
	var list []store.KnowledgeVersion
	known := h.newest != nil && (h.newest.Base == base || digest(*h.newest) == base)
	if file != nil && !known {
		n++
		list = append(list, store.KnowledgeVersion{
			Business: s.key, Pair: id, N: n, State: store.KnowledgeFile, Body: body(*file), Base: base, Author: file.File,
		})
	}
	row.ID = id
	return append(list, store.KnowledgeVersion{
		Business: s.key, Pair: id, N: n + 1, State: state, Body: body(row), Base: base, Author: e.By, Note: e.Note,
	}), nil
}

func body(r business.Row) string {
	data, err := json.Marshal(r)
	if err != nil {
		return "{}" // plain fields always marshal
	}
	return string(data)
}

// change makes versions of one business, keeps them and puts them in force.
func (b *Base) change(ctx context.Context, key string, e Edit, do func(*shop) (string, []store.KnowledgeVersion, error)) (Item, error) {
	s, release, err := b.take(ctx, key)
	if err != nil {
		return Item{}, err
	}
	defer release()
	id, list, err := do(s)
	if err != nil {
		return Item{}, err
	}
	if err := b.keep(ctx, s, list); err != nil {
		return Item{}, err
	}
	last := list[len(list)-1]
	b.cfg.Audit(audit.Entry{
		At: b.cfg.Now(), Kind: "knowledge_" + last.State, User: e.By, Count: 1,
		Detail: fmt.Sprintf("%s %s, version %d: %s", s.key, id, last.N, rowOf(last).Question),
	})
	return s.item(id)
}

// keep stores versions and brings the state up to date. What the indexes cannot take
// is refused before it is stored.
func (b *Base) keep(ctx context.Context, s *shop, list []store.KnowledgeVersion) error {
	for i := range list {
		list[i].At = b.cfg.Now()
	}
	if err := b.cfg.Store.AddKnowledge(ctx, list...); err != nil {
		if errors.Is(err, store.ErrStale) {
			// Another process writes to the same store: see what it wrote.
			if heads, e := b.heads(ctx, s); e == nil {
				old := s.state.Load()
				err = errors.Join(err, b.put(ctx, s, &state{stamp: old.stamp, files: old.files, heads: heads}))
			}
		}
		return err
	}
	old := s.state.Load()
	heads := maps.Clone(old.heads)
	for _, v := range list {
		h := heads[v.Pair]
		h.newest = &v
		if inForce(v.State) {
			h.inForce = &v
		}
		heads[v.Pair] = h
	}
	// It is stored: a client that goes away does not keep it from the lines.
	return b.put(context.WithoutCancel(ctx), s, &state{stamp: old.stamp, files: old.files, heads: heads})
}
