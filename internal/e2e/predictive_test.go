package e2e_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/internal/outbound/outboundtest"
	"hotline/internal/store"
	"hotline/sip/siptest/network"
)

// A campaign whose agents talk by registered telephones: calls begin ahead of them, since
// half of the people do not answer; who does is brought to an agent, and few find nobody.
func TestPredictiveByTelephones(t *testing.T) {
	long(t)
	t.Run("sqlite", func(t *testing.T) { predictive(t, "") })
	t.Run("postgres", func(t *testing.T) {
		_, url := postgres(t)
		predictive(t, url)
	})
}

func predictive(t *testing.T, database string) {
	t.Helper()
	x := newTrial(t, trialConfig{database: database, nodes: 1, seed: 21, longest: 20 * time.Second})
	agents := []string{"agent1", "agent2", "agent3"}
	ctx, leave := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer leave()
	for _, name := range agents {
		d := atDesk(t, x.nodes[0], name)
		wg.Go(func() { talksBriefly(ctx, d) })
	}

	zone := fmt.Sprintf("Etc/GMT%+d", time.Now().UTC().Hour()-12)
	if time.Now().UTC().Hour() == 12 {
		zone = "Etc/GMT"
	}
	var list []campaigns.Contact
	want := map[network.Manner]int{network.Talks: 14, network.RingsOut: 10}
	for i := 0; len(list) < 24; i++ {
		if m := x.phones.Manner(zhNumber(i), 1); want[m] > 0 {
			want[m]--
			list = append(list, campaigns.Contact{Number: zhNumber(i), Zone: zone})
		}
	}
	before := pastCalls(t, x, zone, list)
	gap := map[string]time.Duration{"no_answer": time.Second, "abandoned": time.Second}
	rules := outboundtest.Rules{Gap: gap, From: 9 * 60, To: 20 * 60, Attempts: 2, Callbacks: 3, AtOnce: 12, PerSecond: 100}
	x.rules["offer"] = rules
	x.until(6 * time.Minute)

	l := x.check()
	called, answered, abandoned := map[string]int{}, 0, 0
	for _, a := range l.Attempts[before:] {
		switch a.Outcome {
		case string(campaigns.Abandoned):
			abandoned++
			answered++
		case string(campaigns.Person):
			answered++
			is, err := x.db.AttemptOf(t.Context(), a.Call)
			require.NoError(t, err)
			called[is.Person]++
		}
	}
	_, most := x.phones.Open()
	t.Logf("%d answered, %d abandoned; agents: %v; %d calls at once", answered, abandoned, called, most)
	assert.Zero(t, called[""], "who answered talked to an agent")
	for _, name := range agents {
		assert.Positive(t, called[name], name)
	}
	assert.GreaterOrEqual(t, answered, 12)
	assert.Greater(t, most, len(agents), "calls are begun ahead of the agents")
	assert.LessOrEqual(t, float64(abandoned), campaigns.MaxAbandoned*float64(answered+before))
}

// talksBriefly ends each of an agent's calls that has not ended long after he was told who it
// is: who goes before they are joined leaves somebody alone.
func talksBriefly(ctx context.Context, d *deskPhone) {
	for ctx.Err() == nil {
		if d.talks() == nil {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(18 * time.Second):
			d.hangUp()
		}
		for d.talks() != nil && ctx.Err() == nil {
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// pastCalls begins a campaign for a list that has called a hundred people already, of whom sixty have
// answered: without a past each call waits for an agent of its own. Returns how many.
func pastCalls(t *testing.T, x *trial, zone string, list []campaigns.Contact) int {
	t.Helper()
	ctx := t.Context()
	c, err := x.db.AddCampaign(ctx, campaigns.Campaign{
		ID: "offer", Name: "Offer", Purpose: campaigns.Service, Line: "chinese", Mode: campaigns.Predictive, Skill: "service", Order: campaigns.AsListed,
		From: "02112345678", Ring: 6 * time.Second, Concurrency: 12, PerSecond: 100, Attempts: 2, OptOut: "9",
		Variants: []campaigns.Variant{{Name: "a", Weight: 1, Greeting: noticeZh, Abandoned: noticeZh}},
		Retry: map[campaigns.Outcome]campaigns.Retry{
			campaigns.NoAnswer: {After: time.Second, Times: 1}, campaigns.Abandoned: {After: time.Second, Times: 1}, campaigns.Silence: {}, campaigns.Voicemail: {}, campaigns.Menu: {}, campaigns.Screening: {}, campaigns.Declined: {}, campaigns.Failed: {},
		},
		Start: time.Now().Add(30 * time.Second),
	})
	require.NoError(t, err)
	x.running = append(x.running, c)
	const all = 100
	var past []campaigns.Contact
	for i := range all {
		past = append(past, campaigns.Contact{Number: zhNumber(900000 + i), Zone: zone})
	}
	ids, err := x.db.AddContacts(ctx, c.ID, past)
	require.NoError(t, err)
	_, err = x.db.AddContacts(ctx, c.ID, list)
	require.NoError(t, err)
	_, err = x.db.SetState(ctx, c.ID, campaigns.Running, campaigns.Draft)
	require.NoError(t, err)
	require.NoError(t, x.db.Beat(ctx, "test", time.Now())) // nobody is to settle them for it
	began := time.Now().Add(-10 * time.Minute)
	var wg sync.WaitGroup
	for from := range 6 { // each waits for others to join its transaction
		wg.Go(func() {
			for i := from; i < all; i += 6 {
				assert.NoError(t, pastCall(ctx, x.db, c.ID, ids[i], i, began.Add(time.Duration(i)*4*time.Second)))
			}
		})
	}
	wg.Wait()
	n, err := x.db.CampaignAttempts(ctx, c.ID, 0, 1000)
	require.NoError(t, err)
	require.Len(t, n, all)
	return all
}

// pastCall is one of them: three of five have answered.
func pastCall(ctx context.Context, db *store.Store, campaign string, contact int64, i int, at time.Time) error {
	got, err := db.Claim(ctx, campaigns.Claim{Campaign: campaign, Contact: contact, Number: 1, Call: fmt.Sprintf("past%d", i), Node: "test", Now: at},
		func(campaigns.Campaign, campaigns.Contact, campaigns.Facts) campaigns.Verdict {
			return campaigns.Verdict{Ground: "attempt|1|2", Day: at.UTC().Format(time.DateOnly), Variant: "a"}
		})
	if err != nil {
		return err
	}
	r, state := campaigns.Result{Outcome: campaigns.NoAnswer}, campaigns.Exhausted
	if i%5 < 3 {
		r, state = campaigns.Result{Outcome: campaigns.Person, Answered: true, Seconds: 1}, campaigns.Reached
	}
	_, err = db.Settle(ctx, got.Attempt.ID, r, at.Add(3*time.Second), func(campaigns.Campaign, campaigns.Contact, map[campaigns.Outcome]int, campaigns.Result) campaigns.Next {
		return campaigns.Next{State: state, Reason: string(r.Outcome)}
	})
	return err
}
