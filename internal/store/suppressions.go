package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"hotline/campaigns"
)

// suppressedNumber is the purpose of the hashes by which suppressed numbers are kept.
const suppressedNumber = "suppression"

// Suppress keeps numbers that must not be called. A number that is on the list for the
// same purpose stays there with what is said last.
func (s *Store) Suppress(ctx context.Context, list []campaigns.Suppression) error {
	for from := 0; from < len(list); from += suppressRows {
		some := list[from:min(from+suppressRows, len(list))]
		err := s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			for _, p := range some {
				if err := s.suppress(ctx, tx, p); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

const suppressRows = 2000

func (s *Store) suppress(ctx context.Context, tx *sql.Tx, p campaigns.Suppression) error {
	normal := NormalNumber(p.Number)
	if normal == "" {
		return ErrNumber
	}
	f := &sealing{s: s, table: "suppressed_numbers"}
	subjects, wholes := f.hashes(suppressedNumber, normal), f.hashes(wholeNumber, normal)
	if f.err != nil {
		return f.err
	}
	subject, err := subjects.formIn(ctx, tx, "suppressions", "subject")
	if err == nil {
		f.row, err = wholes.formIn(ctx, tx, "suppressed_numbers", "number_hash")
	}
	number := f.seal("number", p.Number)
	if err = errors.Join(err, f.err); err != nil {
		return err
	}
	if p.At.IsZero() {
		p.At = s.now()
	}
	if _, err := s.group.exec(ctx, tx, `INSERT INTO suppressions (subject, list, purpose, at, until, how, call) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (subject, list, purpose) DO UPDATE SET at = excluded.at, until = excluded.until, how = excluded.how, call = excluded.call`,
		subject, p.List, string(p.Purpose), p.At.UnixMilli(), millis(p.Until), p.How, p.Call); err != nil {
		return fmt.Errorf("suppress a number: %w", err)
	}
	if _, err := s.group.exec(ctx, tx, `INSERT INTO suppressed_numbers (number_hash, subject, number) VALUES ($1, $2, $3) ON CONFLICT (number_hash) DO NOTHING`, f.row, subject, number); err != nil {
		return fmt.Errorf("suppress a number: %w", err)
	}
	return nil
}

// Unsuppress takes a number off a list.
func (s *Store) Unsuppress(ctx context.Context, number, from string, purpose campaigns.Purpose) error {
	f := &sealing{s: s, table: "suppressions"}
	subject := f.hashes(suppressedNumber, NormalNumber(number))
	if f.err != nil {
		return f.err
	}
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM suppressions WHERE subject IN ($1, $2) AND list = $3 AND purpose = $4`, subject.is, subject.other, from, string(purpose))
		if err := changeOne(r, err)("take a number off the list"); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM suppressed_numbers WHERE subject IN ($1, $2) AND NOT EXISTS (SELECT 1 FROM suppressions s WHERE s.subject = suppressed_numbers.subject)`, subject.is, subject.other)
		return err
	})
}

// DropSuppressions takes off a list what came to it in one way before a time: what a file
// does not have any more.
func (s *Store) DropSuppressions(ctx context.Context, from, how string, before time.Time) (n int, err error) {
	for {
		var some int64
		err := s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			r, err := tx.ExecContext(ctx, `DELETE FROM suppressions WHERE (subject, list, purpose) IN (
				SELECT subject, list, purpose FROM suppressions WHERE list = $1 AND how = $2 AND at < $3 LIMIT $4)`, from, how, before.UnixMilli(), suppressRows)
			if err != nil {
				return fmt.Errorf("take numbers off a list: %w", err)
			}
			if some, err = r.RowsAffected(); err != nil || some == 0 {
				return err
			}
			_, err = tx.ExecContext(ctx, `DELETE FROM suppressed_numbers WHERE NOT EXISTS (SELECT 1 FROM suppressions s WHERE s.subject = suppressed_numbers.subject)`)
			return err
		})
		n += int(some)
		if err != nil || some < suppressRows {
			return n, err
		}
	}
}

func (s *Store) suppressionsOf(ctx context.Context, from asked, number string, now time.Time) ([]campaigns.Suppression, error) {
	f := &sealing{s: s, table: "suppressions"}
	subject := f.hashes(suppressedNumber, NormalNumber(number))
	if f.err != nil {
		return nil, f.err
	}
	return list(ctx, from, "look for a suppression", func(from row) (campaigns.Suppression, error) {
		p := campaigns.Suppression{Number: number}
		err := from.Scan(&p.List, &p.Purpose, nullTime{&p.At}, nullTime{&p.Until}, &p.How, &p.Call)
		return p, err
	}, `SELECT list, purpose, at, until, how, call FROM suppressions WHERE subject IN ($1, $2) AND (until IS NULL OR until > $3) ORDER BY at`, subject.is, subject.other, now.UnixMilli())
}

// SuppressionsOf are the suppressions of a number that hold now.
func (s *Store) SuppressionsOf(ctx context.Context, number string) ([]campaigns.Suppression, error) {
	return s.suppressionsOf(ctx, s.read, number, s.now())
}

// Suppressions are the suppressed numbers, the latest first, from before a time on; zero
// is from now. The number of who had his data erased is empty.
func (s *Store) Suppressions(ctx context.Context, which string, before time.Time, limit int) ([]campaigns.Suppression, error) {
	w := &where{}
	if which != "" {
		w.add("s.list = ?", which)
	}
	if !before.IsZero() {
		w.add("s.at < ?", before.UnixMilli())
	}
	return list(ctx, s.read, "list suppressed numbers", func(from row) (p campaigns.Suppression, err error) {
		var hash sql.NullString
		var sealed []byte
		if err := from.Scan(&p.List, &p.Purpose, nullTime{&p.At}, nullTime{&p.Until}, &p.How, &p.Call, &hash, &sealed); err != nil {
			return p, err
		}
		f := &sealing{s: s, table: "suppressed_numbers", row: hash.String}
		if hash.Valid {
			p.Number = f.open("number", sealed)
		}
		return p, f.err
	}, `SELECT s.list, s.purpose, s.at, s.until, s.how, s.call, n.number_hash, n.number FROM suppressions s
		LEFT JOIN suppressed_numbers n ON n.subject = s.subject`+w.String()+` ORDER BY s.at DESC, s.subject LIMIT `+strconv.Itoa(min(max(limit, 1), 1000)), w.args...)
}

// SuppressionCounts are how many numbers each list has.
func (s *Store) SuppressionCounts(ctx context.Context) (map[string]int, error) {
	return counts(ctx, s.read, "count suppressed numbers", `SELECT list, COUNT(*) FROM suppressions GROUP BY list`)
}

// AddConsents keeps the evidence that people may be called, or may no longer.
func (s *Store) AddConsents(ctx context.Context, list []campaigns.Consent) error {
	for from := 0; from < len(list); from += suppressRows {
		some := list[from:min(from+suppressRows, len(list))]
		err := s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			for _, c := range some {
				if err := s.addConsent(ctx, tx, c); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) addConsent(ctx context.Context, tx *sql.Tx, c campaigns.Consent) error {
	normal := NormalNumber(c.Number)
	if normal == "" {
		return ErrNumber
	}
	if c.At.IsZero() {
		c.At = s.now()
	}
	f := &sealing{s: s, table: "consents"}
	wholes := f.hashes(wholeNumber, normal)
	if f.err != nil {
		return f.err
	}
	hash, err := wholes.formIn(ctx, tx, "consents", "number_hash")
	if err != nil {
		return err
	}
	f.row = hash + "/" + string(c.Purpose) + "/" + strconv.FormatInt(c.At.UnixMilli(), 10)
	args := []any{hash, string(c.Purpose), c.At.UnixMilli(), flag(c.Given), f.seal("number", c.Number), f.seal("how", c.How), c.By, f.seal("file", c.File)}
	if f.err != nil {
		return f.err
	}
	if _, err := s.group.exec(ctx, tx, `INSERT INTO consents (number_hash, purpose, at, given, number, how, by_whom, file) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (number_hash, purpose, at) DO UPDATE SET given = excluded.given, number = excluded.number, how = excluded.how, by_whom = excluded.by_whom, file = excluded.file`, args...); err != nil {
		return fmt.Errorf("keep a consent: %w", err)
	}
	return nil
}

const consentColumns = `number_hash, purpose, at, given, number, how, by_whom, file`

func (s *Store) readConsent(from row) (c campaigns.Consent, err error) {
	var hash string
	var number, how, file []byte
	if err := from.Scan(&hash, &c.Purpose, nullTime{&c.At}, &c.Given, &number, &how, &c.By, &file); err != nil {
		return c, err
	}
	f := &sealing{s: s, table: "consents", row: hash + "/" + string(c.Purpose) + "/" + strconv.FormatInt(c.At.UnixMilli(), 10)}
	c.Number, c.How, c.File = f.open("number", number), f.open("how", how), f.open("file", file)
	return c, f.err
}

// consentsOf are the latest of each purpose.
func (s *Store) consentsOf(ctx context.Context, from asked, hash hashes) ([]campaigns.Consent, error) {
	return list(ctx, from, "look for consent", s.readConsent, `SELECT `+consentColumns+` FROM consents c
		WHERE number_hash IN ($1, $2) AND at = (SELECT MAX(at) FROM consents l WHERE l.number_hash = c.number_hash AND l.purpose = c.purpose) ORDER BY purpose`, hash.is, hash.other)
}

// Consents are all that is kept of a number's consents, the latest first.
func (s *Store) Consents(ctx context.Context, number string) ([]campaigns.Consent, error) {
	f := &sealing{s: s, table: "consents"}
	hash := f.hashes(wholeNumber, NormalNumber(number))
	if f.err != nil {
		return nil, f.err
	}
	return list(ctx, s.read, "list consents", s.readConsent, `SELECT `+consentColumns+` FROM consents WHERE number_hash IN ($1, $2) ORDER BY at DESC, purpose LIMIT 1000`, hash.is, hash.other)
}
