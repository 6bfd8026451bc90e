package rules

import (
	"context"
	"errors"

	"hotline/internal/business"
	"hotline/internal/store"
)

// History is what was changed in one thing that is kept as a text. The last change can be
// taken back.
type History struct {
	Store Store
	Of    string // the name that the versions are kept under
}

const shownVersions = 20

// Shown are the newest changes, told which of them made the text of a stamp.
func (h History) Shown(ctx context.Context, stamp string) ([]EditVersion, error) {
	list, err := h.Store.RuleVersions(ctx, h.Of, shownVersions)
	if err != nil {
		return nil, err
	}
	out := make([]EditVersion, 0, len(list))
	for _, v := range list {
		out = append(out, EditVersion{v.Version, v.MadeAt, v.MadeBy, v.Changed, v.Undoes, v.Stamp == stamp})
	}
	return out, nil
}

// Last is the last change, with its texts; the zero one where there was none.
func (h History) Last(ctx context.Context) (store.RuleVersion, error) {
	list, err := h.Store.RuleVersions(ctx, h.Of, 1)
	if err != nil || len(list) == 0 {
		return store.RuleVersion{}, err
	}
	return h.Store.RuleVersion(ctx, h.Of, list[0].Version)
}

// Undoable is a change that may be taken back, since it is the last.
func (h History) Undoable(ctx context.Context, version int64) (store.RuleVersion, error) {
	v, err := h.Last(ctx)
	if err == nil && (v.Version == 0 || v.Version != version) {
		err = ErrNotLast
	}
	return v, err
}

// Keep keeps a change and has it count, so that what is in force can always be taken back;
// a change that cannot count is not kept.
func (h History) Keep(ctx context.Context, v store.RuleVersion, count func() error) error {
	v.Business, v.Stamp = h.Of, business.Stamp([]byte(v.After))
	n, err := h.Store.AddRuleVersion(ctx, v)
	if err != nil {
		return err
	}
	if err := count(); err != nil {
		return errors.Join(err, h.Store.DropRuleVersion(context.WithoutCancel(ctx), h.Of, n))
	}
	return nil
}
