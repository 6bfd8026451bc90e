package ticket_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/internal/seal"
	"hotline/internal/store"
	"hotline/internal/ticket"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// clock is set by tests.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

type bench struct {
	desk  *ticket.Desk
	db    *store.Store
	clock *clock
	bus   *event.Bus
}

func set(t *testing.T, change func(*ticket.Config)) bench {
	t.Helper()
	b := bench{clock: &clock{at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}, bus: &event.Bus{}}
	dir := t.TempDir()
	sealer, _, err := seal.LoadOrCreate(filepath.Join(dir, "master.key"))
	require.NoError(t, err)
	b.db, err = store.Open(t.Context(), store.Config{URL: filepath.Join(dir, "hotline.db"), Sealer: sealer, Now: b.clock.now})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.db.Close()) })
	cfg := ticket.Config{
		Store: b.db, Bus: b.bus, Now: b.clock.now, Every: time.Millisecond, Undo: 15 * time.Second,
		Types: func() []ticket.Type {
			return []ticket.Type{{
				Name: "投诉", Due: time.Hour, Team: "售后", Priority: ticket.Normal, Fields: []ticket.Field{{Name: "经过", Required: true}},
				Escalate: []ticket.Step{{}, {After: time.Hour, Agent: "chief", Team: "主管", Priority: ticket.Urgent}},
			}}
		},
		People: func() ([]string, []string) { return []string{"wang", "chief"}, []string{"售后", "主管"} },
	}
	if change != nil {
		change(&cfg)
	}
	b.desk = ticket.New(cfg)
	return b
}

// run lets the desk work until something is so.
func (b bench) run(t *testing.T, so func(c *assert.CollectT)) {
	t.Helper()
	done := make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		defer close(done)
		b.desk.Run(ctx)
	}()
	assert.EventuallyWithT(t, so, time.Minute, 2*time.Millisecond)
	stop()
	<-done
}

func TestATicketOfTheBotIsPassedOnWhenItIsLate(t *testing.T) {
	b := set(t, nil)
	ctx := t.Context()
	w := call.Wish{ID: "W1", Kind: "ticket", Reason: "投诉", Call: "C1", Number: "+8613812348000", Summary: "耳机左耳无声", Fields: map[string]string{"经过": "昨天开始"}, CreatedAt: b.clock.now()}
	sub := b.bus.Subscribe("ticket.added", "ticket.escalated")
	defer sub.Close()
	require.NoError(t, b.desk.AddWish(ctx, w))
	require.NoError(t, b.desk.AddWish(ctx, w), "the same promise twice is one")
	assert.Equal(t, event.Kind("ticket.added"), (<-sub.C()).Kind)
	made, err := b.db.Ticket(ctx, "W1")
	require.NoError(t, err)
	assert.Equal(t, "售后", made.Team)
	assert.Equal(t, b.clock.now().Add(time.Hour), made.DueAt)
	byNumber, err := b.db.Ticket(ctx, "1001")
	require.NoError(t, err)
	assert.Equal(t, "W1", byNumber.ID)

	b.clock.pass(61 * time.Minute)
	b.run(t, func(c *assert.CollectT) {
		late, err := b.db.Ticket(ctx, "W1")
		require.NoError(c, err)
		assert.Equal(c, ticket.High, late.Priority)
		assert.Equal(c, 1, late.Escalated)
	})
	assert.Equal(t, event.Kind("ticket.escalated"), (<-sub.C()).Kind)
	b.clock.pass(time.Hour)
	b.run(t, func(c *assert.CollectT) {
		late, err := b.db.Ticket(ctx, "W1")
		require.NoError(c, err)
		assert.Equal(c, ticket.Urgent, late.Priority)
		assert.Equal(c, "chief", late.Owner)
		assert.Equal(c, "主管", late.Team)
	})
	notes, err := b.db.TicketNotes(ctx, "W1")
	require.NoError(t, err)
	require.Len(t, notes, 3)
	assert.Equal(t, store.NoteEscalated, notes[2].Kind)
	assert.Equal(t, [2]string{"售后", "主管"}, notes[2].Changes["team"])
	none, err := b.db.LateTickets(ctx, 10)
	require.NoError(t, err)
	assert.Empty(t, none, "there is no third step")
}

func TestWhoWaitsForTheCustomerIsNotLate(t *testing.T) {
	b := set(t, nil)
	ctx := t.Context()
	made, err := b.desk.Create(ctx, ticket.NewTicket{Kind: "投诉", Summary: "退款没到", Fields: map[string]string{"经过": "x"}}, "agent", "wang")
	require.NoError(t, err)
	waiting := store.TicketWaiting
	made, err = b.desk.Change(ctx, made, ticket.Change{Version: 1, State: &waiting}, "wang")
	require.NoError(t, err)
	b.clock.pass(5 * time.Hour)
	late, err := b.db.LateTickets(ctx, 10)
	require.NoError(t, err)
	assert.Empty(t, late)
	open := store.TicketOpen
	_, err = b.desk.Change(ctx, made, ticket.Change{Version: made.Version, State: &open}, "wang")
	require.NoError(t, err)
	late, err = b.db.LateTickets(ctx, 10)
	require.NoError(t, err)
	assert.Len(t, late, 1)
}

func TestTicketsAreChangedWithAHistoryAndFound(t *testing.T) {
	b := set(t, nil)
	ctx := t.Context()
	_, err := b.desk.Create(ctx, ticket.NewTicket{Kind: "投诉", Summary: "没写经过"}, "api", "crm")
	require.ErrorIs(t, err, ticket.ErrField)
	_, err = b.desk.Create(ctx, ticket.NewTicket{Kind: "别的", Summary: "x", Owner: "nobody"}, "api", "crm")
	require.ErrorIs(t, err, ticket.ErrOwner)
	made, err := b.desk.Create(ctx, ticket.NewTicket{Kind: "别的", Summary: "Headphones are broken", Number: "13812348000"}, "api", "crm")
	require.NoError(t, err)
	assert.True(t, made.DueAt.IsZero())
	done, owner := store.TicketDone, "wang"
	changed, err := b.desk.Change(ctx, made, ticket.Change{Version: 1, State: &done, Owner: &owner, Fields: &map[string]string{"单号": "6603"}, Comment: "已换新"}, "wang")
	require.NoError(t, err)
	assert.Equal(t, b.clock.now(), changed.ClosedAt)
	_, err = b.desk.Change(ctx, changed, ticket.Change{Version: 1, State: &done}, "chief")
	require.ErrorIs(t, err, store.ErrStale)
	notes, err := b.db.TicketNotes(ctx, made.ID)
	require.NoError(t, err)
	require.Len(t, notes, 2)
	assert.Equal(t, map[string][2]string{"state": {"open", "done"}, "owner": {"", "wang"}, "fields.单号": {"", "6603"}}, notes[1].Changes)
	assert.Equal(t, "已换新", notes[1].Text)
	for query, found := range map[string]int{"headphones": 1, "broken": 1, "已换新": 1, "6603": 1, "8000": 1, "13812348000": 1, "1001": 1, "microwave": 0, "1002": 0} {
		page, err := b.db.Tickets(ctx, store.TicketFilter{Query: query})
		require.NoError(t, err, query)
		assert.Len(t, page.Items, found, query)
	}
	for name, sees := range map[string]*store.TicketSight{"his": {Owners: []string{"wang"}}, "another's": {Owners: []string{"li"}}} {
		page, err := b.db.Tickets(ctx, store.TicketFilter{Sees: sees})
		require.NoError(t, err)
		assert.Equal(t, name == "his", len(page.Items) == 1, name)
		assert.Equal(t, name == "his", sees.Sees(changed), name)
	}
}

func TestWishesOfEarlierVersionsAreAdopted(t *testing.T) {
	b := set(t, nil)
	ctx := t.Context()
	for _, w := range []call.Wish{
		{ID: "T", Kind: "ticket", Reason: "投诉", Number: "13812348000", Summary: "旧工单"},
		{ID: "D", Kind: "ticket", Reason: "投诉", Summary: "做完了", State: store.WishDone},
		{ID: "R", Kind: "review", Reason: "coupon", Summary: "补券", Fields: map[string]string{"amount": "10", "理由": "慢"}},
		{ID: "C", Kind: "callback", Number: "13812348000"},
	} {
		require.NoError(t, b.db.AddWish(ctx, w))
	}
	n, err := b.desk.Adopt(ctx)
	require.NoError(t, err)
	assert.Equal(t, 3, n)
	left, err := b.db.Wishes(ctx, store.WishFilter{})
	require.NoError(t, err)
	require.Len(t, left.Items, 1)
	assert.Equal(t, "C", left.Items[0].ID)
	done, err := b.db.Ticket(ctx, "D")
	require.NoError(t, err)
	assert.True(t, done.Closed())
	r, err := b.db.Review(ctx, "R")
	require.NoError(t, err)
	assert.Equal(t, "10", r.Amount)
	assert.Equal(t, map[string]string{"理由": "慢"}, r.Fields)
}

func TestADecisionIsToldOnceItCannotBeTakenBack(t *testing.T) {
	b := set(t, func(c *ticket.Config) { c.Webhook = true })
	ctx := t.Context()
	require.NoError(t, b.desk.AddWish(ctx, call.Wish{ID: "R", Kind: "review", Reason: "coupon", Call: "C", Number: "13812348000", Summary: "补券", Fields: map[string]string{"amount": "10"}}))
	r, err := b.db.Review(ctx, "R")
	require.NoError(t, err)
	_, err = b.desk.Decide(ctx, r, true, store.Decision{By: ticket.BySMS}, "li")
	require.ErrorIs(t, err, ticket.ErrText)
	decided, err := b.desk.Decide(ctx, r, true, store.Decision{By: ticket.BySMS, Text: "给您二十元券", Amount: "20"}, "li")
	require.NoError(t, err)
	_, err = b.desk.Decide(ctx, r, false, store.Decision{By: ticket.ByNobody, Reason: "x"}, "zhang")
	require.ErrorIs(t, err, store.ErrStale, "another one was faster")
	undone, err := b.desk.Undo(ctx, decided, "li")
	require.NoError(t, err)
	assert.Nil(t, undone.Decision)
	b.clock.pass(time.Minute)
	list, err := b.db.ReviewsToTell(ctx, 10)
	require.NoError(t, err)
	assert.Empty(t, list)

	again, err := b.desk.Decide(ctx, undone, true, store.Decision{By: ticket.BySMS, Text: "给您二十元券", Amount: "20"}, "li")
	require.NoError(t, err)
	waiting, err := b.db.Messages().Waiting(ctx, 10)
	require.NoError(t, err)
	assert.Empty(t, waiting, "it can still be taken back")
	b.clock.pass(16 * time.Second)
	b.run(t, func(c *assert.CollectT) {
		waiting, err := b.db.Messages().Waiting(ctx, 10)
		require.NoError(c, err)
		if assert.Len(c, waiting, 1) {
			assert.Equal(c, "给您二十元券", waiting[0].Text)
			assert.Equal(c, "13812348000", waiting[0].To)
		}
	})
	told, err := b.db.Review(ctx, "R")
	require.NoError(t, err)
	_, err = b.desk.Undo(ctx, told, "li")
	require.ErrorIs(t, err, ticket.ErrTold)
	_, err = b.desk.Undo(ctx, again, "li")
	require.ErrorIs(t, err, store.ErrStale)
	hooks, err := b.db.Deliveries(ctx, store.DeliveryWaiting, 10)
	require.NoError(t, err)
	require.Len(t, hooks, 1)
	assert.Equal(t, "review.decided", hooks[0].Kind)
	notes, err := b.db.ReviewNotes(ctx, "R")
	require.NoError(t, err)
	require.Len(t, notes, 4)
	assert.Equal(t, [2]string{"10", "20"}, notes[3].Changes["amount"])
}

func TestWhoCallsHasAProfile(t *testing.T) {
	b := set(t, nil)
	ctx := t.Context()
	for i, r := range []call.Record{
		{ID: "1", Direction: "inbound", Caller: "+8613812348000", Called: "8000"},
		{ID: "2", Direction: "inbound", Caller: "13812348000"},
		{ID: "3", Direction: "outbound", Called: "13900001111"},
		{ID: "4", Direction: "inbound", Caller: "anonymous"},
	} {
		r.StartedAt = b.clock.now().Add(time.Duration(i) * time.Minute)
		require.NoError(t, b.db.Begin(ctx, r))
	}
	b.run(t, func(c *assert.CollectT) {
		page, err := b.db.Customers(ctx, store.CustomerFilter{})
		require.NoError(c, err)
		assert.Len(c, page.Items, 2)
	})
	page, err := b.db.Customers(ctx, store.CustomerFilter{Query: "8000"})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	one := page.Items[0]
	assert.Equal(t, b.clock.now().Add(time.Minute), one.SeenAt, "his last call")
	one.Name, one.Tier, one.Tags = "王女士", "vip", []string{"老客户"}
	one, err = b.db.ChangeCustomer(ctx, one)
	require.NoError(t, err)
	tier, err := b.db.CustomerTier(ctx, "+86 138-1234-8000")
	require.NoError(t, err)
	assert.Equal(t, "vip", tier)
	for query, found := range map[string]int{"王女士": 1, "老客户": 1, "李先生": 0, "1111": 1} {
		page, err := b.db.Customers(ctx, store.CustomerFilter{Query: query})
		require.NoError(t, err, query)
		assert.Len(t, page.Items, found, query)
	}
	id, err := b.db.CustomerByNumber(ctx, "13900001111")
	require.NoError(t, err)
	other, err := b.db.Profile(ctx, id)
	require.NoError(t, err)
	merged, err := b.db.MergeCustomers(ctx, one, other)
	require.NoError(t, err)
	assert.Len(t, merged.Numbers, 2)
	tier, err = b.db.CustomerTier(ctx, "13900001111")
	require.NoError(t, err)
	assert.Equal(t, "vip", tier)
	_, err = b.db.PartCustomer(ctx, merged, "13812348000")
	require.ErrorIs(t, err, store.ErrMerge, "his profile began with it")
	_, err = b.db.PartCustomer(ctx, merged, "13900001111")
	require.NoError(t, err)
	tier, err = b.db.CustomerTier(ctx, "13900001111")
	require.NoError(t, err)
	assert.Empty(t, tier)

	// All of it is found by who asks for what is kept of him, and goes when he wants.
	made, err := b.desk.Create(ctx, ticket.NewTicket{Kind: "别的", Summary: "退货", Number: "13812348000"}, "agent", "wang")
	require.NoError(t, err)
	_, err = b.desk.Attach(ctx, made, store.TicketFile{Name: "照片.png", Type: "image/png", Actor: "wang"}, make([]byte, 600<<10))
	require.NoError(t, err)
	data, err := b.db.Caller(ctx, "13812348000")
	require.NoError(t, err)
	assert.Equal(t, "退货", data.Rows["tickets"][0]["summary"])
	assert.Equal(t, "王女士", data.Rows["customers"][0]["name"])
	assert.Len(t, data.Rows["ticket_parts"], 3)
	_, left, err := b.db.EraseCaller(ctx, "13812348000")
	require.NoError(t, err)
	assert.Zero(t, left)
	_, err = b.db.Ticket(ctx, made.ID)
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = b.db.CustomerByNumber(ctx, "13900001111")
	assert.NoError(t, err)
}

// What was decided is told on the telephone where no short message is wanted: it stands
// among the callers to be rung, with what to say.
func TestADecisionIsToldByACallback(t *testing.T) {
	b := set(t, nil)
	ctx := t.Context()
	require.NoError(t, b.desk.AddWish(ctx, call.Wish{ID: "R", Kind: "review", Reason: "refund", Call: "C", Number: "13812348000", Summary: "退款"}))
	r, err := b.db.Review(ctx, "R")
	require.NoError(t, err)
	_, err = b.desk.Decide(ctx, r, false, store.Decision{By: ticket.ByCallback, Text: "超过七天，不能退，可以修。", Reason: "超过七天"}, "li")
	require.NoError(t, err)
	b.clock.pass(16 * time.Second)
	b.run(t, func(c *assert.CollectT) {
		open, err := b.db.Wishes(ctx, store.WishFilter{})
		require.NoError(c, err)
		if assert.Len(c, open.Items, 1) {
			w := open.Items[0]
			assert.Equal(c, "callback", w.Kind)
			assert.Equal(c, "13812348000", w.Number)
			assert.Equal(c, "C", w.Call)
			assert.Equal(c, "超过七天，不能退，可以修。", w.Summary)
			assert.Equal(c, store.WishOpen, w.State)
		}
	})
	waiting, err := b.db.Messages().Waiting(ctx, 10)
	require.NoError(t, err)
	assert.Empty(t, waiting)
}
