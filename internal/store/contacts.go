package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"hotline/campaigns"
)

// person is what is sealed of a contact.
type person struct {
	Number string            `json:"n"`
	Name   string            `json:"name,omitempty"`
	Fields map[string]string `json:"f,omitempty"`
}

const contactColumns = `id, campaign_id, person, zone, rank, variant, agent, state, reason, due, made, callback, added_at`

func (s *Store) readContact(from row) (c campaigns.Contact, err error) {
	var sealed []byte
	var due, callback int64
	var added time.Time
	if err := from.Scan(&c.ID, &c.Campaign, &sealed, &c.Zone, &c.Rank, &c.Variant, &c.Agent, &c.State, &c.Reason, &due, &c.Made, &callback, nullTime{&added}); err != nil {
		return c, err
	}
	f := &sealing{s: s, table: "contacts", row: strconv.FormatInt(c.ID, 10)}
	var p person
	f.openJSON("person", sealed, &p)
	c.Number, c.Name, c.Fields = p.Number, p.Name, p.Fields
	c.Callback, c.AddedAt = callback != 0, added
	if due > 0 {
		c.Due = time.UnixMilli(due).UTC()
	}
	return c, f.err
}

func stateIn(ctx context.Context, from rowAsked, campaign string) (state campaigns.State, err error) {
	err = from.QueryRowContext(ctx, `SELECT state FROM campaigns WHERE id = $1`, campaign).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("campaign %s: %w", campaign, err)
	}
	return state, nil
}

// DueNext is when the first of the contacts is due that are not due yet, and why the first
// of them wait, at most so many.
func (s *Store) DueNext(ctx context.Context, campaign string, now time.Time, most int) (next time.Time, reasons map[string]int, err error) {
	clocks, err := s.Clocks(ctx, campaign)
	if err != nil || len(clocks) == 0 {
		return time.Time{}, nil, err
	}
	ids, err := s.clocksOf(ctx, clocks)
	if err != nil {
		return time.Time{}, nil, err
	}
	type waits struct {
		due    int64
		reason string
	}
	rows, err := list(ctx, s.read, "list contacts that are due next", func(from row) (w waits, err error) {
		err = from.Scan(&w.due, &w.reason)
		return w, err
	}, `SELECT due, reason FROM contacts WHERE id IN `+first(ids, "due > $3", "$4")+` ORDER BY due, place, id`,
		campaign, string(campaigns.Waiting), now.UnixMilli(), most)
	if err != nil || len(rows) == 0 {
		return time.Time{}, nil, err
	}
	reasons = map[string]int{}
	for _, w := range rows {
		reasons[w.reason]++
	}
	return time.UnixMilli(rows[0].due).UTC(), reasons, nil
}

// Busy implements campaigns.Store.
func (s *Store) Busy(ctx context.Context, campaign string) (int, error) {
	return busyIn(ctx, s.read, campaign)
}

func busyIn(ctx context.Context, from rowAsked, campaign string) (n int, err error) {
	if err := from.QueryRowContext(ctx, `SELECT COUNT(*) FROM attempts WHERE campaign_id = $1 AND settled_at IS NULL`, campaign).Scan(&n); err != nil {
		return 0, fmt.Errorf("count attempts in progress: %w", err)
	}
	return n, nil
}

// ContactsLeft implements campaigns.Store.
func (s *Store) ContactsLeft(ctx context.Context, campaign string) (waiting, dialling bool, err error) {
	for state, is := range map[campaigns.ContactState]*bool{campaigns.Waiting: &waiting, campaigns.Dialling: &dialling} {
		if err := s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM contacts WHERE campaign_id = $1 AND state = $2)`, campaign, string(state)).Scan(is); err != nil {
			return false, false, fmt.Errorf("ask whether contacts are left: %w", err)
		}
	}
	return waiting, dialling, nil
}

// Waiting implements campaigns.Store.
func (s *Store) Waiting(ctx context.Context, campaign string, most int) (n int, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM contacts WHERE campaign_id = $1 AND state = $2 LIMIT $3) AS some`, campaign, string(campaigns.Waiting), most).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count contacts that wait: %w", err)
	}
	return n, nil
}

// Begun implements campaigns.Store.
func (s *Store) Begun(ctx context.Context, of []string, since time.Time) (map[string]int, error) {
	n := map[string]int{}
	for part := range slices.Chunk(of, 500) {
		m, args := marks(part)
		w := &where{}
		w.add("campaign_id IN ("+m+")", args...)
		w.add("claimed_at >= ?", since.UnixMilli())
		some, err := counts(ctx, s.read, "count the calls that campaigns have begun", `SELECT campaign_id, COUNT(*) FROM attempts`+w.String()+` GROUP BY campaign_id`, w.args...)
		if err != nil {
			return nil, err
		}
		maps.Copy(n, some)
	}
	return n, nil
}

// withdrawRows is how many contacts one transaction ends: other writers wait that long.
const withdrawRows = 5000

// Withdraw implements campaigns.Store.
func (s *Store) Withdraw(ctx context.Context, campaign, reason string) (n int, err error) {
	for {
		var some int64
		err := s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			r, err := tx.ExecContext(ctx, `UPDATE contacts SET state = $3, reason = $4 WHERE id IN (
				SELECT id FROM contacts WHERE campaign_id = $1 AND state = $2 LIMIT $5)`, campaign, string(campaigns.Waiting), string(campaigns.Withdrawn), reason, withdrawRows)
			if err != nil {
				return fmt.Errorf("withdraw contacts: %w", err)
			}
			some, err = r.RowsAffected()
			return err
		})
		n += int(some)
		if err != nil || some < withdrawRows {
			return n, err
		}
	}
}

// WithdrawContact ends one contact that waits.
func (s *Store) WithdrawContact(ctx context.Context, id int64, reason string) error {
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE contacts SET state = $3, reason = $4 WHERE id = $1 AND state = $2`, id, string(campaigns.Waiting), string(campaigns.Withdrawn), reason)
		return changeOne(r, err)("withdraw contact " + strconv.FormatInt(id, 10))
	})
}

// PutOff has a contact who waits be called no sooner than a time.
func (s *Store) PutOff(ctx context.Context, id int64, due time.Time) error {
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE contacts SET due = CASE WHEN due > $3 THEN due ELSE $3 END WHERE id = $1 AND state = $2`, id, string(campaigns.Waiting), due.UnixMilli())
		return changeOne(r, err)("put contact " + strconv.FormatInt(id, 10) + " off")
	})
}

// Postpone implements campaigns.Store.
func (s *Store) Postpone(ctx context.Context, list []campaigns.Postponed) error {
	if len(list) == 0 {
		return nil
	}
	write := s.group.write
	if len(list) >= manyPostponed {
		write = s.group.writeBulk
	}
	return write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, p := range list {
			if err := s.refuse(ctx, tx, p.Contact, p.Verdict); err != nil {
				return err
			}
		}
		return nil
	})
}

// manyPostponed is from when on no moment is waited for others to join: at the end of a
// day thousands are put off one after the other.
const manyPostponed = 100

// refuse keeps why a contact is not called, and when it may be asked again.
func (s *Store) refuse(ctx context.Context, tx *sql.Tx, k campaigns.Contact, v campaigns.Verdict) error {
	state, due := campaigns.Waiting, int64(0)
	switch {
	case v.Refusal.Final():
		state = v.Refusal.Ends()
	case !v.Next.IsZero():
		due = v.Next.UnixMilli()
	}
	now := s.now()
	if _, err := s.group.exec(ctx, tx, `UPDATE contacts SET state = $3, reason = $4, due = $5 WHERE id = $1 AND state = $2`,
		k.ID, string(campaigns.Waiting), string(state), string(v.Refusal), due); err != nil {
		return fmt.Errorf("keep a refusal: %w", err)
	}
	day := v.Day
	if day == "" {
		day = now.UTC().Format(time.DateOnly)
	}
	if _, err := s.group.exec(ctx, tx, `INSERT INTO refusals (contact_id, day, reason, campaign_id, ground, first_at, last_at, times) VALUES ($1, $2, $3, $4, $5, $6, $6, 1)
		ON CONFLICT (contact_id, day, reason) DO UPDATE SET last_at = excluded.last_at, ground = excluded.ground, times = refusals.times + 1`,
		k.ID, day, string(v.Refusal), k.Campaign, v.Ground, now.UnixMilli()); err != nil {
		return fmt.Errorf("keep a refusal: %w", err)
	}
	return nil
}

// Contact is one contact.
func (s *Store) Contact(ctx context.Context, id int64) (campaigns.Contact, error) {
	c, err := s.readContact(s.read.QueryRowContext(ctx, `SELECT `+contactColumns+` FROM contacts WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return c, fmt.Errorf("contact %d: %w", id, err)
	}
	return c, nil
}

// ContactFilter narrows a list of contacts.
type ContactFilter struct {
	Campaign string
	State    campaigns.ContactState // "" is all
	Reason   string                 // "" is all
	Number   string                 // whole, in any way of writing
	After    int64                  // id of the last one seen
	Limit    int                    // default 100, at most 1000
}

// Contacts are contacts by id.
func (s *Store) Contacts(ctx context.Context, f ContactFilter) ([]campaigns.Contact, error) {
	w := &where{}
	if f.Campaign != "" {
		w.add("campaign_id = ?", f.Campaign)
	}
	if f.State != "" {
		w.add("state = ?", string(f.State))
	}
	if f.Reason != "" {
		w.add("reason = ?", f.Reason)
	}
	if f.Number != "" {
		hash, err := s.contactHashes(campaigns.Contact{Number: f.Number})
		if err != nil {
			return nil, err
		}
		w.add("number_hash IN (?, ?)", hash.is, hash.other)
	}
	if f.After > 0 {
		w.add("id > ?", f.After)
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 100
	}
	return list(ctx, s.read, "list contacts", s.readContact, `SELECT `+contactColumns+` FROM contacts`+w.String()+` ORDER BY id LIMIT `+strconv.Itoa(min(limit, 1000)), w.args...)
}

// RefusalRow is why a contact was not called on a day.
type RefusalRow struct {
	Contact int64             `json:"contact"`
	Day     string            `json:"day"`
	Reason  campaigns.Refusal `json:"reason"`
	Ground  string            `json:"ground"`
	FirstAt time.Time         `json:"first_at"`
	LastAt  time.Time         `json:"last_at"`
	Times   int               `json:"times"`
}

// Refusals are why a contact was not called, the latest first: himself, and all who are
// called by his clocks, since he was added and until he was over.
func (s *Store) Refusals(ctx context.Context, contact int64) ([]RefusalRow, error) {
	return list(ctx, s.read, "list refusals", func(from row) (r RefusalRow, err error) {
		err = from.Scan(&r.Contact, &r.Day, &r.Reason, &r.Ground, nullTime{&r.FirstAt}, nullTime{&r.LastAt}, &r.Times)
		return r, err
	}, `SELECT contact_id, day, reason, ground, first_at, last_at, times FROM refusals WHERE contact_id = $1
		UNION ALL
		SELECT k.id, r.day, r.reason, r.ground, r.first_at, r.last_at, 1 FROM contacts k JOIN clock_refusals r ON r.campaign_id = k.campaign_id AND r.clock = k.clock
		WHERE k.id = $1 AND r.last_at >= k.added_at AND (k.state IN ('waiting', 'dialling', 'withdrawn')
			OR r.first_at <= COALESCE((SELECT MAX(settled_at) FROM attempts WHERE contact_id = k.id), 0)
			OR r.first_at <= COALESCE((SELECT MAX(last_at) FROM refusals WHERE contact_id = k.id), 0))
		ORDER BY 6 DESC, 3 LIMIT 1000`, contact)
}

// RefusalCounts are how many contacts of a campaign were refused for each reason; of those
// who share their clocks as many as waited then.
func (s *Store) RefusalCounts(ctx context.Context, campaign string) (map[string]int, error) {
	own, err := counts(ctx, s.read, "count refusals", `SELECT reason, COUNT(DISTINCT contact_id) FROM refusals WHERE campaign_id = $1 GROUP BY reason`, campaign)
	if err != nil {
		return nil, err
	}
	shared, err := counts(ctx, s.read, "count refusals", `SELECT reason, SUM(most) FROM (
		SELECT reason, MAX(contacts) AS most FROM clock_refusals WHERE campaign_id = $1 GROUP BY reason, clock) AS of_clocks GROUP BY reason`, campaign)
	for reason, n := range shared {
		own[reason] += n
	}
	return own, err
}

// ErrKeyReused is returned for an event that has the key of one of somebody else.
var ErrKeyReused = errors.New("this key was used for an event of another number")

// Triggered adds a contact for an event, or finds the one that the same event has added.
// keep is how long an event is remembered.
func (s *Store) Triggered(ctx context.Context, name, key string, k campaigns.Contact, keep time.Duration) (id int64, again bool, err error) {
	f := &sealing{s: s, table: "contacts"}
	hash := f.hashes(wholeNumber, NormalNumber(k.Number))
	if f.err != nil {
		return 0, false, f.err
	}
	clock, err := s.clockOf(ctx, k.Clocks)
	if err != nil {
		return 0, false, err
	}
	now := s.now().UnixMilli()
	due := int64(0)
	if !k.Due.IsZero() {
		due = k.Due.UnixMilli()
	}
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		again = false
		if _, err := tx.ExecContext(ctx, `DELETE FROM trigger_keys WHERE at < $1`, now-keep.Milliseconds()); err != nil {
			return fmt.Errorf("clear old events: %w", err)
		}
		var of string
		err := tx.QueryRowContext(ctx, `SELECT contact_id, COALESCE((SELECT number_hash FROM contacts WHERE id = contact_id), '') FROM trigger_keys WHERE name = $1 AND key = $2`, name, key).Scan(&id, &of)
		switch {
		case err == nil && of != "" && of != hash.is && of != hash.other:
			return ErrKeyReused
		case err == nil:
			again = true
			return nil
		case !errors.Is(err, sql.ErrNoRows):
			return fmt.Errorf("look for an event: %w", err)
		}
		err = tx.QueryRowContext(ctx, `SELECT id FROM contacts WHERE number_hash IN ($1, $2) AND campaign_id = $3`, hash.is, hash.other, k.Campaign).Scan(&id)
		switch {
		case err == nil:
			renewed, err := s.sealPerson(id, k)
			if err != nil {
				return err
			}
			if err := renew(ctx, tx, id, renewed, due); err != nil {
				return err
			}
		case errors.Is(err, sql.ErrNoRows):
			if id, err = reserveIn(ctx, tx, "contacts", 1); err != nil {
				return err
			}
			sealed, err := s.sealPerson(id, k)
			if err != nil {
				return err
			}
			if _, err := s.addSome(ctx, tx, []any{id, k.Campaign, hash.is, sealed, k.Zone, k.Rank, id, k.Agent, due, now, clock}); err != nil {
				return err
			}
		default:
			return fmt.Errorf("look for a contact: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO trigger_keys (name, key, contact_id, at) VALUES ($1, $2, $3, $4)`, name, key, id, now); err != nil {
			return fmt.Errorf("keep an event: %w", err)
		}
		return nil
	})
	return id, again, err
}

// renew has a contact be called for what happened now. One who is called just then, who was
// called and waits for another attempt, or who gathers events already is called no sooner
// and no later for it; one who is over begins anew, unless he is not to be called, or his
// number is none.
func renew(ctx context.Context, tx *sql.Tx, id int64, person []byte, due int64) error {
	for _, text := range []string{
		`UPDATE contacts SET person = $2, due = CASE WHEN made > 0 OR state = 'dialling' OR due > 0 AND due < $3 THEN due ELSE $3 END WHERE id = $1 AND state IN ('waiting', 'dialling')`,
		`UPDATE contacts SET person = $2, due = $3, state = 'waiting', made = 0, reason = '', callback = 0 WHERE id = $1 AND state NOT IN ('waiting', 'dialling', 'suppressed', 'invalid')`,
	} {
		if _, err := tx.ExecContext(ctx, text, id, person, due); err != nil {
			return fmt.Errorf("renew a contact: %w", err)
		}
	}
	return nil
}

// sealPerson seals who a contact is.
func (s *Store) sealPerson(id int64, k campaigns.Contact) ([]byte, error) {
	f := &sealing{s: s, table: "contacts", row: strconv.FormatInt(id, 10)}
	return f.sealJSON("person", person{k.Number, k.Name, k.Fields}), f.err
}

// readJSON is a sealed value's.
func (f *sealing) readJSON(column string, sealed []byte, v any) {
	if len(sealed) > 0 {
		f.openJSON(column, sealed, v)
	}
}
