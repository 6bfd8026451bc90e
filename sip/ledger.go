package sip

import (
	"context"
	"sync"
	"time"
)

// Charge adds an amount to one account of a Ledger.
type Charge struct {
	Account string // what is counted
	// Subject is what it is counted for: a telephone number, or nothing. A ledger
	// that is written down keeps a hash of it.
	Subject      string
	Since, Until time.Time // the stretch of time that is counted; after Until nobody asks
	Amount       int64     // may be negative: what was counted too much
	Limit        int64     // that the sum may reach; 0: none
}

// Ledger keeps what calls out have used up.
type Ledger interface {
	// Charge adds all of charges, or none: then over is the index of the first whose
	// account would pass its limit, else -1. It is atomic, also between callers.
	Charge(ctx context.Context, charges []Charge) (over int, err error)
	// Sum is what an account without a subject has come to since it began.
	Sum(ctx context.Context, account string, since time.Time) (int64, error)
}

// MemoryLedger is a Ledger that a restart empties.
type MemoryLedger struct {
	mu       sync.Mutex
	accounts map[ledgerKey]ledgerSum
	sweep    time.Time
}

type ledgerKey struct {
	account, subject string
	since            int64
}

type ledgerSum struct {
	sum   int64
	until time.Time
}

// NewMemoryLedger makes an empty ledger.
func NewMemoryLedger() *MemoryLedger {
	return &MemoryLedger{accounts: make(map[ledgerKey]ledgerSum)}
}

// Charge implements Ledger.
func (m *MemoryLedger) Charge(_ context.Context, charges []Charge) (over int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, c := range charges {
		if c.Limit > 0 && c.Amount > 0 && m.accounts[keyOf(c)].sum+c.Amount > c.Limit {
			return i, nil
		}
	}
	for _, c := range charges {
		key := keyOf(c)
		m.accounts[key] = ledgerSum{max(0, m.accounts[key].sum+c.Amount), c.Until}
	}
	if now := time.Now(); now.After(m.sweep) {
		m.sweep = now.Add(time.Minute)
		for k, a := range m.accounts {
			if now.After(a.until) {
				delete(m.accounts, k)
			}
		}
	}
	return -1, nil
}

// Sum implements Ledger.
func (m *MemoryLedger) Sum(_ context.Context, account string, since time.Time) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.accounts[ledgerKey{account, "", since.UnixMilli()}].sum, nil
}

func keyOf(c Charge) ledgerKey { return ledgerKey{c.Account, c.Subject, c.Since.UnixMilli()} }
