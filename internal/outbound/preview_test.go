package outbound_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/internal/call"
	"hotline/internal/call/answer"
	"hotline/internal/number"
	"hotline/internal/outbound"
	"hotline/internal/seal"
	"hotline/internal/store"
)

// Agents look at contacts, each at another; they call, put off and take out.
func TestAgentsLookFirst(t *testing.T) {
	dir := t.TempDir()
	sealer, _, err := seal.LoadOrCreate(filepath.Join(dir, "master.key"))
	require.NoError(t, err)
	zone, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, zone)
	db, err := store.Open(t.Context(), store.Config{URL: filepath.Join(dir, "hotline.db"), Sealer: sealer, Node: "one", Now: func() time.Time { return now }})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	plan, err := number.For("CN")
	require.NoError(t, err)
	dialled, ready := map[int64]string{}, true
	s := outbound.New(outbound.Config{
		Store: db, Plan: plan, Rules: campaigns.NewRules(campaigns.RulesConfig{Numbers: plan, Zone: "Asia/Shanghai"}), Now: func() time.Time { return now },
		Serves: func(agent, skill string) bool { return skill == "sales" && agent != "guest" },
		Dial: func(_ context.Context, _ campaigns.Campaign, k campaigns.Contact, agent string) error {
			if !ready {
				return campaigns.ErrAgentNotFree
			}
			dialled[k.ID] = agent
			return nil
		},
	})
	c := notice()
	c.Line, c.Mode, c.Skill = "main", campaigns.Preview, "sales"
	c, err = db.AddCampaign(t.Context(), c)
	require.NoError(t, err)
	ids, err := db.AddContacts(t.Context(), c.ID, []campaigns.Contact{
		{Number: numberOf(1), Name: "王芳", Fields: map[string]string{"item": "洗衣机"}}, {Number: numberOf(2)}, {Number: numberOf(3)}, {Number: numberOf(4), Agent: "bob"},
	})
	require.NoError(t, err)
	_, err = s.Next(t.Context(), "ann")
	require.ErrorIs(t, err, store.ErrNotFound, "it does not run yet")
	_, err = db.SetState(t.Context(), c.ID, campaigns.Running, campaigns.Draft)
	require.NoError(t, err)

	next := func(agent string) int64 {
		t.Helper()
		n, err := s.Next(t.Context(), agent)
		require.NoError(t, err)
		return n.History.Contact.ID
	}
	n, err := s.Next(t.Context(), "ann")
	require.NoError(t, err)
	assert.Equal(t, ids[0], n.History.Contact.ID)
	assert.Equal(t, "洗衣机", n.History.Contact.Fields["item"])
	assert.NotEmpty(t, n.Opening)
	assert.NotEmpty(t, n.Ground)
	assert.Equal(t, ids[1], next("bob"), "two do not look at the same one")
	assert.Equal(t, ids[0], next("ann"), "he stays hers while she looks at him")
	_, err = s.Next(t.Context(), "guest")
	require.ErrorIs(t, err, store.ErrNotFound, "who has not the skill calls nobody")

	require.NoError(t, s.Skip(t.Context(), ids[0], "ann", "", 2*time.Hour))
	assert.Equal(t, ids[2], next("ann"), "who is put off makes room")
	require.NoError(t, s.Skip(t.Context(), ids[1], "bob", "is a colleague", 0))
	k, err := db.Contact(t.Context(), ids[1])
	require.NoError(t, err)
	assert.Equal(t, campaigns.Withdrawn, k.State)
	assert.Equal(t, "by bob: is a colleague", k.Reason)
	assert.Equal(t, ids[3], next("bob"), "his own")

	ready = false
	require.ErrorIs(t, s.Dial(t.Context(), ids[2], "ann"), campaigns.ErrAgentNotFree)
	assert.Equal(t, ids[2], next("ann"), "it is still hers")
	ready = true
	require.NoError(t, s.Dial(t.Context(), ids[2], "ann"))
	assert.Equal(t, "ann", dialled[ids[2]])
	require.ErrorIs(t, s.Dial(t.Context(), ids[1], "ann"), store.ErrState)

	now = now.Add(2*time.Hour + time.Minute)
	assert.Equal(t, ids[0], next("ann"), "two hours later he is back")
}

// A call whose agent did not come on has rung nobody: it costs the contact no attempt.
func TestAgentDoesNotComeOn(t *testing.T) {
	r := store.ResultOf(call.Record{Outcome: call.Failed, EndCause: "agent_unreachable", Agent: "ann", EndedAt: time.Now()}, nil)
	assert.Equal(t, campaigns.NotPlaced, r.Outcome)
	assert.Equal(t, campaigns.NotPlacedUnreached, r.Kind)
	joined := store.ResultOf(call.Record{
		Outcome: call.Transferred, Agent: "ann", AnsweredAt: time.Now(), EndedAt: time.Now(), AnsweredBy: &answer.Outcome{Who: answer.Silence},
	}, nil)
	assert.Equal(t, campaigns.Person, joined.Outcome, "whom an agent talked with is a person")
	marks := []call.Event{{Kind: call.KindAbandoned}}
	for who, want := range map[answer.Who]campaigns.Outcome{answer.Person: campaigns.Abandoned, answer.Silence: campaigns.Abandoned, answer.Voicemail: campaigns.Voicemail} {
		r := store.ResultOf(call.Record{AnsweredAt: time.Now(), EndedAt: time.Now(), AnsweredBy: &answer.Outcome{Who: who}}, marks)
		assert.Equal(t, want, r.Outcome, who)
	}
}
