package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// A sealed field's place in the database; see [seal.Sealer.Seal].
func place(table, column, row string) string { return table + "/" + column + "/" + row }

// sealing collects the first error of several fields of one row.
type sealing struct {
	s          *Store
	table, row string
	err        error
}

func (f *sealing) seal(column, plain string) []byte {
	b, err := f.s.cfg.Sealer.Seal([]byte(plain), place(f.table, column, f.row))
	f.fail(err)
	return b
}

func (f *sealing) sealJSON(column string, v any) []byte {
	b, err := json.Marshal(v)
	f.fail(err)
	return f.seal(column, string(b))
}

func (f *sealing) open(column string, sealed []byte) string {
	b, err := f.s.cfg.Sealer.Open(sealed, place(f.table, column, f.row))
	f.fail(err)
	return string(b)
}

func (f *sealing) openJSON(column string, sealed []byte, v any) {
	if text := f.open(column, sealed); text != "" {
		f.fail(json.Unmarshal([]byte(text), v))
	}
}

func (f *sealing) hash(purpose, value string) string {
	h, err := f.s.cfg.Sealer.Hash(purpose, value)
	f.fail(err)
	return h
}

// hashes are the forms in which what is written now and what was written before, or by
// another node, may have a hash: two while the keys are rotated, else the same twice.
type hashes struct{ is, other string }

func (f *sealing) hashes(purpose, value string) hashes {
	is, other, err := f.s.cfg.Sealer.Hashes(purpose, value)
	f.fail(err)
	return hashes{is, other}
}

// formIn is the form that a table has a hash in, of which it must not have both: rows of
// one number then stay one number's, whichever node writes them.
func (h hashes) formIn(ctx context.Context, tx *sql.Tx, table, column string) (string, error) {
	if h.is == h.other {
		return h.is, nil
	}
	var there bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM `+table+` WHERE `+column+` = $1)`, h.other).Scan(&there)
	if err != nil {
		return "", fmt.Errorf("look for a hash in %s: %w", table, err)
	}
	if there {
		return h.other, nil
	}
	return h.is, nil
}

func (f *sealing) json(v any) string {
	b, err := json.Marshal(v)
	f.fail(err)
	return string(b)
}

// list is a list as it is stored, "" for none.
func (f *sealing) list(l []string) string {
	if len(l) == 0 {
		return ""
	}
	return f.json(l)
}

func (f *sealing) parse(text string, v any) {
	if text != "" {
		f.fail(json.Unmarshal([]byte(text), v))
	}
}

func (f *sealing) fail(err error) {
	if f.err == nil && err != nil {
		f.err = fmt.Errorf("%s: %w", f.table, err)
	}
}

// The purposes of look-up hashes.
const (
	wholeNumber = "number"
	numberTail  = "number-tail"
)

// tailDigits is how many last digits of a number can be searched for. People name
// a number by its last four ("尾号"); shorter ones would find everybody.
const tailDigits = 4

// NormalNumber is the form in which numbers are compared: the user part of a SIP
// URI, without punctuation and without the prefixes that the same number comes with
// from one trunk and not from another (+, 00, China's 86 before a mobile number).
func NormalNumber(s string) string {
	s = strings.TrimSpace(s)
	for _, scheme := range []string{"sips:", "sip:", "tel:"} {
		if len(s) >= len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			s = s[len(scheme):]
			break
		}
	}
	if i := strings.IndexAny(s, "@;"); i >= 0 {
		s = s[:i]
	}
	digits := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case strings.ContainsRune(" -.()+/", r):
			return -1
		default:
			return 'x'
		}
	}, s)
	if digits == "" || strings.Contains(digits, "x") {
		return strings.ToLower(s) // a name, not a number
	}
	digits = strings.TrimPrefix(digits, "00")
	if strings.HasPrefix(digits, "861") && len(digits) == 13 {
		digits = digits[2:]
	}
	return digits
}

func tail(number string) string {
	if len(number) < tailDigits || strings.Trim(number, "0123456789") != "" {
		return ""
	}
	return number[len(number)-tailDigits:]
}

// millis is a time as it is stored; nil for the zero time.
func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// nullTime scans what millis stored.
type nullTime struct{ *time.Time }

func (n nullTime) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*n.Time = time.Time{}
	case int64:
		*n.Time = time.UnixMilli(v).UTC()
	default:
		return fmt.Errorf("a time is stored as %T", v)
	}
	return nil
}
