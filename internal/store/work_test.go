package store_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"hotline/internal/call"
	"hotline/internal/store"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// clocked is a store in a place whose time is the test's.
func (p place) clocked(t *testing.T, now *time.Time) *store.Store {
	t.Helper()
	p.now = func() time.Time { return *now }
	return p.open(t)
}

func TestTicketsInBothDatabases(t *testing.T) {
	onEach(t, func(p place) {
		t, ctx, now := p.t, p.t.Context(), noon
		s := p.clocked(t, &now)
		webhook := func(t store.Ticket) (store.Delivery, bool) {
			return store.Delivery{ID: "d-" + t.ID, Kind: "ticket.created", Ticket: t.ID, Body: `{"number":"13800138000"}`}, true
		}
		require.NoError(t, s.AddWish(ctx, call.Wish{ID: "T1", Kind: "ticket", Call: "C1", Summary: "净化器太响"}))
		one := store.Ticket{
			ID: "T1", Kind: "投诉", State: store.TicketOpen, Priority: 1, Source: "bot", Call: "C1", Number: "+86 138 0013 8000", Summary: "净化器太响",
			Fields: map[string]string{"经过": "半夜很吵"}, DueAt: noon.Add(time.Hour), EscalateAt: noon.Add(time.Hour),
		}
		one, added, err := s.AddTicket(ctx, one, store.Note{Actor: "bot", Kind: store.NoteCreated}, webhook)
		require.NoError(t, err)
		assert.True(t, added)
		assert.Equal(t, int64(1001), one.Serial)
		_, added, err = s.AddTicket(ctx, one, store.Note{}, webhook)
		require.NoError(t, err)
		assert.False(t, added, "once")
		left, err := s.OpenWishes(ctx)
		require.NoError(t, err)
		assert.Zero(t, left, "the wish has become the ticket")
		two, _, err := s.AddTicket(ctx, store.Ticket{ID: "T2", Kind: "维修", State: store.TicketOpen, Source: "api", Owner: "li", Team: "售后", Number: "13911112222", Summary: "耳机没声音"}, store.Note{Actor: "li", Kind: store.NoteCreated}, nil)
		require.NoError(t, err)
		assert.Equal(t, int64(1002), two.Serial)

		for name, f := range map[string]store.TicketFilter{
			"kind": {Kind: "投诉"}, "number": {Number: "13800138000"}, "its end": {Number: "8000"}, "words": {Query: "半夜"}, "serial": {Query: "1001"},
			"call": {Call: "C1"}, "nobody's": {Sees: &store.TicketSight{Owners: []string{"wang"}}}, "page": {Limit: 1, Sort: "due"},
		} {
			page, err := s.Tickets(ctx, f)
			require.NoError(t, err, name)
			require.Len(t, page.Items, 1, name)
			assert.Equal(t, "T1", page.Items[0].ID, name)
			assert.Equal(t, one.Fields, page.Items[0].Fields, name)
		}
		first, err := s.Tickets(ctx, store.TicketFilter{Limit: 1, Sort: "due"})
		require.NoError(t, err)
		next, err := s.Tickets(ctx, store.TicketFilter{Limit: 1, Sort: "due", Cursor: first.Next})
		require.NoError(t, err)
		require.Len(t, next.Items, 1)
		assert.Equal(t, "T2", next.Items[0].ID)
		assert.Empty(t, next.Next)

		one.State, one.Owner = store.TicketWorking, "wang"
		changed, err := s.ChangeTicket(ctx, one, store.Note{Actor: "wang", Kind: store.NoteChanged, Text: "我来", Changes: map[string][2]string{"state": {"open", "in_progress"}}}, nil)
		require.NoError(t, err)
		assert.Equal(t, 2, changed.Version)
		_, err = s.ChangeTicket(ctx, one, store.Note{Actor: "chen", Kind: store.NoteChanged}, nil)
		require.ErrorIs(t, err, store.ErrStale)
		content := bytes.Repeat([]byte("图片"), 100_000) // more than one part
		require.NoError(t, s.AddTicketFile(ctx, store.TicketFile{ID: "f1", Ticket: "T1", Name: "照片.png", Type: "image/png", Actor: "wang"}, content))
		files, err := s.TicketFiles(ctx, "T1")
		require.NoError(t, err)
		require.Len(t, files, 1)
		assert.Equal(t, "照片.png", files[0].Name)
		assert.Equal(t, int64(len(content)), files[0].Size)
		var read bytes.Buffer
		require.NoError(t, s.TicketFile(ctx, &read, "f1"))
		assert.Equal(t, content, read.Bytes())
		notes, err := s.TicketNotes(ctx, "T1")
		require.NoError(t, err)
		require.Len(t, notes, 3)
		assert.Equal(t, "我来", notes[1].Text)
		assert.Equal(t, [2]string{"open", "in_progress"}, notes[1].Changes["state"])

		now = noon.Add(2 * time.Hour)
		late, err := s.LateTickets(ctx, 10)
		require.NoError(t, err)
		require.Len(t, late, 1)
		open, behind, err := s.CountTickets(ctx, nil)
		require.NoError(t, err)
		assert.Equal(t, [2]int{2, 1}, [2]int{open, behind})

		waiting, err := s.Deliveries(ctx, store.DeliveryWaiting, 10)
		require.NoError(t, err)
		require.Len(t, waiting, 1)
		assert.Contains(t, waiting[0].Body, "13800138000")
		require.NoError(t, s.Undelivered(ctx, "d-T1", "no route", now.Add(time.Minute)))
		waiting, err = s.Deliveries(ctx, store.DeliveryWaiting, 10)
		require.NoError(t, err)
		assert.Empty(t, waiting, "not before a minute")
		require.NoError(t, s.Undelivered(ctx, "d-T1", "no route", time.Time{}))
		dead, err := s.Deliveries(ctx, store.DeliveryDead, 10)
		require.NoError(t, err)
		require.Len(t, dead, 1)
		assert.Equal(t, 2, dead[0].Tries)
		require.NoError(t, s.RetryDelivery(ctx, "d-T1"))
		require.NoError(t, s.Delivered(ctx, "d-T1"))

		text := p.contents(t)
		for _, personal := range []string{"净化器太响", "13800138000", "照片", "半夜"} {
			assert.NotContains(t, text, personal)
		}
		erased, _, err := s.EraseCaller(ctx, "13800138000")
		require.NoError(t, err)
		assert.Equal(t, 1, erased["tickets"])
		_, err = s.Ticket(ctx, "T1")
		require.ErrorIs(t, err, store.ErrNotFound)
		read.Reset()
		require.NoError(t, s.TicketFile(ctx, &read, "f1"))
		assert.Zero(t, read.Len(), "its files too")
	})
}

func TestReviewsInBothDatabases(t *testing.T) {
	onEach(t, func(p place) {
		t, ctx, now := p.t, p.t.Context(), noon
		s := p.clocked(t, &now)
		for _, id := range []string{"1", "2"} {
			added, err := s.AddReview(ctx, store.Review{ID: id, Kind: "退款", Call: "C1", Number: "13800138000", Summary: "退一半", Amount: "50", Fields: map[string]string{"订单": "0032"}}, "bot")
			require.NoError(t, err)
			assert.True(t, added)
			now = now.Add(time.Minute)
		}
		page, err := s.Reviews(ctx, store.ReviewFilter{State: store.ReviewOpen, Number: "138 0013 8000", Limit: 1})
		require.NoError(t, err)
		require.Len(t, page.Items, 1)
		r := page.Items[0]
		assert.Equal(t, "1", r.ID, "what is open, the oldest first")
		assert.Equal(t, "0032", r.Fields["订单"])
		page, err = s.Reviews(ctx, store.ReviewFilter{State: store.ReviewOpen, Cursor: page.Next})
		require.NoError(t, err)
		require.Len(t, page.Items, 1)

		old := r
		r.State, r.DecidedAt, r.DecidedBy, r.SendAt = store.ReviewApproved, now, "chen", now.Add(15*time.Second)
		r.Decision = &store.Decision{Amount: "40", Text: "退您四十元", By: "callback"}
		r, err = s.DecideReview(ctx, r, store.Note{At: now, Actor: "chen", Kind: "approved", Text: "老客户"})
		require.NoError(t, err)
		_, err = s.DecideReview(ctx, old, store.Note{At: now, Actor: "wang", Kind: "refused"})
		require.ErrorIs(t, err, store.ErrStale)
		due, err := s.ReviewsToTell(ctx, 10)
		require.NoError(t, err)
		assert.Empty(t, due, "it can still be taken back")
		now = now.Add(time.Minute)
		due, err = s.ReviewsToTell(ctx, 10)
		require.NoError(t, err)
		require.Len(t, due, 1)
		told, err := s.TellReview(ctx, r, &call.Wish{ID: "W1", Kind: "callback", Call: "C1", Number: "13800138000", Summary: "退您四十元"}, &store.Delivery{ID: "D1", Kind: "review.decided", Body: "{}"})
		require.NoError(t, err)
		assert.False(t, told.SentAt.IsZero())
		_, err = s.TellReview(ctx, r, &call.Wish{ID: "W2", Kind: "callback"}, nil)
		require.ErrorIs(t, err, store.ErrStale, "told once")
		open, err := s.OpenWishes(ctx)
		require.NoError(t, err)
		assert.Equal(t, 1, open)
		n, err := s.CountReviews(ctx)
		require.NoError(t, err)
		assert.Equal(t, 1, n[store.ReviewOpen])
		notes, err := s.ReviewNotes(ctx, "1")
		require.NoError(t, err)
		require.Len(t, notes, 2)
		assert.Equal(t, "老客户", notes[1].Text)
		r, err = s.Review(ctx, "1")
		require.NoError(t, err)
		assert.Equal(t, "退您四十元", r.Decision.Text)
		assert.NotContains(t, p.contents(t), "四十元")
	})
}

func TestCustomersInBothDatabases(t *testing.T) {
	onEach(t, func(p place) {
		t, ctx, now := p.t, p.t.Context(), noon
		s := p.clocked(t, &now)
		for i, number := range []string{"+86 138 0013 8000", "13911112222", "13800138000"} {
			require.NoError(t, s.SeeCustomer(ctx, number, noon.Add(time.Duration(i)*time.Minute)))
		}
		page, err := s.Customers(ctx, store.CustomerFilter{})
		require.NoError(t, err)
		require.Len(t, page.Items, 2, "who is seen again is the same")
		id, err := s.CustomerByNumber(ctx, "138-0013-8000")
		require.NoError(t, err)
		one, err := s.Profile(ctx, id)
		require.NoError(t, err)
		stale := one
		one.Name, one.Tier, one.Tags, one.Notes = "王芳", "vip", []string{"企业客户"}, "只在下午打电话"
		one.Consents = []store.Consent{{Purpose: "sms", Given: true, How: "电话里说的", At: noon}}
		one, err = s.ChangeCustomer(ctx, one)
		require.NoError(t, err)
		_, err = s.ChangeCustomer(ctx, stale)
		require.ErrorIs(t, err, store.ErrStale)
		for name, f := range map[string]store.CustomerFilter{"name": {Query: "王芳"}, "tag": {Query: "企业"}, "number": {Query: "13800138000"}, "its end": {Query: "8000"}} {
			page, err := s.Customers(ctx, f)
			require.NoError(t, err, name)
			require.Len(t, page.Items, 1, name)
			assert.Equal(t, one.ID, page.Items[0].ID, name)
		}
		tier, err := s.CustomerTier(ctx, "13800138000")
		require.NoError(t, err)
		assert.Equal(t, "vip", tier)

		otherID, err := s.CustomerByNumber(ctx, "13911112222")
		require.NoError(t, err)
		other, err := s.Profile(ctx, otherID)
		require.NoError(t, err)
		one, err = s.MergeCustomers(ctx, one, other)
		require.NoError(t, err)
		assert.Len(t, one.Numbers, 2)
		id, err = s.CustomerByNumber(ctx, "13911112222")
		require.NoError(t, err)
		assert.Equal(t, one.ID, id)
		parted, err := s.PartCustomer(ctx, one, "13911112222")
		require.NoError(t, err)
		assert.NotEqual(t, one.ID, parted)
		one, err = s.Profile(ctx, one.ID)
		require.NoError(t, err)
		assert.Len(t, one.Numbers, 1)

		require.NoError(t, s.End(ctx, func() call.Record {
			r := record("C9", noon)
			r.Caller, r.EndedAt = "13755556666", noon.Add(time.Minute)
			return r
		}()))
		n, err := s.SeeCallers(ctx, 10)
		require.NoError(t, err)
		assert.Equal(t, 1, n)
		text := p.contents(t)
		for _, personal := range []string{"王芳", "企业客户", "下午", "13911112222"} {
			assert.NotContains(t, text, personal)
		}
	})
}

func TestRulesKeepTheirVersions(t *testing.T) {
	onEach(t, func(p place) {
		t, ctx, now := p.t, p.t.Context(), noon
		s := p.clocked(t, &now)
		for i := range 103 {
			n, err := s.AddRuleVersion(ctx, store.RuleVersion{Business: "shop", MadeBy: "li", Changed: []string{"queue.wrap_up"}, Stamp: "x", Before: "a: 1", After: "a: 13800138000"})
			require.NoError(t, err)
			assert.Equal(t, int64(i+1), n)
		}
		n, err := s.AddRuleVersion(ctx, store.RuleVersion{Business: "other", MadeBy: "li", Undoes: 3})
		require.NoError(t, err)
		assert.Equal(t, int64(1), n, "each business has its own numbers")
		list, err := s.RuleVersions(ctx, "shop", 500)
		require.NoError(t, err)
		require.Len(t, list, 100, "the oldest go")
		assert.Equal(t, int64(103), list[0].Version)
		assert.Equal(t, []string{"queue.wrap_up"}, list[0].Changed)
		v, err := s.RuleVersion(ctx, "shop", 103)
		require.NoError(t, err)
		assert.Equal(t, "a: 13800138000", v.After)
		assert.Equal(t, noon, v.MadeAt)
		require.NoError(t, s.DropRuleVersion(ctx, "shop", 103))
		_, err = s.RuleVersion(ctx, "shop", 103)
		require.ErrorIs(t, err, store.ErrNotFound)
		assert.NotContains(t, p.contents(t), "13800138000", "a file of rules may name somebody")
	})
}

func TestMessagesAreRecognised(t *testing.T) {
	onEach(t, func(p place) {
		t, ctx, now := p.t, p.t.Context(), noon
		s := p.clocked(t, &now)
		require.NoError(t, s.Begin(ctx, record("C1", noon)))
		for _, id := range []string{"1", "2"} {
			require.NoError(t, s.AddWish(ctx, call.Wish{ID: id, Kind: "voicemail", Call: "C" + id, Recording: "spool/" + id + ".wav", TranscriptState: call.TranscriptPending}))
		}
		ids := func() string {
			list, err := s.PendingMessages(ctx, now, 10)
			require.NoError(t, err)
			var out []string
			for _, w := range list {
				out = append(out, w.ID)
			}
			return strings.Join(out, " ")
		}
		assert.Equal(t, "2", ids(), "the call of the other goes on")
		r := record("C1", noon)
		r.EndedAt = noon.Add(time.Minute)
		require.NoError(t, s.End(ctx, r))
		assert.Equal(t, "1 2", ids())
		require.NoError(t, s.TranscriptFailed(ctx, "1", now.Add(time.Minute)))
		assert.Equal(t, "2", ids())
		tries, err := s.TranscriptTries(ctx, "1")
		require.NoError(t, err)
		assert.Equal(t, 1, tries)
		require.NoError(t, s.KeepTranscript(ctx, "2", call.Transcript{Text: "家里漏水了快回电", Urgent: []string{"漏水"}}))
		w, err := s.Wish(ctx, "2")
		require.NoError(t, err)
		require.NotNil(t, w.Transcript)
		assert.Equal(t, "家里漏水了快回电", w.Transcript.Text)
		assert.NotContains(t, p.contents(t), "漏水")
		now = now.Add(time.Hour)
		assert.Equal(t, "1", ids())
		require.NoError(t, s.TranscriptFailed(ctx, "1", time.Time{}))
		assert.Empty(t, ids(), "it is given up")
	})
}
