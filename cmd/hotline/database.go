package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"hotline/campaigns"
	"hotline/internal/config"
	"hotline/internal/outbound"
	"hotline/internal/seal"
	"hotline/internal/store"
)

// openStore opens the database of the settings for a subcommand.
func (s *settings) openStore(ctx context.Context) (db *store.Store, closeDB func(), err error) {
	c, err := s.load()
	if err != nil {
		return nil, nil, err
	}
	log := logger(c.Log, os.Stderr)
	db, err = openDatabase(ctx, c, log)
	if err != nil {
		return nil, nil, err
	}
	return db, func() {
		if err := db.Close(); err != nil {
			log.Error("closing the database", "error", err)
		}
	}, nil
}

// openDatabase opens the store with the master key, making both at the first start.
func openDatabase(ctx context.Context, c config.Config, log *slog.Logger) (*store.Store, error) {
	if err := os.MkdirAll(c.Data.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder (set data.dir to one that can be written): %w", err)
	}
	sealer, err := openSealer(c, log)
	if err != nil {
		return nil, err
	}
	var settled func(campaigns.Attempt, campaigns.Contact) (store.Delivery, bool)
	if c.Webhook.URL != "" {
		settled = outbound.Settled
	}
	return store.Open(ctx, store.Config{
		Settled: settled,
		URL:     databaseURL(c),
		Sealer:  sealer, Node: c.Database.Node, Realm: c.SIP.Realm, Session: c.HTTP.Session, Logger: log,
	})
}

// lookDatabase opens what there is to be read, and makes and changes nothing.
func lookDatabase(ctx context.Context, c config.Config) (*store.Store, error) {
	sealer, err := seal.Load(cmp.Or(c.MasterKeyFile, filepath.Join(c.Data.Dir, "master.key")))
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, store.Config{URL: databaseURL(c), Sealer: sealer, Node: c.Database.Node, Realm: c.SIP.Realm, Look: true})
}

// started tells whether there may be a database: a file is there, or the settings name one
// elsewhere.
func started(c config.Config) bool {
	file, here := strings.CutPrefix(databaseURL(c), "sqlite:")
	if !here {
		return true
	}
	_, err := os.Stat(strings.TrimPrefix(file, "//"))
	return err == nil
}

func databaseURL(c config.Config) string {
	return cmp.Or(c.Database.URL.Reveal(), "sqlite:"+filepath.Join(c.Data.Dir, "hotline.db"))
}

// openSealer loads the key that was named, which must exist, or the one of the
// data folder, which is made at the first start.
func openSealer(c config.Config, log *slog.Logger) (*seal.Sealer, error) {
	if c.MasterKeyFile != "" {
		return seal.Load(c.MasterKeyFile)
	}
	path := filepath.Join(c.Data.Dir, "master.key")
	sealer, created, err := seal.LoadOrCreate(path)
	if created {
		log.Warn("made a master key for personal data; keep a copy of it apart from the database", "file", path)
	}
	return sealer, err
}
