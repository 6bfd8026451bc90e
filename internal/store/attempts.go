package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"hotline/campaigns"
	"hotline/dialog"
	"hotline/internal/call"
	"hotline/internal/call/answer"
)

// Claim implements campaigns.Store. What it decides by is read in the transaction that
// writes the attempt: over all nodes, no cap is passed and no number is called twice.
func (s *Store) Claim(ctx context.Context, q campaigns.Claim, judge campaigns.Judge) (got campaigns.Claimed, err error) {
	var not error // is no failure, which would run the others' operations again
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		got, err = s.claim(ctx, tx, q, judge)
		not = nil
		if errors.Is(err, campaigns.ErrNotDue) || errors.Is(err, campaigns.ErrPace) || errors.Is(err, campaigns.ErrAbandonedLately) {
			not, err = err, nil
		}
		return err
	})
	if err == nil {
		err = not
	}
	return got, err
}

func (s *Store) claim(ctx context.Context, tx *sql.Tx, q campaigns.Claim, judge campaigns.Judge) (got campaigns.Claimed, err error) {
	if got.Campaign, err = campaignIn(ctx, tx, q.Campaign); err != nil {
		return got, err
	}
	if got.Contact, err = s.contactIn(ctx, tx, q.Contact); err != nil {
		return got, err
	}
	k := got.Contact
	if got.Campaign.State != campaigns.Running || k.Campaign != q.Campaign || k.State != campaigns.Waiting || k.Made+1 != q.Number || k.Due.After(q.Now) {
		return got, campaigns.ErrNotDue
	}
	limits := got.Campaign.Limits() // they are asked for first: more are queued than may be begun
	busy, err := busyIn(ctx, tx, q.Campaign)
	if err != nil {
		return got, err
	}
	tokens, at, err := tokensIn(ctx, tx, q.Campaign, limits.PerSecond, q.Now)
	if err != nil {
		return got, err
	}
	if busy >= limits.Concurrency || tokens < 1 {
		return got, campaigns.ErrPace
	}
	hash, err := s.contactHashes(k)
	if err != nil {
		return got, err
	}
	facts, err := s.factsIn(ctx, tx, k, hash, q.Now)
	if err != nil {
		return got, err
	}
	got.Verdict = judge(got.Campaign, k, facts)
	if got.Verdict.Refusal != "" {
		return got, s.refuse(ctx, tx, k, got.Verdict)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE campaigns SET tokens = $2, tokens_at = $3 WHERE id = $1`, q.Campaign, tokens-1, at); err != nil {
		return got, fmt.Errorf("write a campaign's rate: %w", err)
	}
	ahead := 0
	if q.Ahead != nil {
		if err := mayGoAhead(ctx, tx, q, hash); err != nil {
			return got, err // the rate has lost a call, which a tick gives back
		}
		ahead = 1
	}
	id, err := reserveIn(ctx, tx, "attempts", 1)
	if err != nil {
		return got, err
	}
	if k.Variant == "" {
		k.Variant = got.Verdict.Variant
	}
	counted, err := hash.formIn(ctx, tx, "number_days", "number_hash")
	if err != nil {
		return got, err
	}
	k.State, k.Made, k.Reason = campaigns.Dialling, k.Made+1, ""
	got.Contact = k
	got.Attempt = campaigns.Attempt{
		ID: id, Campaign: q.Campaign, Contact: k.ID, Call: q.Call, Node: q.Node, Variant: k.Variant, Number: k.Made,
		ClaimedAt: q.Now, Ground: got.Verdict.Ground,
	}
	for _, do := range []struct {
		text string
		args []any
	}{
		{`INSERT INTO attempts (id, campaign_id, contact_id, number_hash, call_id, node, variant, number, ground, day, claimed_at, outcome, goal, refused, answered, seconds, cost, trunk, ahead)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', '', 0, 0, 0, 0, '', $12)`, []any{id, q.Campaign, k.ID, hash.is, q.Call, q.Node, k.Variant, k.Made, got.Verdict.Ground, got.Verdict.Day, q.Now.UnixMilli(), ahead}},
		{`UPDATE contacts SET state = $2, made = $3, variant = $4, reason = '' WHERE id = $1`, []any{k.ID, string(k.State), k.Made, k.Variant}},
		{`INSERT INTO number_days (number_hash, day, campaign_id, calls) VALUES ($1, $2, $3, 1)
			ON CONFLICT (number_hash, day, campaign_id) DO UPDATE SET calls = number_days.calls + 1`, []any{counted, got.Verdict.Day, q.Campaign}},
		{`DELETE FROM number_days WHERE day < $1`, []any{q.Now.AddDate(0, 0, -factsKeep).Format(time.DateOnly)}},
	} {
		if _, err := s.group.exec(ctx, tx, do.text, do.args...); err != nil {
			return got, fmt.Errorf("keep an attempt: %w", err)
		}
	}
	return got, nil
}

// factsKeep is how many days calls of a number are remembered for the caps.
const factsKeep = campaigns.FactDays + 2

func (s *Store) contactIn(ctx context.Context, tx *sql.Tx, id int64) (k campaigns.Contact, err error) {
	k, err = s.readContact(tx.QueryRowContext(ctx, `SELECT `+contactColumns+` FROM contacts WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		err = campaigns.ErrNotDue // erased meanwhile
	}
	return k, err
}

func (s *Store) contactHashes(k campaigns.Contact) (hashes, error) {
	f := &sealing{s: s, table: "contacts"}
	return f.hashes(wholeNumber, NormalNumber(k.Number)), f.err
}

// Facts are what is known of a contact's number.
func (s *Store) Facts(ctx context.Context, k campaigns.Contact, now time.Time) (campaigns.Facts, error) {
	hash, err := s.contactHashes(k)
	if err != nil {
		return campaigns.Facts{}, err
	}
	return s.factsIn(ctx, s.read, k, hash, now)
}

// reading is a database or a transaction.
type reading interface {
	asked
	rowAsked
}

func (s *Store) factsIn(ctx context.Context, from reading, k campaigns.Contact, hash hashes, now time.Time) (f campaigns.Facts, err error) {
	if f.Calls, err = list(ctx, from, "count a number's calls", func(from row) (d campaigns.DayCalls, err error) {
		err = from.Scan(&d.Day, &d.Campaign, &d.Calls)
		return d, err
	}, `SELECT day, campaign_id, calls FROM number_days WHERE number_hash IN ($1, $2) AND day >= $3 ORDER BY day, campaign_id`,
		hash.is, hash.other, now.AddDate(0, 0, -campaigns.FactDays).Format(time.DateOnly)); err != nil {
		return f, err
	}
	if err := from.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM attempts WHERE number_hash IN ($1, $2) AND settled_at IS NULL)`, hash.is, hash.other).Scan(&f.InUse); err != nil {
		return f, fmt.Errorf("ask whether a number is in use: %w", err)
	}
	err = from.QueryRowContext(ctx, `SELECT settled_at FROM attempts WHERE contact_id = $1 AND settled_at IS NOT NULL ORDER BY id DESC LIMIT 1`, k.ID).Scan(nullTime{&f.Last})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return f, fmt.Errorf("look for the last attempt: %w", err)
	}
	if f.Suppressions, err = s.suppressionsOf(ctx, from, k.Number, now); err != nil {
		return f, err
	}
	f.Consents, err = s.consentsOf(ctx, from, hash)
	return f, err
}

const attemptColumns = `id, campaign_id, contact_id, call_id, node, variant, number, ground, claimed_at, settled_at, result`

func (s *Store) readAttempt(from row) (a campaigns.Attempt, err error) {
	var result []byte
	if err := from.Scan(&a.ID, &a.Campaign, &a.Contact, &a.Call, &a.Node, &a.Variant, &a.Number, &a.Ground, nullTime{&a.ClaimedAt}, nullTime{&a.SettledAt}, &result); err != nil {
		return a, err
	}
	f := &sealing{s: s, table: "attempts", row: strconv.FormatInt(a.ID, 10)}
	f.readJSON("result", result, &a.Result)
	return a, f.err
}

// Settle implements campaigns.Store.
func (s *Store) Settle(ctx context.Context, id int64, r campaigns.Result, now time.Time, next campaigns.Settle) (a campaigns.Attempt, err error) {
	f := &sealing{s: s, table: "attempts", row: strconv.FormatInt(id, 10)}
	sealed := f.sealJSON("result", r)
	if f.err != nil {
		return a, f.err
	}
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		a, err = s.settle(ctx, tx, id, r, sealed, now, next)
		return err
	})
	return a, err
}

func (s *Store) settle(ctx context.Context, tx *sql.Tx, id int64, r campaigns.Result, sealed []byte, now time.Time, next campaigns.Settle) (a campaigns.Attempt, err error) {
	a, err = s.readAttempt(tx.QueryRowContext(ctx, `SELECT `+attemptColumns+` FROM attempts WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return a, fmt.Errorf("settle attempt %d: %w", id, campaigns.ErrNoAttempt)
	}
	if err != nil || !a.SettledAt.IsZero() {
		return a, err
	}
	if r.Outcome == campaigns.NotPlaced {
		a.Result = r
		return a, s.putBack(ctx, tx, a, now, next)
	}
	a.Result, a.SettledAt = r, now
	if _, err := s.group.exec(ctx, tx, `UPDATE attempts SET settled_at = $2, outcome = $3, goal = $4, refused = $5, answered = $6, seconds = $7, cost = $8, trunk = $9, result = $10 WHERE id = $1`,
		id, now.UnixMilli(), string(r.Outcome), r.Goal, flag(r.Refused), flag(r.Answered), r.Seconds, r.Cost, r.Trunk, sealed); err != nil {
		return a, fmt.Errorf("settle an attempt: %w", err)
	}
	k, err := s.contactIn(ctx, tx, a.Contact)
	if errors.Is(err, campaigns.ErrNotDue) {
		return a, nil // erased while it was called
	}
	if err != nil {
		return a, err
	}
	c, err := campaignIn(ctx, tx, a.Campaign)
	if err != nil {
		return a, err
	}
	made, err := counts(ctx, tx, "count a contact's outcomes", `SELECT outcome, COUNT(*) FROM attempts WHERE contact_id = $1 AND settled_at IS NOT NULL GROUP BY outcome`, k.ID)
	if err != nil {
		return a, err
	}
	before := make(map[campaigns.Outcome]int, len(made))
	for o, n := range made {
		before[campaigns.Outcome(o)] = n
	}
	n := next(c, k, before, r)
	if n.State == campaigns.Waiting && (c.State == campaigns.Stopped || c.State == campaigns.Done) {
		n = campaigns.Next{State: campaigns.Withdrawn, Reason: string(campaigns.RefusedEnded)}
	}
	due := dueMillis(n.Due)
	if _, err := s.group.exec(ctx, tx, `UPDATE contacts SET state = $2, reason = $3, due = $4, callback = $5 WHERE id = $1`,
		k.ID, string(n.State), n.Reason, due, flag(n.State == campaigns.Waiting && !r.Callback.IsZero())); err != nil {
		return a, fmt.Errorf("settle a contact: %w", err)
	}
	if s.cfg.Settled != nil {
		k.State, k.Reason, k.Due, k.Callback = n.State, n.Reason, n.Due, n.State == campaigns.Waiting && !r.Callback.IsZero()
		if d, ok := s.cfg.Settled(a, k); ok {
			if err := s.addDelivery(ctx, tx, d); err != nil {
				return a, err
			}
		}
	}
	if r.Refused {
		how := r.How
		if how == "" {
			how = "said"
		}
		return a, s.suppress(ctx, tx, campaigns.Suppression{Number: k.Number, List: "own", At: now, How: how, Call: a.Call})
	}
	return a, nil
}

// putBack takes back an attempt of which no call went out, or which was called off before
// anybody answered: the contact waits as before, and why is kept with the reasons for
// which he was not called.
func (s *Store) putBack(ctx context.Context, tx *sql.Tx, a campaigns.Attempt, now time.Time, next campaigns.Settle) error {
	var day string
	if err := tx.QueryRowContext(ctx, `SELECT day FROM attempts WHERE id = $1`, a.ID).Scan(&day); err != nil {
		return fmt.Errorf("put a contact back: %w", err)
	}
	if _, err := s.group.exec(ctx, tx, `DELETE FROM attempts WHERE id = $1`, a.ID); err != nil {
		return fmt.Errorf("put a contact back: %w", err)
	}
	k, err := s.contactIn(ctx, tx, a.Contact)
	if errors.Is(err, campaigns.ErrNotDue) {
		return nil // erased while it was called, and how often it was with it
	}
	if err != nil {
		return err
	}
	hash, err := s.contactHashes(k)
	if err != nil {
		return err
	}
	rang := flag(a.Kind == campaigns.NotPlacedCalled) // it may have: then it counts for the caps
	if _, err := s.group.exec(ctx, tx, `UPDATE number_days SET calls = calls - 1 + $5 WHERE number_hash IN ($1, $2) AND day = $3 AND campaign_id = $4 AND calls > 0`,
		hash.is, hash.other, day, a.Campaign, rang); err != nil {
		return fmt.Errorf("put a contact back: %w", err)
	}
	c, err := campaignIn(ctx, tx, a.Campaign)
	if err != nil {
		return err
	}
	var times int
	if err := tx.QueryRowContext(ctx, `SELECT COALESCE(SUM(times), 0) FROM refusals WHERE contact_id = $1 AND reason = $2`, k.ID, string(campaigns.RefusedPlacing)).Scan(&times); err != nil {
		return fmt.Errorf("put a contact back: %w", err)
	}
	k.Made = max(0, k.Made-1)
	n := next(c, k, map[campaigns.Outcome]int{campaigns.NotPlaced: times + 1}, a.Result)
	if n.State == campaigns.Waiting && (c.State == campaigns.Stopped || c.State == campaigns.Done) {
		n.State, n.Reason, n.Due = campaigns.Withdrawn, string(campaigns.RefusedEnded), time.Time{}
	}
	if _, err := s.group.exec(ctx, tx, `UPDATE contacts SET state = $2, reason = $3, due = $4, made = $5 WHERE id = $1`,
		k.ID, string(n.State), n.Reason, dueMillis(n.Due), k.Made); err != nil {
		return fmt.Errorf("put a contact back: %w", err)
	}
	if _, err := s.group.exec(ctx, tx, `INSERT INTO refusals (contact_id, day, reason, campaign_id, ground, first_at, last_at, times) VALUES ($1, $2, $3, $4, $5, $6, $6, 1)
		ON CONFLICT (contact_id, day, reason) DO UPDATE SET last_at = excluded.last_at, ground = excluded.ground, times = refusals.times + 1`,
		k.ID, day, string(campaigns.RefusedPlacing), a.Campaign, n.Ground, now.UnixMilli()); err != nil {
		return fmt.Errorf("put a contact back: %w", err)
	}
	return nil
}

// dueMillis is a time as contacts have it, 0 for none.
func dueMillis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Orphans implements campaigns.Store.
func (s *Store) Orphans(ctx context.Context, node string, began, silent time.Time) ([]campaigns.Attempt, error) {
	return list(ctx, s.read, "list attempts of dead nodes", s.readAttempt, `SELECT `+attemptColumns+` FROM attempts WHERE settled_at IS NULL
		AND (node = $1 AND claimed_at < $2 OR node <> $1 AND NOT EXISTS (SELECT 1 FROM campaign_nodes n WHERE n.node = attempts.node AND n.seen_at >= $3))
		ORDER BY id LIMIT 1000`, node, began.UnixMilli(), silent.UnixMilli())
}

// Ended implements campaigns.Store: what the record of a call tells, where the node that
// made it has not lived to.
func (s *Store) Ended(ctx context.Context, id string) (r campaigns.Result, ok bool, err error) {
	record, err := s.Call(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return r, false, nil
	}
	if err != nil || record.EndedAt.IsZero() {
		return r, false, err
	}
	events, err := s.Events(ctx, id)
	if err != nil {
		return r, false, err
	}
	return ResultOf(record, events), true, nil
}

// ResultOf is what a call's record and its marks tell a campaign.
func ResultOf(r call.Record, events []call.Event) campaigns.Result {
	out := campaigns.Result{Status: r.SIPStatus, Trunk: r.Signalling.Trunk, Error: r.Error, Answered: !r.AnsweredAt.IsZero(), Person: r.Agent, Score: r.Satisfaction}
	if out.Answered {
		out.Seconds = max(0, r.EndedAt.Sub(r.AnsweredAt).Seconds())
	}
	switch {
	case r.Outcome == call.Interrupted:
		out.Outcome = campaigns.Interrupted
	case r.EndCause == call.CauseNotPlaced:
		out.Outcome = campaigns.NotPlaced
		out.Kind, out.Error, _ = strings.Cut(r.Error, ": ")
	case !out.Answered && r.EndCause == campaigns.NotPlacedUnreached: // the words of both packages are the same
		out.Outcome, out.Kind = campaigns.NotPlaced, campaigns.NotPlacedUnreached
	case !out.Answered && r.EndCause == call.CauseCalledOff:
		out.Outcome, out.Kind = campaigns.NotPlaced, campaigns.NotPlacedCalled
	case !out.Answered && r.AnsweredBy != nil && r.AnsweredBy.Notice == answer.Declined:
		out.Outcome, out.Kind = campaigns.Declined, string(answer.Declined)
	case r.AnsweredBy != nil && r.AnsweredBy.Decided():
		// The words of both packages are the same.
		out.Outcome, out.Kind = campaigns.Outcome(r.AnsweredBy.Who), string(r.AnsweredBy.Notice)
	case out.Answered:
		out.Outcome = campaigns.Person
	case r.Outcome == call.Busy:
		out.Outcome = campaigns.Busy
	case r.Outcome == call.NoAnswer, r.Outcome == call.Cancelled:
		out.Outcome = campaigns.NoAnswer
	case r.Outcome == call.Refused:
		out.Outcome = campaigns.Declined
	default:
		out.Outcome = campaigns.Failed
	}
	if out.Person != "" && out.Answered { // whatever the first moments sounded like
		out.Outcome, out.Kind = campaigns.Person, ""
	}
	for _, e := range events {
		switch e.Kind {
		case call.KindAbandoned:
			if r.AnsweredBy == nil || r.AnsweredBy.Talks() {
				out.Outcome = campaigns.Abandoned
			}
		case call.KindRefusal:
			if e.Data["kind"] == string(dialog.DoNotCall) {
				out.Refused = true
				out.How, _ = e.Data["by"].(string)
			}
		case call.KindCallback:
			if text, ok := e.Data["at"].(string); ok {
				if at, err := time.Parse(time.RFC3339, text); err == nil && !at.IsZero() {
					out.Callback = at
				}
			}
		case call.KindFlowStep:
			slots, _ := e.Data["slots"].(map[string]any)
			for name, v := range slots {
				if text, ok := v.(string); ok && text != "" {
					if out.Slots == nil {
						out.Slots = map[string]string{}
					}
					out.Slots[name] = text
				}
			}
		}
	}
	return out
}

// Attempts are a contact's attempts, the latest first.
func (s *Store) Attempts(ctx context.Context, contact int64) ([]campaigns.Attempt, error) {
	return list(ctx, s.read, "list attempts", s.readAttempt, `SELECT `+attemptColumns+` FROM attempts WHERE contact_id = $1 ORDER BY id DESC LIMIT 1000`, contact)
}

// CampaignAttempts are a campaign's attempts behind after, by id.
func (s *Store) CampaignAttempts(ctx context.Context, campaign string, after int64, limit int) ([]campaigns.Attempt, error) {
	return list(ctx, s.read, "list attempts", s.readAttempt, `SELECT `+attemptColumns+` FROM attempts WHERE campaign_id = $1 AND id > $2 ORDER BY id LIMIT $3`, campaign, after, limit)
}

// LastAttempts are the last attempts of a campaign's contacts from one id to another, by
// contact.
func (s *Store) LastAttempts(ctx context.Context, campaign string, first, last int64) (map[int64]campaigns.Attempt, error) {
	rows, err := list(ctx, s.read, "list last attempts", s.readAttempt, `SELECT `+attemptColumns+` FROM attempts WHERE id IN (
		SELECT MAX(id) FROM attempts WHERE campaign_id = $1 AND contact_id BETWEEN $2 AND $3 GROUP BY contact_id)`, campaign, first, last)
	out := make(map[int64]campaigns.Attempt, len(rows))
	for _, a := range rows {
		out[a.Contact] = a
	}
	return out, err
}

// AttemptOf is the attempt that a call belongs to.
func (s *Store) AttemptOf(ctx context.Context, id string) (campaigns.Attempt, error) {
	a, err := s.readAttempt(s.read.QueryRowContext(ctx, `SELECT `+attemptColumns+` FROM attempts WHERE call_id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return a, fmt.Errorf("attempt of call %s: %w", id, err)
	}
	return a, nil
}
