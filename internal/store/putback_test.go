package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/internal/call"
	"hotline/internal/store"
)

// A call that did not go out costs the contact nothing: no attempt, no cap, no promise of
// a time; why is on record.
func TestWhatDidNotGoOutIsPutBack(t *testing.T) {
	onEach(t, func(p place) {
		t, ctx := p.t, p.t.Context()
		now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
		s := openAt(p, &now, campaigns.Campaign{Concurrency: 2, PerSecond: 100})
		ids, err := s.AddContacts(ctx, "notice", []campaigns.Contact{somebody(1)})
		require.NoError(t, err)
		claim := func(number int) campaigns.Claimed {
			got, err := s.Claim(ctx, campaigns.Claim{Campaign: "notice", Contact: ids[0], Number: number, Call: fmt.Sprintf("call%d", now.Unix()), Node: "main", Now: now}, allow)
			require.NoError(t, err)
			require.NotZero(t, got.Attempt.ID)
			return got
		}
		asked := now.Add(5 * time.Hour)
		_, err = s.Settle(ctx, claim(1).Attempt.ID, campaigns.Result{Outcome: campaigns.Person, Callback: asked}, now,
			func(campaigns.Campaign, campaigns.Contact, map[campaigns.Outcome]int, campaigns.Result) campaigns.Next {
				return campaigns.Next{State: campaigns.Waiting, Reason: campaigns.ReasonCallback, Due: asked}
			})
		require.NoError(t, err)
		now = asked
		for times := 1; times <= 3; times++ {
			got := claim(2)
			result := campaigns.Result{Outcome: campaigns.NotPlaced, Kind: "calls_per_minute", Error: "60 calls went out in this minute"}
			_, err := s.Settle(ctx, got.Attempt.ID, result, now, func(_ campaigns.Campaign, k campaigns.Contact, made map[campaigns.Outcome]int, r campaigns.Result) campaigns.Next {
				require.Equal(t, map[campaigns.Outcome]int{campaigns.NotPlaced: times}, made)
				require.Equal(t, 1, k.Made)
				return campaigns.Next{State: campaigns.Waiting, Reason: "not_placed", Due: now.Add(time.Minute), Ground: "not_placed|" + r.Kind}
			})
			require.NoError(t, err)
			_, err = s.Settle(ctx, got.Attempt.ID, result, now, over)
			require.ErrorIs(t, err, campaigns.ErrNoAttempt, "once")
			k, err := s.Contact(ctx, ids[0])
			require.NoError(t, err)
			require.Equal(t, 1, k.Made)
			require.True(t, k.Callback, "he is still to be called at the time that he asked for")
			require.Equal(t, now.Add(time.Minute), k.Due)
			facts, err := s.Facts(ctx, k, now)
			require.NoError(t, err)
			require.False(t, facts.InUse)
			require.Equal(t, 1, facts.Calls[0].Calls, "it counts for no cap")
			now = now.Add(time.Minute)
		}
		attempts, err := s.Attempts(ctx, ids[0])
		require.NoError(t, err)
		require.Len(t, attempts, 1)
		why, err := s.Refusals(ctx, ids[0])
		require.NoError(t, err)
		require.Len(t, why, 1)
		require.Equal(t, "not_placed|calls_per_minute", why[0].Ground)
		require.Equal(t, 3, why[0].Times)

		off := claim(2)
		_, err = s.Settle(ctx, off.Attempt.ID, campaigns.Result{Outcome: campaigns.NotPlaced, Kind: campaigns.NotPlacedCalled}, now,
			func(campaigns.Campaign, campaigns.Contact, map[campaigns.Outcome]int, campaigns.Result) campaigns.Next {
				return campaigns.Next{State: campaigns.Waiting, Reason: "not_placed", Due: now, Ground: "not_placed|called_off"}
			})
		require.NoError(t, err)
		facts, err := s.Facts(ctx, off.Contact, now)
		require.NoError(t, err)
		require.Equal(t, 2, facts.Calls[0].Calls, "the telephone may have rung before it was called off")

		last := claim(2)
		_, err = s.SetState(ctx, "notice", campaigns.Stopped, campaigns.Running)
		require.NoError(t, err)
		_, err = s.Settle(ctx, last.Attempt.ID, campaigns.Result{Outcome: campaigns.NotPlaced}, now,
			func(campaigns.Campaign, campaigns.Contact, map[campaigns.Outcome]int, campaigns.Result) campaigns.Next {
				return campaigns.Next{State: campaigns.Waiting, Due: now}
			})
		require.NoError(t, err)
		k, err := s.Contact(ctx, ids[0])
		require.NoError(t, err)
		require.Equal(t, campaigns.Withdrawn, k.State, "of a campaign that was stopped meanwhile")
	})
}

// What a call's record tells a campaign of a call that did not go out, also where the
// node died before it could say so.
func TestResultOfWhatDidNotGoOut(t *testing.T) {
	r := resultOf(call.Record{Outcome: call.Failed, EndCause: call.CauseNotPlaced, Error: "no_trunk: call to +86****: no trunk takes it: carrier: 503"})
	require.Equal(t, campaigns.NotPlaced, r.Outcome)
	require.Equal(t, "no_trunk", r.Kind)
	require.Equal(t, "call to +86****: no trunk takes it: carrier: 503", r.Error)
	r = resultOf(call.Record{Outcome: call.Cancelled, EndCause: call.CauseCalledOff})
	require.Equal(t, campaigns.NotPlaced, r.Outcome)
	require.Equal(t, campaigns.NotPlacedCalled, r.Kind)
	r = resultOf(call.Record{Outcome: call.Unresolved, EndCause: call.CauseCalledOff, AnsweredAt: time.Unix(1, 0), EndedAt: time.Unix(31, 0)})
	require.Equal(t, campaigns.Person, r.Outcome, "who was talked to was talked to")
	r = resultOf(call.Record{Outcome: call.Failed, SIPStatus: 503})
	require.Equal(t, campaigns.Failed, r.Outcome)
}

func TestResultOfARefusal(t *testing.T) {
	for by, e := range map[string]call.Event{
		"key":  {Kind: call.KindRefusal, Data: map[string]any{"kind": "do_not_call", "by": "key", "key": "9"}},
		"said": {Kind: call.KindRefusal, Data: map[string]any{"kind": "do_not_call", "by": "said"}},
	} {
		r := resultOf(call.Record{AnsweredAt: time.Unix(1, 0)}, e)
		require.True(t, r.Refused)
		require.Equal(t, by, r.How)
	}
}

func resultOf(r call.Record, events ...call.Event) campaigns.Result { return store.ResultOf(r, events) }
