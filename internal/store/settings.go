package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"hotline/internal/seal"
)

// Setting is the value kept under key; ok tells whether there is one. Values are
// sealed, since some are secrets.
func (s *Store) Setting(ctx context.Context, key string) (value string, ok bool, err error) {
	var sealed []byte
	err = s.read.QueryRowContext(ctx, `SELECT value FROM settings WHERE key = $1`, key).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("setting %s: %w", key, err)
	}
	f := &sealing{s: s, table: "settings", row: key}
	value = f.open("value", sealed)
	return value, f.err == nil, f.err
}

const putSetting = `INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, $3)
	ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`

// SetSetting keeps value under key.
func (s *Store) SetSetting(ctx context.Context, key, value string) error {
	f := &sealing{s: s, table: "settings", row: key}
	sealed := f.seal("value", value)
	if f.err != nil {
		return f.err
	}
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, putSetting, key, sealed, s.now().UnixMilli())
		if err != nil {
			return fmt.Errorf("keep setting %s: %w", key, err)
		}
		return nil
	})
}

// checkKey keeps a known value under the key at the first start and opens it at
// every later one.
func (s *Store) checkKey(ctx context.Context) error {
	const key, known = keyCheck, "hotline"
	value, ok, err := s.Setting(ctx, key)
	switch {
	case errors.Is(err, seal.ErrKey) || ok && value != known:
		return fmt.Errorf("the master key does not fit this database: put back the key file that was made with it (HOTLINE_MASTER_KEY_FILE, or master.key in the data folder): %w", seal.ErrKey)
	case err != nil:
		return err
	case ok, s.cfg.Look:
		return nil
	}
	return s.SetSetting(ctx, key, known)
}
