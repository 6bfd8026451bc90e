package store_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hotline/campaigns"
	"hotline/internal/call"
	"hotline/internal/seal"
	"hotline/internal/store"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fuse is a context that is over when it was asked so often: whoever works with it is
// broken off in the middle.
type fuse struct {
	context.Context //nolint:containedctx // it is one itself

	left atomic.Int64
}

func (f *fuse) Err() error {
	if f.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// Value hides what would say that nobody has ended it.
func (f *fuse) Value(any) any { return nil }

// people are numbers of which everything is kept that is found by a number or a word.
type people struct {
	t     *testing.T
	now   time.Time
	made  int // of somebody's
	calls int
}

const (
	base         = 4321 // of the numbers of who is met
	erasedNumber = "13700137000"
	secondNumber = "13600136000" // of who has the first
)

// meet writes, by one node, what has to do with somebody, in every table.
func (w *people) meet(s *store.Store, n int) {
	t, ctx := w.t, w.t.Context()
	number := somebody(base + n).Number
	w.calls++
	id := fmt.Sprintf("CALL%04d", w.calls)
	r := record(id, w.now.Add(time.Duration(w.calls)*time.Second-2*time.Hour))
	r.Caller, r.Agent, r.EndedAt, r.Outcome = number, "li", r.StartedAt.Add(time.Minute), call.Resolved
	require.NoError(t, s.End(ctx, r))
	require.NoError(t, s.AddTurn(ctx, call.TurnRecord{Call: id, Index: 1, Speaker: "caller", Text: fmt.Sprintf("我的蓝牙耳机坏了 number%04d", n)}))
	_, err := s.IndexCalls(ctx, time.Time{}, 100)
	require.NoError(t, err)
	require.NoError(t, s.AddWish(ctx, call.Wish{ID: "W" + id, Kind: "callback", Call: id, Number: number}))
	ticket, _, err := s.AddTicket(ctx, store.Ticket{ID: "T" + id, Kind: "维修", State: store.TicketOpen, Number: number, Summary: "蓝牙耳机"}, store.Note{Actor: "bot", Kind: store.NoteCreated}, nil)
	require.NoError(t, err)
	_, err = s.ChangeTicket(ctx, ticket, store.Note{Actor: "li", Kind: store.NoteComment, Text: "蓝牙充电盒也坏了"}, nil)
	require.NoError(t, err)
	_, err = s.AddReview(ctx, store.Review{ID: "R" + id, Kind: "退款", Call: id, Number: number, Summary: "退一半"}, "bot")
	require.NoError(t, err)
	require.NoError(t, s.SeeCustomer(ctx, number, w.now))
	_, err = s.AddContacts(ctx, "notice", []campaigns.Contact{somebody(base + n), somebody(10_000 + n)})
	require.NoError(t, err)
	require.NoError(t, s.AddConsents(ctx, []campaigns.Consent{{Number: number, Purpose: "marketing", At: w.now.Add(time.Duration(w.calls) * time.Minute), Given: w.calls%2 == 0, How: id, By: "ann"}}))
	require.NoError(t, s.Suppress(ctx, []campaigns.Suppression{{Number: number, List: "own", How: id}}))
	over, err := s.Charge(ctx, []store.Charge{{Account: "number", Subject: store.NormalNumber(number), Since: w.now, Until: w.now.Add(100 * time.Hour), Amount: 1, Limit: 1000}})
	require.NoError(t, err)
	require.Equal(t, -1, over)
}

// all asserts, on one node, that what was written of somebody is found, once, as one's.
func (w *people) all(s *store.Store, n, calls int) {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	number := somebody(base + n).Number
	page, err := s.Calls(ctx, store.Filter{Number: number, Limit: 500})
	require.NoError(t, err)
	require.Len(t, page.Items, calls, "calls")
	page, err = s.Calls(ctx, store.Filter{Number: number[len(number)-4:], Limit: 500})
	require.NoError(t, err)
	require.Len(t, page.Items, calls, "by the last four digits")
	page, err = s.Calls(ctx, store.Filter{Query: fmt.Sprintf("蓝牙耳机 number%04d", n), Limit: 500})
	require.NoError(t, err)
	require.Len(t, page.Items, calls, "by what was said")
	c, err := s.Customer(ctx, number)
	require.NoError(t, err)
	require.Equal(t, "li", c.LastAgent)
	wishes, err := s.Wishes(ctx, store.WishFilter{Number: number, Limit: 500})
	require.NoError(t, err)
	require.Len(t, wishes.Items, calls, "wishes")
	tickets, err := s.Tickets(ctx, store.TicketFilter{Number: number, Query: "蓝牙充电", Limit: 500})
	require.NoError(t, err)
	require.Len(t, tickets.Items, calls, "tickets, by words of two moments")
	reviews, err := s.Reviews(ctx, store.ReviewFilter{Number: number, Limit: 500})
	require.NoError(t, err)
	require.Len(t, reviews.Items, calls, "reviews")

	id, err := s.CustomerByNumber(ctx, number)
	require.NoError(t, err)
	profile, err := s.Profile(ctx, id)
	require.NoError(t, err)
	if n == 0 {
		require.Equal(t, []string{number, secondNumber}, profile.Numbers, "the first one first")
		second, err := s.CustomerByNumber(ctx, secondNumber)
		require.NoError(t, err)
		require.Equal(t, id, second, "one customer of two numbers")
	}
	customers, err := s.Customers(ctx, store.CustomerFilter{Query: number})
	require.NoError(t, err)
	require.Len(t, customers.Items, 1)
	contacts, err := s.Contacts(ctx, store.ContactFilter{Number: number})
	require.NoError(t, err)
	require.Len(t, contacts, 1, "a campaign has a number once")
	consents, err := s.Consents(ctx, number)
	require.NoError(t, err)
	require.Len(t, consents, calls)
	facts, err := s.Facts(ctx, contacts[0], w.now)
	require.NoError(t, err)
	require.Len(t, facts.Consents, 1, "the last word on a purpose")
	require.Equal(t, consents[0].At, facts.Consents[0].At)
	require.Len(t, facts.Suppressions, 1)
	if n == 0 {
		require.Len(t, facts.Calls, 1)
		require.Equal(t, w.made, facts.Calls[0].Calls, "the caps")
	}
	if n == 0 {
		over, err := s.Charge(ctx, []store.Charge{{Account: "number", Subject: store.NormalNumber(number), Since: w.now, Until: w.now.Add(100 * time.Hour), Amount: 1, Limit: int64(calls)}})
		require.NoError(t, err)
		require.Equal(t, 0, over, "what it has used up")
	}
}

// always asserts what holds at every moment, on one node.
func (w *people) always(s *store.Store) {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	gone, err := s.SuppressionsOf(ctx, erasedNumber)
	require.NoError(t, err)
	require.Len(t, gone, 1, "who had his data erased is still not called")
	_, err = s.SignIn(ctx, store.LoginTry{Name: "nobody", Password: "x", Source: "192.0.2.7"})
	var locked *store.LockedError
	require.ErrorAs(t, err, &locked, "a lock stays a lock")
	open, err := s.AddProposals(ctx, "shop", "calls", []store.Proposal{{Pair: "refund", Wording: "钱啥时候退", Score: 1}})
	require.NoError(t, err)
	require.Zero(t, open, "what was refused is not proposed again")
	customers, err := s.Customers(ctx, store.CustomerFilter{Query: "老主顾"})
	require.NoError(t, err)
	require.Len(t, customers.Items, 1)
	state, err := s.CheckTrail(ctx)
	require.NoError(t, err)
	require.Empty(t, state.BrokenText)
}

// Broken off after any of its steps, with two nodes of which one knows of each step later
// than the other, a rotation of the look-up key leaves everything to be found, on both,
// and what both write meanwhile.
func TestLookupHashesAreRotatedWhileNodesWork(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
		p.now = func() time.Time { return now }
		a := openAt(p, &now, campaigns.Campaign{Concurrency: 100, PerSecond: 100})
		ctx := t.Context()
		before, err := os.ReadFile(p.key)
		require.NoError(t, err)

		// The other node has a file of its own, which comes later.
		late := place{t: t, url: p.url, key: p.key + ".late", now: p.now}
		arrives := func() {
			text, err := os.ReadFile(p.key)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(late.key, text, 0o600))
		}
		arrives()
		b := late.open(t)

		w := &people{t: t, now: now}
		const met = 2
		times := 0
		everybody := func(nodes ...*store.Store) {
			t.Helper()
			for _, s := range nodes {
				for n := range met {
					w.all(s, n, times)
				}
				w.always(s)
			}
		}
		meet := func(s *store.Store) {
			for n := range met {
				w.meet(s, n)
			}
			times++
		}
		meet(a)
		require.NoError(t, a.SeeCustomer(ctx, secondNumber, now))
		first, err := a.CustomerByNumber(ctx, somebody(base).Number)
		require.NoError(t, err)
		second, err := a.CustomerByNumber(ctx, secondNumber)
		require.NoError(t, err)
		into, err := a.Profile(ctx, first)
		require.NoError(t, err)
		into.Tags = []string{"老主顾"}
		from, err := a.Profile(ctx, second)
		require.NoError(t, err)
		_, err = a.MergeCustomers(ctx, into, from)
		require.NoError(t, err)
		require.NoError(t, a.Suppress(ctx, []campaigns.Suppression{{Number: erasedNumber, List: "own", How: "said"}}))
		_, _, err = a.EraseCaller(ctx, erasedNumber)
		require.NoError(t, err)
		_, err = a.AddProposals(ctx, "shop", "calls", []store.Proposal{{Pair: "refund", Wording: "钱啥时候退", Score: 1}})
		require.NoError(t, err)
		proposals, err := a.Proposals(ctx, store.ProposalFilter{Business: "shop"})
		require.NoError(t, err)
		proposal := proposals.Items[0]
		require.NoError(t, a.DecideProposal(ctx, proposal, store.ProposalRefused, "ann"))
		for range 5 {
			_, err := a.SignIn(ctx, store.LoginTry{Name: "nobody", Password: "x", Source: "192.0.2.7"})
			require.ErrorIs(t, err, store.ErrLogin)
		}
		share, err := a.CallerHash("13800138000")
		require.NoError(t, err)
		require.NoError(t, a.AddTrail(ctx, store.TrailEntry{Actor: "ann", Action: "x"}))
		call := func(s *store.Store) { // out, to the first
			contacts, err := s.Contacts(ctx, store.ContactFilter{Number: somebody(base).Number})
			require.NoError(t, err)
			w.made++
			got, err := s.Claim(ctx, campaigns.Claim{Campaign: "notice", Contact: contacts[0].ID, Number: w.made, Call: fmt.Sprintf("out%d", w.made), Node: "main", Now: now}, allow)
			require.NoError(t, err)
			require.NotZero(t, got.Attempt.ID)
			facts, err := s.Facts(ctx, got.Contact, now)
			require.NoError(t, err)
			require.True(t, facts.InUse)
			_, err = s.Settle(ctx, got.Attempt.ID, campaigns.Result{Outcome: campaigns.NoAnswer}, now, func(campaigns.Campaign, campaigns.Contact, map[campaigns.Outcome]int, campaigns.Result) campaigns.Next {
				return campaigns.Next{State: campaigns.Waiting, Due: now}
			})
			require.NoError(t, err)
		}
		call(a)
		everybody(a, b)

		_, _, err = seal.AddKey(p.key, now)
		require.NoError(t, err)
		a.Sealer().Key() // notices
		meet(b)
		call(a)
		everybody(a, b)
		arrives()
		assert.Equal(t, a.Sealer().State(), b.Sealer().State())
		_, err = seal.Promote(p.key)
		require.NoError(t, err)
		a.Sealer().Key()
		require.NoError(t, a.AddTrail(ctx, store.TrailEntry{Actor: "ann", Action: "x"}))
		require.NoError(t, b.AddTrail(ctx, store.TrailEntry{Actor: "ann", Action: "x"}))
		call(b)
		everybody(a, b)

		steps := 0
		for done := false; !done; steps++ {
			f := &fuse{Context: ctx}
			f.left.Store(int64(1 + steps/2))
			_, err := a.Rehash(f)
			if done = err == nil; !done {
				require.ErrorIs(t, err, context.Canceled)
			}
			switch steps {
			case 1:
				meet(b) // writes the old form, beside what has the new one
			case 3:
				meet(a)
			case 2, 6:
				call(b)
			case 5:
				call(a)
			}
			everybody(a, b)
		}
		assert.Greater(t, steps, 5, "it was broken off in many places")
		data, err := a.Caller(ctx, somebody(base).Number)
		require.NoError(t, err)
		assert.Len(t, data.Rows["consents"], times)
		got, err := b.Proposal(ctx, "shop", proposal.ID)
		require.NoError(t, err, "under the id that an open page has")
		assert.Equal(t, "钱啥时候退", got.Wording)

		meet(b)
		arrives()
		b.Sealer().Key()
		_, err = a.Reseal(ctx)
		require.NoError(t, err)
		n, err := b.Rehash(ctx)
		require.NoError(t, err)
		assert.Positive(t, n, "what the late node wrote")
		n, err = a.Rehash(ctx)
		require.NoError(t, err)
		assert.Zero(t, n)
		_, err = seal.DropOldKeys(p.key)
		require.NoError(t, err)
		arrives()
		a.Sealer().Key()
		b.Sealer().Key()
		everybody(a, b)
		still, err := a.CallerHash("13800138000")
		require.NoError(t, err)
		assert.Equal(t, share, still, "who speaks with the bot goes on doing so")
		nameless, err := a.Suppressions(ctx, "own", time.Time{}, 100)
		require.NoError(t, err)
		assert.Len(t, nameless, met+1)

		// Who has the former key and the database can try numbers out no more.
		require.NoError(t, os.WriteFile(p.key+".old", before, 0o600))
		former, err := seal.Load(p.key + ".old")
		require.NoError(t, err)
		contents := p.contents(t)
		for _, number := range []string{somebody(base).Number, secondNumber, erasedNumber} {
			normal := store.NormalNumber(number)
			for purpose, value := range map[string]string{"number": normal, "number-tail": normal[len(normal)-4:], "suppression": normal, "outbound_ledger": normal} {
				hash, err := former.Hash(purpose, value)
				require.NoError(t, err)
				assert.NotContains(t, contents, hash, "%s of %s", purpose, number)
			}
		}
		hash, err := former.Hash("login", "nobody")
		require.NoError(t, err)
		assert.NotContains(t, contents, hash)
		assert.NotContains(t, contents, proposal.ID)
		for _, table := range []string{"search_tokens", "ticket_tokens", "customer_tokens"} {
			assert.NotEqual(t, "0", string(bytes.TrimSpace(rowsOf(t, raw(t, p.url), "SELECT COUNT(*) FROM "+table)[0])))
			assert.Equal(t, "0", string(rowsOf(t, raw(t, p.url), "SELECT COUNT(*) FROM "+table+" WHERE token < 1048576")[0]), table)
		}
		erased, left, err := b.EraseCaller(ctx, somebody(base).Number)
		require.NoError(t, err)
		assert.Zero(t, left)
		assert.Equal(t, times, erased["calls"])
	})
}

// Every column that may hold a look-up hash is rotated, and a new one is not forgotten.
func TestEveryLookupHashIsRotated(t *testing.T) {
	known := map[string]bool{"users.password_hash": true} // is none
	for _, c := range store.HashColumns() {
		known[c] = true
	}
	onEach(t, func(p place) {
		p.open(p.t)
		query := `SELECT m.name || '.' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'`
		if strings.HasPrefix(p.url, "postgres:") {
			query = `SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'`
		}
		found := 0
		for _, row := range rowsOf(p.t, raw(p.t, p.url), query) {
			name := string(row)
			if strings.HasSuffix(name, "_hash") || strings.HasSuffix(name, "_tail") || strings.HasSuffix(name, "_tokens.token") {
				assert.True(p.t, known[name], "%s must be in the lists of rehash.go", name)
				found++
			}
		}
		assert.Greater(p.t, found, 15)
	})
}
