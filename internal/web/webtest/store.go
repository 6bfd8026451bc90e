package webtest

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"hotline/internal/seal"
	"hotline/internal/store"
)

// OpenStore opens an empty store in a folder of its own, which clean takes away again
// with all that is in it.
func OpenStore(ctx context.Context, log *slog.Logger) (s *store.Store, dir string, clean func() error, err error) {
	if dir, err = os.MkdirTemp("", "hotline-web-"); err != nil {
		return nil, "", nil, err
	}
	sealer, _, err := seal.LoadOrCreate(filepath.Join(dir, "master.key"))
	if err == nil {
		s, err = store.Open(ctx, store.Config{URL: filepath.Join(dir, "hotline.db"), Sealer: sealer, Logger: log})
	}
	if err != nil {
		return nil, "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, dir, func() error { return errors.Join(s.Close(), os.RemoveAll(dir)) }, nil
}
