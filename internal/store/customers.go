package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotline/internal/desk"

	"github.com/oklog/ulid/v2"
)

// Customer is who has one or more numbers.
type Customer struct {
	ID       string    `json:"id"`
	Numbers  []string  `json:"numbers" doc:"the first one is the one that the profile began with"`
	Name     string    `json:"name,omitempty"`
	Tier     string    `json:"tier,omitempty" enum:"vip,"`
	Language string    `json:"language,omitempty"`
	Tags     []string  `json:"tags"`
	Notes    string    `json:"notes,omitempty"`
	Consents []Consent `json:"consents"`
	MadeAt   time.Time `json:"made_at"`
	SeenAt   time.Time `json:"seen_at" doc:"last call or ticket"`
	Version  int       `json:"version"`
}

// Consent is what a customer has agreed to, or no longer does.
type Consent struct {
	Purpose string    `json:"purpose" maxLength:"64" doc:"calls, sms, recording …"`
	Given   bool      `json:"given"`
	How     string    `json:"how" maxLength:"200" doc:"in which call, by which form"`
	At      time.Time `json:"at"`
	By      string    `json:"by,omitempty" doc:"who wrote it down"`
}

var (
	// ErrTier is returned for a tier that there is not.
	ErrTier = errors.New("a tier is vip, or empty")
	// ErrMerge is returned for what cannot be merged or parted.
	ErrMerge = errors.New("a customer cannot be merged with himself, nor parted from the number that his profile began with")
)

const customerColumns = `id, number_hash, name, tags, notes, consents, tier, language, made_at, seen_at, version`

// SeeCustomer makes the profile of who has a number, if there is none, and notes that he
// was here. What is no telephone number makes none.
func (s *Store) SeeCustomer(ctx context.Context, number string, at time.Time) error {
	return s.seeCustomers(ctx, map[string]seenCustomer{NormalNumber(number): {number, at}}, nil)
}

type seenCustomer struct {
	number string
	at     time.Time
}

func (s *Store) seeCustomers(ctx context.Context, list map[string]seenCustomer, more func(context.Context, *sql.Tx) error) error {
	type row struct {
		hashes
		tail, id string
		number   []byte
		at       int64
	}
	rows := make([]row, 0, len(list))
	for normal, seen := range list {
		if tail(normal) == "" {
			continue
		}
		f := &sealing{s: s, table: "customer_numbers"}
		r := row{hashes: f.hashes(wholeNumber, normal), tail: f.hash(numberTail, tail(normal)), id: ulid.Make().String(), at: seen.at.UnixMilli()}
		f.row = r.is
		r.number = f.seal("number", seen.number)
		if f.err != nil {
			return f.err
		}
		rows = append(rows, r)
	}
	if len(rows) == 0 && more == nil {
		return nil
	}
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.is, b.is) })
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, r := range rows {
			res, err := tx.ExecContext(ctx, `UPDATE customers SET seen_at = $2 WHERE id = (SELECT customer_id FROM customer_numbers WHERE number_hash IN ($1, $3)) AND seen_at < $2`, r.is, r.at, r.other)
			if err != nil {
				return fmt.Errorf("note a customer: %w", err)
			}
			if n, err := res.RowsAffected(); err != nil || n > 0 {
				if err != nil {
					return err
				}
				continue
			}
			var there int
			if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM customer_numbers WHERE number_hash IN ($1, $2)`, r.is, r.other).Scan(&there); err != nil {
				return fmt.Errorf("note a customer: %w", err)
			}
			if there > 0 {
				continue
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO customers (`+customerColumns+`) VALUES ($1, $2, NULL, NULL, NULL, NULL, '', '', $3, $3, 1)`, r.id, r.is, r.at); err != nil {
				return fmt.Errorf("note a customer: %w", err)
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO customer_numbers (number_hash, customer_id, number, number_tail) VALUES ($1, $2, $3, $4)`, r.is, r.id, r.number, r.tail); err != nil {
				return fmt.Errorf("note a customer: %w", err)
			}
		}
		if more == nil {
			return nil
		}
		return more(ctx, tx)
	})
}

// seenUntil is the setting that says up to which call customers were noted.
const seenUntil = "customers.seen"

// SeeCallers notes who called and was called, up to limit calls since the last time, and
// returns how many calls it looked at.
func (s *Store) SeeCallers(ctx context.Context, limit int) (n int, err error) {
	text, _, err := s.Setting(ctx, seenUntil)
	if err != nil {
		return 0, err
	}
	at, id, _ := strings.Cut(text, " ")
	since, _ := strconv.ParseInt(at, 10, 64) // 0 at first
	list := map[string]seenCustomer{}
	mark := text
	if err := func() (err error) {
		rows, err := s.read.QueryContext(ctx, `SELECT id, direction, caller, called, started_at FROM calls WHERE (started_at, id) > ($1, $2) ORDER BY started_at, id LIMIT $3`, since, id, limit)
		if err != nil {
			return fmt.Errorf("note customers: %w", err)
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var id, direction string
			var caller, called []byte
			var at int64
			if err := rows.Scan(&id, &direction, &caller, &called, &at); err != nil {
				return fmt.Errorf("note customers: %w", err)
			}
			f := &sealing{s: s, table: "calls", row: id}
			column, sealed := "caller", caller
			if direction == "outbound" {
				column, sealed = "called", called
			}
			number := f.open(column, sealed)
			if f.err != nil {
				return f.err
			}
			n++
			mark = fmt.Sprintf("%d %s", at, id)
			list[NormalNumber(number)] = seenCustomer{number, time.UnixMilli(at)}
		}
		return rows.Err()
	}(); err != nil || n == 0 {
		return 0, err
	}
	f := &sealing{s: s, table: "settings", row: seenUntil}
	sealed := f.seal("value", mark)
	if f.err != nil {
		return 0, f.err
	}
	return n, s.seeCustomers(ctx, list, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, putSetting, seenUntil, sealed, s.now().UnixMilli())
		return err
	})
}

// CustomerByNumber is the id of who has a number; ErrNotFound.
func (s *Store) CustomerByNumber(ctx context.Context, number string) (id string, err error) {
	f := &sealing{s: s, table: "customer_numbers"}
	hash := f.hashes(wholeNumber, NormalNumber(number))
	if f.err != nil {
		return "", f.err
	}
	err = s.read.QueryRowContext(ctx, `SELECT customer_id FROM customer_numbers WHERE number_hash IN ($1, $2)`, hash.is, hash.other).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) || hash.is == "" {
		return "", ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("whose number it is: %w", err)
	}
	return id, nil
}

// CustomerTier is the tier of who has a number; "" for nobody's.
func (s *Store) CustomerTier(ctx context.Context, number string) (tier string, err error) {
	id, err := s.CustomerByNumber(ctx, number)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	err = s.read.QueryRowContext(ctx, `SELECT tier FROM customers WHERE id = $1`, id).Scan(&tier)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("a customer's tier: %w", err)
	}
	return tier, nil
}

// Profile is the customer with this id.
func (s *Store) Profile(ctx context.Context, id string) (Customer, error) {
	list, err := s.customers(ctx, " WHERE id = $1", id)
	if err != nil {
		return Customer{}, err
	}
	if len(list) == 0 {
		return Customer{}, fmt.Errorf("customer %s: %w", id, ErrNotFound)
	}
	return list[0], nil
}

func (s *Store) customers(ctx context.Context, rest string, args ...any) (list []Customer, err error) {
	if list, err = s.customerRows(ctx, rest, args...); err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Numbers, err = s.customerNumbers(ctx, list[i].ID); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (s *Store) customerRows(ctx context.Context, rest string, args ...any) ([]Customer, error) {
	return list(ctx, s.read, "list customers", func(from row) (Customer, error) {
		c := Customer{Tags: []string{}, Consents: []Consent{}}
		var hash string
		var name, tags, notes, consents []byte
		if err := from.Scan(&c.ID, &hash, &name, &tags, &notes, &consents, &c.Tier, &c.Language, nullTime{&c.MadeAt}, nullTime{&c.SeenAt}, &c.Version); err != nil {
			return Customer{}, err
		}
		f := &sealing{s: s, table: "customers", row: c.ID}
		c.Name, c.Notes = f.open("name", name), f.open("notes", notes)
		f.openJSON("tags", tags, &c.Tags)
		f.openJSON("consents", consents, &c.Consents)
		return c, f.err
	}, fmt.Sprintf(`SELECT %s FROM customers%s`, customerColumns, rest), args...)
}

// customerNumbers are a customer's, that which his profile began with first.
func (s *Store) customerNumbers(ctx context.Context, id string) ([]string, error) {
	return list(ctx, s.read, "list a customer's numbers", func(from row) (string, error) {
		var hash string
		var sealed []byte
		if err := from.Scan(&hash, &sealed); err != nil {
			return "", err
		}
		f := &sealing{s: s, table: "customer_numbers", row: hash}
		number := f.open("number", sealed)
		return number, f.err
	}, `SELECT n.number_hash, n.number FROM customer_numbers n JOIN customers c ON c.id = n.customer_id WHERE c.id = $1
		ORDER BY CASE WHEN c.number_hash = n.number_hash THEN 0 ELSE 1 END, n.number_hash`, id)
}

// CustomerFilter chooses customers; a zero field chooses all.
type CustomerFilter struct {
	Query  string // a number, its last four digits, or words of name and tags
	Tier   string
	Limit  int // default 50, at most 200
	Cursor string
}

// Customers lists them, who was here last first.
func (s *Store) Customers(ctx context.Context, f CustomerFilter) (p Page[Customer], err error) {
	w := &where{}
	if f.Tier != "" {
		w.add("tier = ?", f.Tier)
	}
	if f.Query != "" {
		if err := s.narrowCustomers(w, f.Query); err != nil {
			return p, err
		}
	}
	if err := w.after(f.Cursor, "customer", "seen_at", false); err != nil {
		return p, err
	}
	limit := min(cmp.Or(max(0, f.Limit), 50), 200)
	list, err := s.customers(ctx, w.String()+` ORDER BY seen_at DESC, id DESC LIMIT `+strconv.Itoa(limit+1), w.args...)
	if err != nil {
		return p, err
	}
	if p.Items = list; len(list) > limit {
		p.Items = list[:limit]
		last := list[limit-1]
		p.Next = cursor{"customer", last.SeenAt.UnixMilli(), last.ID}.String()
	}
	return p, nil
}

func (s *Store) narrowCustomers(w *where, query string) error {
	n := NormalNumber(query)
	if strings.Trim(n, "0123456789") == "" && len(n) >= tailDigits {
		h := &sealing{s: s, table: "customer_numbers"}
		whole, tailed := h.hashes(wholeNumber, n), hashes{}
		if len(n) == tailDigits {
			tailed = h.hashes(numberTail, n)
		}
		w.add("id IN (SELECT customer_id FROM customer_numbers WHERE number_hash IN (?, ?) OR (number_tail IN (?, ?) AND number_tail <> ''))",
			whole.is, whole.other, tailed.is, tailed.other)
		return h.err
	}
	condition, args, err := s.tokenCondition("customer_tokens", "customer_id", query)
	if err == nil {
		w.add(condition, args...)
	}
	return err
}

// ChangeCustomer writes a profile back that was read at its Version. [ErrStale]: somebody
// else was faster.
func (s *Store) ChangeCustomer(ctx context.Context, c Customer) (Customer, error) {
	if c.Tier != "" && c.Tier != desk.TierVIP {
		return c, ErrTier
	}
	f := &sealing{s: s, table: "customers", row: c.ID}
	args := []any{c.ID, c.Version, f.seal("name", c.Name), f.sealJSON("tags", c.Tags), f.seal("notes", c.Notes), f.sealJSON("consents", c.Consents), c.Tier, c.Language}
	list, err := s.customerTokens(c)
	if err = errors.Join(f.err, err); err != nil {
		return c, err
	}
	c.Version++
	return c, s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE customers SET name = $3, tags = $4, notes = $5, consents = $6, tier = $7, language = $8, version = version + 1 WHERE id = $1 AND version = $2`, args...)
		if err != nil {
			return fmt.Errorf("change customer %s: %w", c.ID, err)
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return fmt.Errorf("change customer %s: %w", c.ID, ErrStale)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM customer_tokens WHERE customer_id = $1`, c.ID); err != nil {
			return fmt.Errorf("change customer %s: %w", c.ID, err)
		}
		return s.addTokens(ctx, tx, "customer_tokens", "customer_id", c.ID, list)
	})
}

// customerTokens are what a customer is found by beside his numbers.
func (s *Store) customerTokens(c Customer) (wordHashes, error) {
	set := map[string]bool{}
	for _, text := range append([]string{c.Name}, c.Tags...) {
		for t := range tokens(text) {
			set[t] = true
		}
	}
	return s.hashed(set)
}

// MergeCustomers makes one customer of two: the first has all numbers, tags, notes and
// consents then, and what he has no value of himself.
func (s *Store) MergeCustomers(ctx context.Context, into, from Customer) (Customer, error) {
	if into.ID == from.ID {
		return into, ErrMerge
	}
	into.Name, into.Tier, into.Language = cmp.Or(into.Name, from.Name), cmp.Or(into.Tier, from.Tier), cmp.Or(into.Language, from.Language)
	for _, t := range from.Tags {
		if !slices.Contains(into.Tags, t) {
			into.Tags = append(into.Tags, t)
		}
	}
	into.Notes = strings.TrimSpace(into.Notes + "\n" + from.Notes)
	into.Consents = append(into.Consents, from.Consents...)
	slices.SortStableFunc(into.Consents, func(a, b Consent) int { return a.At.Compare(b.At) })
	if from.SeenAt.After(into.SeenAt) {
		into.SeenAt = from.SeenAt
	}
	into, err := s.ChangeCustomer(ctx, into)
	if err != nil {
		return into, err
	}
	if err := s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE customer_numbers SET customer_id = $1 WHERE customer_id = $2`, into.ID, from.ID); err != nil {
			return fmt.Errorf("merge customers: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE customers SET seen_at = $2 WHERE id = $1`, into.ID, into.SeenAt.UnixMilli()); err != nil {
			return fmt.Errorf("merge customers: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM customers WHERE id = $1`, from.ID); err != nil {
			return fmt.Errorf("merge customers: %w", err)
		}
		return nil
	}); err != nil {
		return into, err
	}
	return s.Profile(ctx, into.ID)
}

// PartCustomer gives a number that was merged a profile of its own again, and returns its
// id.
func (s *Store) PartCustomer(ctx context.Context, c Customer, number string) (id string, err error) {
	f := &sealing{s: s, table: "customer_numbers"}
	whole := f.hashes(wholeNumber, NormalNumber(number))
	if f.err != nil {
		return "", f.err
	}
	id = ulid.Make().String()
	return id, s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		hash, err := whole.formIn(ctx, tx, "customer_numbers", "number_hash")
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO customers (`+customerColumns+`) VALUES ($1, $2, NULL, NULL, NULL, NULL, '', '', $3, $4, 1)`,
			id, hash, s.now().UnixMilli(), c.SeenAt.UnixMilli()); err != nil {
			return fmt.Errorf("part customers: %w", err)
		}
		res, err := tx.ExecContext(ctx, `UPDATE customer_numbers SET customer_id = $1 WHERE number_hash = $2 AND customer_id = $3
			AND number_hash <> (SELECT number_hash FROM customers WHERE id = $3)`, id, hash, c.ID)
		if err != nil {
			return fmt.Errorf("part customers: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return ErrMerge
		}
		return nil
	})
}
