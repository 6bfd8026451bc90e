package store_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/internal/call"
	"hotline/internal/seal"
	"hotline/internal/store"
)

// allow lets every attempt be made, on one day.
func allow(campaigns.Campaign, campaigns.Contact, campaigns.Facts) campaigns.Verdict {
	return campaigns.Verdict{Ground: "asked for", Day: "2026-11-21", Variant: "a"}
}

// over ends a contact after its attempt.
func over(_ campaigns.Campaign, _ campaigns.Contact, _ map[campaigns.Outcome]int, r campaigns.Result) campaigns.Next {
	return campaigns.Next{State: campaigns.Reached, Reason: string(r.Outcome)}
}

func runningCampaign(t *testing.T, s *store.Store, c campaigns.Campaign) {
	t.Helper()
	if c.ID == "" {
		c.ID = "notice"
	}
	c.Name, c.Line = "Notice", "main"
	_, err := s.AddCampaign(t.Context(), c)
	require.NoError(t, err)
	_, err = s.SetState(t.Context(), c.ID, campaigns.Running, campaigns.Draft)
	require.NoError(t, err)
}

func somebody(n int) campaigns.Contact {
	return campaigns.Contact{Number: fmt.Sprintf("+8613800%06d", n), Name: "王小明", Fields: map[string]string{"order": "A1"}}
}

func TestCampaigns(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		s := p.open(t)
		ctx := t.Context()
		c, err := s.AddCampaign(ctx, campaigns.Campaign{ID: "notice", Name: "Notice", Line: "main", Priority: 2, CreatedBy: "ann"})
		require.NoError(t, err)
		_, err = s.AddCampaign(ctx, campaigns.Campaign{ID: "notice"})
		require.ErrorIs(t, err, store.ErrCampaign)
		got, err := s.Campaign(ctx, "notice")
		require.NoError(t, err)
		require.Equal(t, c, got)
		_, err = s.Campaign(ctx, "other")
		require.ErrorIs(t, err, store.ErrNotFound)

		c.Name = "Notices"
		changed, err := s.ChangeCampaign(ctx, c, "bob")
		require.NoError(t, err)
		require.Equal(t, 2, changed.Version)
		_, err = s.ChangeCampaign(ctx, c, "cleo")
		require.ErrorIs(t, err, store.ErrVersion)

		list, err := s.Running(ctx)
		require.NoError(t, err)
		require.Empty(t, list)
		_, err = s.SetState(ctx, "notice", campaigns.Paused, campaigns.Running)
		require.ErrorIs(t, err, store.ErrState)
		_, err = s.SetState(ctx, "notice", campaigns.Running, campaigns.Draft)
		require.NoError(t, err)
		list, err = s.Running(ctx)
		require.NoError(t, err)
		require.Len(t, list, 1)
		require.Equal(t, campaigns.Running, list[0].State)
		list, err = s.Campaigns(ctx)
		require.NoError(t, err)
		require.Len(t, list, 1)
	})
}

func TestContacts(t *testing.T) {
	onEach(t, func(p place) {
		t, ctx := p.t, p.t.Context()
		now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
		s := openAt(p, &now, campaigns.Campaign{Order: campaigns.Ranked})
		var list []campaigns.Contact
		for i := range 450 {
			k := somebody(i)
			k.Rank = i % 3
			list = append(list, k)
		}
		list = append(list, somebody(7))
		ids, err := s.AddContacts(ctx, "notice", list)
		require.NoError(t, err)
		require.Len(t, ids, 451)
		require.Zero(t, ids[450], "twice in one list")
		again, err := s.AddContacts(ctx, "notice", list[:2])
		require.NoError(t, err)
		require.Equal(t, []int64{0, 0}, again)

		due, err := s.Due(ctx, "notice", nil, now, 3)
		require.NoError(t, err)
		require.Len(t, due, 3)
		require.Equal(t, []int{2, 2, 2}, []int{due[0].Rank, due[1].Rank, due[2].Rank}, "the highest rank first")
		require.Equal(t, "王小明", due[0].Name)
		require.Equal(t, map[string]string{"order": "A1"}, due[0].Fields)

		found, err := s.Contacts(ctx, store.ContactFilter{Number: "0086 138 0000 0009"})
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.Equal(t, ids[9], found[0].ID)

		require.NoError(t, s.Postpone(ctx, []campaigns.Postponed{
			{Contact: due[0], Verdict: campaigns.Verdict{Refusal: campaigns.RefusedWindow, Next: now.Add(time.Hour), Ground: "night", Day: "2026-11-21"}},
			{Contact: due[1], Verdict: campaigns.Verdict{Refusal: campaigns.RefusedNational, Ground: "on the list", Day: "2026-11-21"}},
		}))
		k, err := s.Contact(ctx, due[0].ID)
		require.NoError(t, err)
		require.Equal(t, campaigns.Waiting, k.State)
		require.Equal(t, now.Add(time.Hour), k.Due)
		k, err = s.Contact(ctx, due[1].ID)
		require.NoError(t, err)
		require.Equal(t, campaigns.Suppressed, k.State)
		why, err := s.Refusals(ctx, due[0].ID)
		require.NoError(t, err)
		require.Len(t, why, 1)
		require.Equal(t, "night", why[0].Ground)
		next, err := s.Due(ctx, "notice", nil, now.Add(2*time.Hour), 1)
		require.NoError(t, err)
		require.Equal(t, due[0].ID, next[0].ID, "who waited for a time goes first")

		n, err := s.Withdraw(ctx, "notice", "stopped")
		require.NoError(t, err)
		require.Equal(t, 449, n)
		waiting, dialling, err := s.ContactsLeft(ctx, "notice")
		require.NoError(t, err)
		require.False(t, waiting || dialling)
		counted, err := s.Counts(ctx, "notice")
		require.NoError(t, err)
		require.Equal(t, map[string]int{"suppressed": 1, "withdrawn": 449}, counted.States)
	})
}

// openAt opens a store whose clock shows *now, with a campaign that runs.
func openAt(p place, now *time.Time, c campaigns.Campaign) *store.Store {
	p.now = func() time.Time { return *now }
	s := p.open(p.t)
	runningCampaign(p.t, s, c)
	return s
}

func TestClaimAndSettle(t *testing.T) {
	onEach(t, func(p place) {
		t, ctx := p.t, p.t.Context()
		now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
		s := openAt(p, &now, campaigns.Campaign{Concurrency: 2, PerSecond: 100})
		ids, err := s.AddContacts(ctx, "notice", []campaigns.Contact{somebody(1), somebody(2), somebody(3)})
		require.NoError(t, err)
		claim := func(i, number int) (campaigns.Claimed, error) {
			return s.Claim(ctx, campaigns.Claim{Campaign: "notice", Contact: ids[i], Number: number, Call: fmt.Sprintf("call%d%d", i, number), Node: "main", Now: now}, allow)
		}
		got, err := claim(0, 1)
		require.NoError(t, err)
		require.NotZero(t, got.Attempt.ID)
		require.Equal(t, "a", got.Contact.Variant)
		_, err = claim(0, 1)
		require.ErrorIs(t, err, campaigns.ErrNotDue, "it is in progress")
		_, err = claim(1, 2)
		require.ErrorIs(t, err, campaigns.ErrNotDue, "queued for another attempt")
		second, err := claim(1, 1)
		require.NoError(t, err)
		_, err = claim(2, 1)
		require.ErrorIs(t, err, campaigns.ErrPace)
		facts, err := s.Facts(ctx, got.Contact, now)
		require.NoError(t, err)
		require.Equal(t, []campaigns.DayCalls{{Day: "2026-11-21", Campaign: "notice", Calls: 1}}, facts.Calls)
		require.True(t, facts.InUse)

		a, err := s.Settle(ctx, got.Attempt.ID, campaigns.Result{Outcome: campaigns.Busy, Status: 486}, now,
			func(_ campaigns.Campaign, _ campaigns.Contact, made map[campaigns.Outcome]int, _ campaigns.Result) campaigns.Next {
				assert.Equal(t, map[campaigns.Outcome]int{campaigns.Busy: 1}, made)
				return campaigns.Next{State: campaigns.Waiting, Reason: "busy", Due: now.Add(time.Hour)}
			})
		require.NoError(t, err)
		require.Equal(t, 486, a.Status)
		again, err := s.Settle(ctx, got.Attempt.ID, campaigns.Result{Outcome: campaigns.Person}, now, over)
		require.NoError(t, err)
		require.Equal(t, campaigns.Busy, again.Outcome, "the first result stays")
		_, err = claim(0, 2)
		require.ErrorIs(t, err, campaigns.ErrNotDue, "not before its time")
		now = now.Add(time.Hour)
		_, err = claim(0, 2)
		require.NoError(t, err)

		_, err = s.Settle(ctx, second.Attempt.ID, campaigns.Result{Outcome: campaigns.Person, Refused: true, Slots: map[string]string{"when": "15:00"}}, now, over)
		require.NoError(t, err)
		no, err := s.SuppressionsOf(ctx, "13800000002")
		require.NoError(t, err)
		require.Len(t, no, 1)
		require.Equal(t, "call11", no[0].Call)
		kept, err := s.AttemptOf(ctx, "call11")
		require.NoError(t, err)
		require.Equal(t, map[string]string{"when": "15:00"}, kept.Slots)

		orphans, err := s.Orphans(ctx, "main", now.Add(time.Second), now)
		require.NoError(t, err)
		require.Len(t, orphans, 1, "in progress since before the node began")
		orphans, err = s.Orphans(ctx, "other", now, now)
		require.NoError(t, err)
		require.Len(t, orphans, 1, "of a node that is silent")
		require.NoError(t, s.Beat(ctx, "main", now))
		orphans, err = s.Orphans(ctx, "other", now, now)
		require.NoError(t, err)
		require.Empty(t, orphans, "of a node that lives")

		_, ok, err := s.Ended(ctx, "call02")
		require.NoError(t, err)
		require.False(t, ok)
		require.NoError(t, s.End(ctx, call.Record{ID: "call02", Direction: "outbound", Outcome: call.Busy, SIPStatus: 486, StartedAt: now}))
		r, ok, err := s.Ended(ctx, "call02")
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, campaigns.Busy, r.Outcome)
	})
}

func TestRateHoldsOverTime(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		s := p.open(t)
		ctx := t.Context()
		runningCampaign(t, s, campaigns.Campaign{Concurrency: 1000, PerSecond: 2.5})
		var list []campaigns.Contact
		for i := range 40 {
			list = append(list, somebody(i))
		}
		ids, err := s.AddContacts(ctx, "notice", list)
		require.NoError(t, err)
		now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
		made := 0
		for range 40 { // four seconds
			_, err := s.Claim(ctx, campaigns.Claim{Campaign: "notice", Contact: ids[made], Number: 1, Call: fmt.Sprint(made), Node: "main", Now: now}, allow)
			if err == nil {
				made++
			} else {
				require.ErrorIs(t, err, campaigns.ErrPace)
			}
			now = now.Add(100 * time.Millisecond)
		}
		require.Equal(t, 12, made, "2 at once, then 2.5 a second")
	})
}

// Nodes that claim at the same time never pass a cap together and never have one contact
// twice.
func TestNodesClaim(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		sealer, _, err := seal.LoadOrCreate(p.key)
		require.NoError(t, err)
		nodes := make([]*store.Store, 2)
		for i := range nodes {
			nodes[i], err = store.Open(t.Context(), store.Config{URL: p.url, Sealer: sealer, Node: fmt.Sprint("n", i)})
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, nodes[i].Close()) })
		}
		runningCampaign(t, nodes[0], campaigns.Campaign{Concurrency: 7, PerSecond: 1000})
		var list []campaigns.Contact
		for i := range 30 {
			list = append(list, somebody(i))
		}
		ids, err := nodes[0].AddContacts(t.Context(), "notice", list)
		require.NoError(t, err)
		now := time.Now()
		var won atomic.Int64
		var wg sync.WaitGroup
		for n, s := range nodes {
			for i, id := range ids {
				wg.Go(func() {
					_, err := s.Claim(t.Context(), campaigns.Claim{Campaign: "notice", Contact: id, Number: 1, Call: fmt.Sprint(n, "-", i), Node: fmt.Sprint("n", n), Now: now}, allow)
					if err == nil {
						won.Add(1)
					} else if !errors.Is(err, campaigns.ErrNotDue) {
						assert.ErrorIs(t, err, campaigns.ErrPace)
					}
				})
			}
		}
		wg.Wait()
		require.EqualValues(t, 7, won.Load())
		attempts, err := nodes[0].CampaignAttempts(t.Context(), "notice", 0, 100)
		require.NoError(t, err)
		require.Len(t, attempts, 7)
	})
}

func TestSuppressionOutlivesAnErasure(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		s := p.open(t)
		ctx := t.Context()
		now := time.Now()
		runningCampaign(t, s, campaigns.Campaign{})
		_, err := s.AddContacts(ctx, "notice", []campaigns.Contact{somebody(1)})
		require.NoError(t, err)
		require.NoError(t, s.Suppress(ctx, []campaigns.Suppression{{Number: "13800000001", List: "own", How: "list", At: now}}))
		require.NoError(t, s.AddConsents(ctx, []campaigns.Consent{
			{Number: "13800000001", Purpose: campaigns.Marketing, Given: true, How: "order form", At: now.Add(-time.Hour)},
			{Number: "13800000001", Purpose: campaigns.Marketing, Given: false, How: "by telephone", At: now},
		}))
		kept, err := s.Suppressions(ctx, "own", time.Time{}, 10)
		require.NoError(t, err)
		require.Equal(t, "13800000001", kept[0].Number)
		facts, err := s.Facts(ctx, somebody(1), now)
		require.NoError(t, err)
		require.Len(t, facts.Consents, 1)
		require.False(t, facts.Consents[0].Given, "the latest counts")

		_, _, err = s.EraseCaller(ctx, "+8613800000001")
		require.NoError(t, err)
		found, err := s.Contacts(ctx, store.ContactFilter{Campaign: "notice"})
		require.NoError(t, err)
		require.Empty(t, found)
		consents, err := s.Consents(ctx, "13800000001")
		require.NoError(t, err)
		require.Empty(t, consents)
		still, err := s.SuppressionsOf(ctx, "13800000001")
		require.NoError(t, err)
		require.Len(t, still, 1, "he is still not called")
		kept, err = s.Suppressions(ctx, "own", time.Time{}, 10)
		require.NoError(t, err)
		require.Empty(t, kept[0].Number, "and his number is not known")
		require.NoError(t, s.Unsuppress(ctx, "13800000001", "own", ""))
		require.ErrorIs(t, s.Unsuppress(ctx, "13800000001", "own", ""), store.ErrNotFound)
	})
}

func TestTriggered(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		s := p.open(t)
		ctx := t.Context()
		runningCampaign(t, s, campaigns.Campaign{})
		k := somebody(1)
		k.Campaign = "notice"
		id, again, err := s.Triggered(ctx, "stuck", "parcel-1", k, time.Hour)
		require.NoError(t, err)
		require.False(t, again)
		same, again, err := s.Triggered(ctx, "stuck", "parcel-1", k, time.Hour)
		require.NoError(t, err)
		require.True(t, again)
		require.Equal(t, id, same)
		k.Fields = map[string]string{"order": "B2"}
		same, again, err = s.Triggered(ctx, "stuck", "parcel-2", k, time.Hour)
		require.NoError(t, err)
		require.False(t, again)
		require.Equal(t, id, same, "one contact for one number")
		got, err := s.Contact(ctx, id)
		require.NoError(t, err)
		require.Equal(t, "B2", got.Fields["order"])
	})
}

// BenchmarkDue is the fetching of the next contacts among a million.
func BenchmarkDue(b *testing.B) {
	dir := b.TempDir()
	sealer, _, err := seal.LoadOrCreate(filepath.Join(dir, "master.key"))
	require.NoError(b, err)
	s, err := store.Open(b.Context(), store.Config{URL: filepath.Join(dir, "hotline.db"), Sealer: sealer})
	require.NoError(b, err)
	defer func() { require.NoError(b, s.Close()) }()
	_, err = s.AddCampaign(b.Context(), campaigns.Campaign{ID: "big", Name: strings.Repeat("x", 8)})
	require.NoError(b, err)
	const all, each = 1_000_000, 4000
	now := time.Now()
	for from := 0; from < all; from += each {
		list := make([]campaigns.Contact, each)
		for i := range list {
			list[i] = campaigns.Contact{Number: fmt.Sprintf("+861%010d", from+i), Name: "王小明"}
			if i%2 == 0 {
				list[i].Due = now.Add(time.Duration(from+i-all/2) * time.Second)
			}
		}
		_, err := s.AddContacts(b.Context(), "big", list)
		require.NoError(b, err)
	}
	for b.Loop() {
		due, err := s.Due(b.Context(), "big", nil, now, 50)
		if err != nil || len(due) != 50 {
			b.Fatal(len(due), err)
		}
	}
}

// What campaigns have begun is counted over all nodes; a call that did not go out is not
// among them.
func TestBegunOverNodes(t *testing.T) {
	onEach(t, func(p place) {
		t, ctx := p.t, p.t.Context()
		now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
		s := openAt(p, &now, campaigns.Campaign{Concurrency: 100, PerSecond: 100})
		runningCampaign(t, s, campaigns.Campaign{ID: "offer", Concurrency: 100, PerSecond: 100})
		claim := func(campaign, node string, who int) int64 {
			ids, err := s.AddContacts(ctx, campaign, []campaigns.Contact{somebody(who)})
			require.NoError(t, err)
			got, err := s.Claim(ctx, campaigns.Claim{Campaign: campaign, Contact: ids[0], Number: 1, Call: fmt.Sprint("call", who), Node: node, Now: now}, allow)
			require.NoError(t, err)
			require.NotZero(t, got.Attempt.ID)
			return got.Attempt.ID
		}
		claim("notice", "a", 1)
		now = now.Add(time.Hour)
		day := now
		settled := claim("notice", "a", 2)
		_, err := s.Settle(ctx, settled, campaigns.Result{Outcome: campaigns.Busy}, now, over)
		require.NoError(t, err)
		claim("notice", "b", 3)
		claim("offer", "b", 4)
		back := claim("notice", "b", 5)
		begun := func() map[string]int {
			n, err := s.Begun(ctx, []string{"notice", "offer", "none"}, day)
			require.NoError(t, err)
			return n
		}
		require.Equal(t, map[string]int{"notice": 3, "offer": 1}, begun())
		_, err = s.Settle(ctx, back, campaigns.Result{Outcome: campaigns.NotPlaced, Kind: "calls_per_day"}, now, over)
		require.NoError(t, err)
		require.Equal(t, map[string]int{"notice": 2, "offer": 1}, begun())
		n, err := s.Begun(ctx, nil, day)
		require.NoError(t, err)
		require.Empty(t, n)
	})
}
