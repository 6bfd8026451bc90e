package proposal

import (
	"cmp"
	"context"
	"fmt"

	"hotline/dialog/grow"
	"hotline/internal/kb"
	"hotline/internal/store"
)

// List lists a business's proposals.
func (d *Desk) List(ctx context.Context, f store.ProposalFilter) (store.Page[store.Proposal], error) {
	key, err := d.cfg.Knowledge.Key(f.Business)
	if err != nil {
		return store.Page[store.Proposal]{}, err
	}
	f.Business = key
	return d.cfg.Store.Proposals(ctx, f)
}

// Counts are how many there are in each state.
func (d *Desk) Counts(ctx context.Context, business string) (map[string]int, error) {
	key, err := d.cfg.Knowledge.Key(business)
	if err != nil {
		return nil, err
	}
	return d.cfg.Store.CountProposals(ctx, key)
}

// Approval is a proposal that is approved, as it is or with another question or text.
type Approval struct {
	ID      string
	Pair    string // "" is the proposed one
	Wording string // "" is the proposed one
}

// Done is what came of a decision on one proposal.
type Done struct {
	store.Proposal
	Err error // why it was left as it was
}

// Approve publishes wordings and marks their proposals. Callers are understood by them
// when it returns. What cannot be added is left as it was, and says why.
func (d *Desk) Approve(ctx context.Context, business string, list []Approval, by string) ([]Done, error) {
	key, err := d.cfg.Knowledge.Key(business)
	if err != nil {
		return nil, err
	}
	guard, err := d.guard(key)
	if err != nil {
		return nil, err
	}
	add := map[string][]string{}
	out := make([]Done, 0, len(list))
	for _, a := range list {
		p, err := d.cfg.Store.Proposal(ctx, key, a.ID)
		if err == nil && p.State != store.ProposalOpen {
			err = fmt.Errorf("proposal %s: %w", a.ID, store.ErrStale)
		}
		pair, text := cmp.Or(a.Pair, p.Pair), cmp.Or(a.Wording, p.Wording)
		if err == nil {
			if err = guard.Add(pair, text); err != nil {
				err = fmt.Errorf("%w: %w", ErrRefused, err)
			}
		}
		if err != nil {
			p.ID = a.ID
			out = append(out, Done{p, err})
			continue
		}
		p.PutPair, p.Put = pair, text
		add[pair] = append(add[pair], text)
		out = append(out, Done{Proposal: p})
	}
	// Marked after it is published: one that failed in between stands in the pair and
	// is not proposed again.
	if err := d.cfg.Knowledge.Wordings(ctx, key, add, nil, kb.Edit{By: by, Note: "grow"}); err != nil {
		return nil, err
	}
	for i := range out {
		if out[i].Err == nil {
			out[i].Err = d.cfg.Store.DecideProposal(ctx, out[i].Proposal, store.ProposalApproved, by)
			out[i].State = store.ProposalApproved
		}
	}
	d.cfg.Changed(key)
	return out, nil
}

// Refuse marks proposals, so that they are not made again.
func (d *Desk) Refuse(ctx context.Context, business string, ids []string, by string) ([]Done, error) {
	key, err := d.cfg.Knowledge.Key(business)
	if err != nil {
		return nil, err
	}
	out := make([]Done, 0, len(ids))
	for _, id := range ids {
		p, err := d.cfg.Store.Proposal(ctx, key, id)
		if err == nil && p.State != store.ProposalOpen {
			err = fmt.Errorf("proposal %s: %w", id, store.ErrStale)
		}
		if err == nil {
			err = d.cfg.Store.DecideProposal(ctx, p, store.ProposalRefused, by)
		}
		p.ID, p.State = id, store.ProposalRefused
		out = append(out, Done{p, err})
	}
	d.cfg.Changed(key)
	return out, nil
}

// Undo takes decisions back: approved wordings are no longer understood, and the
// proposals are open again.
func (d *Desk) Undo(ctx context.Context, business string, ids []string, by string) ([]Done, error) {
	key, err := d.cfg.Knowledge.Key(business)
	if err != nil {
		return nil, err
	}
	remove := map[string][]string{}
	out := make([]Done, 0, len(ids))
	for _, id := range ids {
		p, err := d.cfg.Store.Proposal(ctx, key, id)
		switch {
		case err != nil:
		case p.State == store.ProposalOpen:
			err = fmt.Errorf("proposal %s: %w", id, store.ErrStale)
		case p.Wording == "":
			err = fmt.Errorf("%w: its text is forgotten", ErrRefused)
		case p.State == store.ProposalApproved:
			remove[p.PutPair] = append(remove[p.PutPair], p.Put)
		}
		p.ID = id
		out = append(out, Done{p, err})
	}
	if err := d.cfg.Knowledge.Wordings(ctx, key, nil, remove, kb.Edit{By: by, Note: "undo"}); err != nil {
		return nil, err
	}
	for i := range out {
		if out[i].Err != nil {
			continue
		}
		p := out[i].Proposal
		p.PutPair, p.Put = "", ""
		out[i].Err = d.cfg.Store.DecideProposal(ctx, p, store.ProposalOpen, by)
		out[i].State = store.ProposalOpen
	}
	d.cfg.Changed(key)
	return out, nil
}

// guard knows what stands at the questions of a business, on any of its lines.
func (d *Desk) guard(key string) (*grow.Guard, error) {
	lines, rows, err := d.lines(key)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	all := lines[0].PairsOf(rows)
	for _, p := range all {
		seen[p.ID] = true
	}
	for _, l := range lines[1:] {
		for _, p := range l.PairsOf(rows) {
			if !seen[p.ID] {
				seen[p.ID] = true
				all = append(all, p)
			}
		}
	}
	return grow.NewGuard(all), nil
}
