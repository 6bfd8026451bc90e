package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hotline/internal/config"
	"hotline/internal/custody"
	"hotline/internal/seal"
	"hotline/internal/store"
)

// keyFile is where the master key lies.
func keyFile(c config.Config) string {
	return cmp.Or(c.MasterKeyFile, filepath.Join(c.Data.Dir, "master.key"))
}

// keeper looks after what lies on disk.
func keeper(c config.Config, db *store.Store, log *slog.Logger) *custody.Keeper {
	return &custody.Keeper{
		Store: db, Sealer: db.Sealer(), Dir: c.Data.Dir, KeyFile: keyFile(c), KeyDays: c.Privacy.KeyAge, Logs: c.Privacy.Logs, Log: log,
		Retention: custody.Retention{
			Recordings: c.Privacy.Recordings, Transcripts: c.Privacy.Transcripts, Calls: c.Privacy.Calls, Tickets: c.Privacy.Tickets, Audit: c.Privacy.Audit,
		},
	}
}

// keep runs the keeper beside the calls.
func (s *server) keep(ctx context.Context) {
	k := keeper(s.cfg, s.db, s.log)
	k.Bus = s.bus
	k.Run(ctx)
}

// operator is who runs a command, for the audit trail.
func operator() string {
	if u, err := user.Current(); err == nil {
		return "command " + u.Username
	}
	return "command"
}

// withStore runs f with the database and the settings.
func (s *settings) withStore(cmd *cobra.Command, f func(context.Context, config.Config, *store.Store) error) error {
	c, err := s.load()
	if err != nil {
		return err
	}
	db, closeDB, err := s.openStore(cmd.Context())
	if err != nil {
		return err
	}
	defer closeDB()
	return f(cmd.Context(), c, db)
}

func newKey(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "key", Short: "The master key that personal data is sealed with"}
	settle := custody.Settle
	var keepOld string
	rotate := &cobra.Command{
		Use:   "rotate",
		Short: "Make new keys, seal and hash everything by them while calls go on, and refuse the old one",
		Long: `Make new keys: one by which everything is sealed anew while calls go on, the old one
being refused then, and one by which numbers and words are found. Both are found at
every moment in between. It takes a little over a minute at least, twice as long as a
server may take to notice (--settle).

Broken off at any moment it is called again, or goes on at the next start of the
server. Backups made before need the key of their time: --keep-old saves it.`,
		Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.withStore(cmd, func(ctx context.Context, c config.Config, db *store.Store) error {
				if keepOld != "" {
					if err := copyKey(keyFile(c), keepOld); err != nil {
						return err
					}
				}
				r, err := custody.Rotate(ctx, db, db.Sealer(), c.Data.Dir, keyFile(c), operator(), settle, func(text string) {
					_, _ = fmt.Fprintln(cmd.ErrOrStderr(), text)
				})
				if err != nil {
					return fmt.Errorf("%w (run the command again, it goes on where it was)", err)
				}
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "key %d seals now: %d fields and %d recordings were sealed anew, %d look-up hashes have a new key, %d old sealing keys are refused\n",
					r.Key, r.Fields, r.Recordings, r.Hashes, r.Dropped)
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "back up %s, apart from the data\n", keyFile(c))
				return nil
			})
		},
	}
	rotate.Flags().DurationVar(&settle, "settle", settle, "how long a running server may take to notice; 0s without one")
	rotate.Flags().StringVar(&keepOld, "keep-old", "", "a new file for the key as it is, which backups made so far need")
	status := &cobra.Command{
		Use: "status", Short: "How old the key is, and whether a rotation is under way", Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.load()
			if err != nil {
				return err
			}
			sealer, err := seal.Load(keyFile(c))
			if err != nil {
				return err
			}
			n, err := seal.CountKeys(keyFile(c))
			if err != nil {
				return err
			}
			id, made := sealer.Key()
			_, _ = fmt.Fprintf(cmd.OutOrStdout(), "key %d, made %s, %d days ago (due after %d)\n",
				id, made.Local().Format(time.DateOnly), int(time.Since(made).Hours()/24), c.Privacy.KeyAge)
			number, hashMade, moving := sealer.HashKey()
			_, _ = fmt.Fprintf(cmd.OutOrStdout(), "look-up key no. %d, made %s, %d days ago (due after %d)\n",
				number, hashMade.Local().Format(time.DateOnly), int(time.Since(hashMade).Hours()/24), c.Privacy.KeyAge)
			if n > 1 || moving {
				_, _ = fmt.Fprintln(cmd.OutOrStdout(), "a rotation is under way or was broken off: hotline key rotate")
			}
			return nil
		},
	}
	cmd.AddCommand(rotate, status)
	return cmd
}

func copyKey(from, to string) (err error) {
	b, err := os.ReadFile(from) //nolint:gosec // of the settings
	if err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator names it
	if err != nil {
		return fmt.Errorf("keep the old key: %w", err)
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

func newAudit(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "Who did and saw what, and whether personal data is safe"}
	var days int
	var asJSON bool
	privacy := &cobra.Command{
		Use:   "privacy [FILE...]",
		Short: "Report personal data found unmasked, retention overrun, who listened to what, keys due for rotation",
		Long: `Report personal data found unmasked in logs and exports (those of the data folder,
of privacy.logs, and the files named), data that is older than it may be, who
listened to what, and whether the key is due for rotation. Exit status 1 when
something is to be done. The server writes the same each day into reports/ of the
data folder.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.withStore(cmd, func(ctx context.Context, c config.Config, db *store.Store) error {
				k := keeper(c, db, discard())
				for _, f := range args {
					if _, err := os.Stat(f); err != nil {
						return err
					}
				}
				k.Logs = append(k.Logs, args...)
				r, err := k.Report(ctx, time.Now().AddDate(0, 0, -days))
				if err != nil {
					return err
				}
				if asJSON {
					e := json.NewEncoder(cmd.OutOrStdout())
					e.SetIndent("", "  ")
					err = e.Encode(r)
				} else {
					_, err = fmt.Fprint(cmd.OutOrStdout(), privacyText(r, days))
				}
				if err == nil && r.Problems() {
					err = errSilent
				}
				return err
			})
		},
	}
	privacy.Flags().IntVar(&days, "days", 30, "how far back to tell who listened to what")
	privacy.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	check := &cobra.Command{
		Use: "check", Short: "Whether a row of the audit trail was changed or taken out", Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.withStore(cmd, func(ctx context.Context, _ config.Config, db *store.Store) error {
				state, err := db.CheckTrail(ctx)
				if err != nil {
					return err
				}
				if state.BrokenAt > 0 {
					return fmt.Errorf("%w: %s", store.ErrTrail, state.BrokenText)
				}
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%d rows, whole; the newest is %d, %s\n", state.Rows, state.Last, state.Head)
				return nil
			})
		},
	}
	cmd.AddCommand(privacy, check)
	return cmd
}

// privacyText is a report for people.
func privacyText(r custody.Report, days int) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	for _, f := range r.Unmasked {
		kinds := make([]string, 0, len(f.Kinds))
		for _, k := range slices.Sorted(maps.Keys(f.Kinds)) {
			kinds = append(kinds, fmt.Sprintf("%d %s", f.Kinds[k], k))
		}
		what := map[string]string{
			custody.Messages: "short messages that no gateway takes: set sms.url", custody.Attempts: "who tried what from outside", custody.Logs: "a log",
			custody.Exports: "an export", custody.Named: "named by you", custody.Other: "a file of the data folder",
		}[f.What]
		line("UNMASKED  %s:%d: %s (%s)", f.File, f.Line, strings.Join(kinds, ", "), what)
	}
	for _, o := range r.Overrun {
		line("OVERRUN   %d %s are older than the %d days of privacy.%s; the server deletes them while it runs", o.Count, o.Kind, o.Days, o.Kind)
	}
	if r.Plain > 0 {
		line("PLAIN     %d recordings of calls that are over are not sealed; the server's log says why", r.Plain)
	}
	if r.Rotating {
		line("KEY       a rotation was begun and is not over: hotline key rotate")
	}
	if r.Key.Due {
		line("KEY       key %s is %d days old, rotate it: hotline key rotate", r.Key.ID, r.Key.Days)
	}
	if r.HashKey.Due {
		line("KEY       look-up key no. %d is %d days old, rotate it: hotline key rotate", r.HashKey.Number, r.HashKey.Days)
	}
	if r.Trail.Broken != "" {
		line("TRAIL     the audit trail is broken: %s", r.Trail.Broken)
	}
	if !r.Problems() {
		line("nothing to be done: no personal data unmasked, nothing too old, key %s %d days old, %d rows of the audit trail whole", r.Key.ID, r.Key.Days, r.Trail.Rows)
	}
	line("who read what in the last %d days:", days)
	for _, l := range r.Listeners {
		line("  %-20s %d recordings, %d calls, %d numbers in lists, %d exports", l.Actor, l.Recordings, l.Calls, l.Numbers, l.Exports)
		if len(l.Listened) > 0 {
			line("  %-20s listened to %s", "", strings.Join(l.Listened[:min(len(l.Listened), 20)], " "))
		}
	}
	if len(r.Listeners) == 0 {
		line("  nobody")
	}
	return b.String()
}

func newCaller(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "caller", Short: "What is kept of a caller: give it to him, or erase it"}
	export := &cobra.Command{
		Use: "export NUMBER FILE", Short: "Write all that is kept of a number, with the recordings, into a new zip file", Args: exactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.withStore(cmd, func(ctx context.Context, c config.Config, db *store.Store) error {
				x, err := custody.Export(ctx, db, db.Sealer(), c.Data.Dir, args[0], args[1], operator())
				if err != nil {
					return err
				}
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s, %d recordings\n", args[1], rowsText(x.Rows), x.Recordings)
				if len(x.Missing) > 0 {
					_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%d recordings are no longer there\n", len(x.Missing))
				}
				return nil
			})
		},
	}
	erase := &cobra.Command{
		Use: "erase NUMBER", Short: "Delete all that is kept of a number, and look whether it is gone", Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.withStore(cmd, func(ctx context.Context, c config.Config, db *store.Store) error {
				x, err := custody.Erase(ctx, db, c.Data.Dir, args[0], operator())
				if err != nil {
					return err
				}
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "erased: %s, %d recordings, %d short messages; nothing is left\n", rowsText(x.Rows), x.Recordings, x.Messages)
				return nil
			})
		},
	}
	cmd.AddCommand(export, erase)
	return cmd
}

func rowsText(rows map[string]int) string {
	parts := []string{}
	for _, t := range slices.Sorted(maps.Keys(rows)) {
		if rows[t] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", rows[t], t))
		}
	}
	if len(parts) == 0 {
		return "no rows"
	}
	return strings.Join(parts, ", ")
}

// notOlder refuses a database that would be brought up to date by being opened: who makes
// a backup before he changes to a newer hotline wants it as it is.
func (s *settings) notOlder(ctx context.Context) error {
	c, err := s.load()
	if err != nil {
		return err
	}
	db, err := lookDatabase(ctx, c)
	if errors.Is(err, store.ErrOlder) {
		return errors.New("the database is of an older hotline, and this one would bring it up to date first: make the backup with the version that it is of; the first start of this one changes it for good")
	}
	if err != nil {
		return nil //nolint:nilerr // what is wrong is told where it is opened
	}
	return db.Close()
}

func newBackup(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a backup while calls go on: database, recordings, businesses; the key is not in it",
		Args:  exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.notOlder(cmd.Context()); err != nil {
				return err
			}
			return s.withStore(cmd, func(ctx context.Context, c config.Config, db *store.Store) error {
				m, err := custody.Backup(ctx, custody.Source{
					Store: db, Sealer: db.Sealer(), KeyFile: keyFile(c), Dir: c.Data.Dir, Node: c.Database.Node, Business: c.Business, Version: buildVersion(),
				}, args[0])
				if err != nil {
					return err
				}
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d files; to restore it the key %s is needed, which is not in it: keep %s elsewhere\n",
					args[0], len(m.Files), m.Key, keyFile(c))
				if n := len(m.Missing); n > 0 {
					_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "%d recordings or folders were not there: %s\n", n, strings.Join(m.Missing[:min(n, 5)], ", "))
				}
				if n := len(m.Elsewhere); n > 0 {
					_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "%d recordings are not in it: other servers made them and have them in their own data folders; copy recordings/ of each after this, and put them together when you restore\n", n)
				}
				return nil
			})
		},
	}
}

func newRestore(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "restore FILE",
		Short: "Restore a backup into an empty data folder (--data); the key file may lie in it",
		Long: `Restore a backup into an empty data folder (--data), and its database into the one of
the settings (database.url, HOTLINE_DATABASE_URL) where they name one, which must be
empty too: all of it or nothing. The key file may lie in the folder. Backups of SQLite
can be restored into PostgreSQL, and the other way round.`,
		Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.load()
			if err != nil {
				return err
			}
			m, err := custody.Restore(cmd.Context(), args[0], c.Data.Dir, keyFile(c), databaseURL(c))
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d files, as of %s\n", c.Data.Dir, len(m.Files), m.At.Local().Format(time.DateTime))
			folders, err := filepath.Glob(filepath.Join(c.Data.Dir, "business", "*"))
			if err != nil {
				return err
			}
			for _, f := range folders {
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "start it with: hotline serve --data %s --business %s\n", c.Data.Dir, f)
			}
			return nil
		},
	}
}
