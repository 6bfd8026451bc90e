package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// calledNumber is the purpose of the ledger's look-up hashes.
const calledNumber = "outbound_ledger"

// Charge adds an amount to one account of the ledger of calls out.
type Charge struct {
	Account string // what is counted
	// Subject is what it is counted for: a telephone number in normal form, or nothing.
	Subject      string
	Since, Until time.Time // the stretch of time that is counted; after Until nobody asks
	Amount       int64     // may be negative: what was counted too much
	Limit        int64     // that the sum may reach; 0: none
}

// ledgerKeep is how long a sum is kept after its time: somebody may ask what
// yesterday was like.
const ledgerKeep = 8 * 24 * time.Hour

// Charge adds all of charges to what calls out have used up, over restarts and over
// all nodes on one database, or none: then over is the index of the first whose
// account would pass its limit, else -1. Numbers are kept as keyed hashes.
func (s *Store) Charge(ctx context.Context, charges []Charge) (over int, err error) {
	f := &sealing{s: s, table: "outbound_ledger"}
	of := make([]hashes, len(charges))
	for i, c := range charges {
		of[i] = f.hashes(calledNumber, c.Subject)
	}
	if f.err != nil {
		return 0, f.err
	}
	over = -1
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		over = -1
		subjects := make([]string, len(charges))
		for i, h := range of {
			var err error
			if subjects[i], err = h.formIn(ctx, tx, "outbound_ledger", "subject"); err != nil {
				return err
			}
		}
		for i, c := range charges {
			if c.Limit > 0 && c.Amount > 0 {
				var sum int64
				err := tx.QueryRowContext(ctx, `SELECT amount FROM outbound_ledger WHERE account = $1 AND subject = $2 AND since = $3`,
					c.Account, subjects[i], c.Since.UnixMilli()).Scan(&sum)
				if err != nil && !errors.Is(err, sql.ErrNoRows) {
					return fmt.Errorf("read the ledger: %w", err)
				}
				if sum+c.Amount > c.Limit {
					over = i
					return nil
				}
			}
		}
		for i, c := range charges {
			if c.Amount == 0 {
				continue
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO outbound_ledger (account, subject, since, until, amount) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (account, subject, since) DO UPDATE SET amount = outbound_ledger.amount + excluded.amount`,
				c.Account, subjects[i], c.Since.UnixMilli(), c.Until.UnixMilli(), c.Amount); err != nil {
				return fmt.Errorf("write the ledger: %w", err)
			}
		}
		// The past goes with each call, so the table stays small and nobody sweeps it.
		_, err := tx.ExecContext(ctx, `DELETE FROM outbound_ledger WHERE until < $1 AND (subject <> '' OR until < $2)`,
			s.now().UnixMilli(), s.now().Add(-ledgerKeep).UnixMilli())
		if err != nil {
			return fmt.Errorf("clear the ledger: %w", err)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return over, nil
}

// Spent is the sum of an account that began at since.
func (s *Store) Spent(ctx context.Context, account string, since time.Time) (sum int64, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT amount FROM outbound_ledger WHERE account = $1 AND subject = '' AND since = $2`, account, since.UnixMilli()).Scan(&sum)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the ledger: %w", err)
	}
	return sum, nil
}
