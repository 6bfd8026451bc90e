package ticket

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"hotline/internal/call"
	"hotline/internal/store"

	"github.com/oklog/ulid/v2"
)

// amountField is where a wish has what a flow proposes.
const amountField = "amount"

func (d *Desk) reviewFromWish(ctx context.Context, w call.Wish) error {
	r := store.Review{ID: w.ID, Kind: w.Reason, Call: w.Call, Number: w.Number, Summary: w.Summary, Amount: w.Fields[amountField], MadeAt: w.CreatedAt}
	if r.Amount != "" {
		r.Fields = maps.Clone(w.Fields)
		delete(r.Fields, amountField)
	} else {
		r.Fields = w.Fields
	}
	if w.State == store.WishDone { // somebody has seen to it; nobody knows how
		r.State, r.DecidedAt, r.SentAt = store.ReviewApproved, d.cfg.Now(), d.cfg.Now()
	}
	added, err := d.cfg.Store.AddReview(ctx, r, "bot")
	if err != nil || !added {
		return err
	}
	kept, err := d.cfg.Store.Review(ctx, r.ID)
	if err != nil {
		return err
	}
	d.publish("review.added", r.Call, kept)
	return d.cfg.Store.SeeCustomer(ctx, r.Number, kept.MadeAt)
}

// The ways in which a caller learns what was decided.
const (
	BySMS      = "sms"
	ByCallback = "callback"
	ByNobody   = "none"
)

// Decide approves or refuses a review that was read at its version. The caller learns of
// it when the time to take it back is over.
func (d *Desk) Decide(ctx context.Context, r store.Review, approve bool, by store.Decision, actor string) (store.Review, error) {
	if r.State != store.ReviewOpen {
		return r, ErrDecided
	}
	by.Text, by.Reason, by.Amount = strings.TrimSpace(by.Text), strings.TrimSpace(by.Reason), strings.TrimSpace(by.Amount)
	if !slices.Contains([]string{BySMS, ByCallback, ByNobody}, by.By) || by.By != ByNobody && by.Text == "" || by.By == BySMS && store.NormalNumber(r.Number) == "" {
		return r, ErrText
	}
	n := store.Note{Actor: actor, Kind: store.ReviewRefused, Text: by.Reason, Changes: map[string][2]string{}}
	r.State = store.ReviewRefused
	if approve {
		r.State, n.Kind = store.ReviewApproved, store.ReviewApproved
		if by.Amount == "" {
			by.Amount = r.Amount
		}
		if by.Amount != r.Amount {
			n.Changes[amountField] = [2]string{r.Amount, by.Amount}
		}
	} else {
		by.Amount = ""
	}
	r.Decision, r.DecidedBy, r.DecidedAt = &by, actor, d.cfg.Now()
	r.SendAt = r.DecidedAt.Add(d.cfg.Undo)
	r, err := d.cfg.Store.DecideReview(ctx, r, n)
	if err == nil {
		d.publish("review.changed", r.Call, r)
	}
	return r, err
}

// NoteUndone is the kind of a history's entry that takes a decision back.
const NoteUndone = "undone"

// Undo takes a decision back that the caller has not been told of.
func (d *Desk) Undo(ctx context.Context, r store.Review, actor string) (store.Review, error) {
	if r.State == store.ReviewOpen {
		return r, nil
	}
	if !r.SentAt.IsZero() {
		return r, ErrTold
	}
	r.State, r.Decision, r.DecidedBy = store.ReviewOpen, nil, ""
	r.DecidedAt, r.SendAt = r.SentAt, r.SentAt
	r, err := d.cfg.Store.DecideReview(ctx, r, store.Note{Actor: actor, Kind: NoteUndone})
	if err == nil {
		d.publish("review.changed", r.Call, r)
	}
	return r, err
}

// tellAll tells callers what was decided.
func (d *Desk) tellAll(ctx context.Context) error {
	list, err := d.cfg.Store.ReviewsToTell(ctx, batch)
	for _, r := range list {
		if e := d.tell(ctx, r); e != nil && !errors.Is(e, store.ErrStale) { // it was taken back
			err = errors.Join(err, e)
		}
	}
	return err
}

func (d *Desk) tell(ctx context.Context, r store.Review) error {
	var w *call.Wish
	if r.Decision != nil && r.Decision.By != ByNobody {
		w = &call.Wish{ID: ulid.Make().String(), Kind: r.Decision.By, Call: r.Call, Number: r.Number, Summary: r.Decision.Text, Reason: "review", State: store.WishOpen, CreatedAt: d.cfg.Now()}
	}
	var hook *store.Delivery
	if d.cfg.Webhook {
		if h, ok := d.delivery("review.decided", "", r); ok {
			hook = &h
		}
	}
	r, err := d.cfg.Store.TellReview(ctx, r, w, hook)
	if err != nil {
		return err
	}
	d.publish("review.changed", r.Call, r)
	if w != nil && w.Kind == ByCallback {
		d.publish("wish.added", w.Call, *w)
	}
	return nil
}
