// Package storetest starts a PostgreSQL server for tests: one of the machine's own
// program, on a socket in a folder of its own, with nothing on the network.
package storetest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// ErrMissing is returned where no PostgreSQL server is installed.
var ErrMissing = errors.New("no PostgreSQL server is installed (Debian: postgresql)")

// Server is a running server with no data but what tests make.
type Server struct {
	dir   string
	bin   string
	as    *syscall.Credential // nil: the user of this process
	cmd   *exec.Cmd
	log   bytes.Buffer
	ended chan struct{}
	made  atomic.Int64
}

// startLimit is generous: machines that run tests are busy.
const startLimit = 2 * time.Minute

// Start makes a cluster in a temporary folder and starts it; Stop ends it and takes the
// folder away.
func Start(ctx context.Context) (s *Server, err error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "hotline-pg")
	if err != nil {
		return nil, err
	}
	s = &Server{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	as, err := s.owner()
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", "hotline", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync") //nolint:gosec // found in the system's folder
	initdb.Dir, initdb.SysProcAttr = dir, &syscall.SysProcAttr{Credential: as}
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	s.bin, s.as = bin, as
	return s, s.run(ctx)
}

// run starts the server on the cluster that is there.
func (s *Server) run(ctx context.Context) error {
	cmd := exec.Command(filepath.Join(s.bin, "postgres"), "-D", filepath.Join(s.dir, "data"), "-k", s.dir, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=100") //nolint:gosec,noctx // Stop ends it
	cmd.Dir, cmd.SysProcAttr = s.dir, &syscall.SysProcAttr{Credential: s.as, Pdeathsig: syscall.SIGQUIT}
	cmd.Stdout, cmd.Stderr = &s.log, &s.log
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	s.cmd, s.ended = cmd, ended
	go func() { defer close(ended); _ = cmd.Wait() }()
	if err := s.ready(ctx); err != nil {
		return errors.Join(err, s.Stop())
	}
	return nil
}

// Restart ends the server without asking anybody, as a crash does (SIGQUIT), leaves it down
// for a while, and starts it again on the same data and socket.
func (s *Server) Restart(ctx context.Context, down time.Duration) error {
	if err := s.end(syscall.SIGQUIT); err != nil {
		return err
	}
	select {
	case <-time.After(down):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return s.run(ctx)
}

// programs is the folder of the newest server that is installed.
func programs() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		slices.Sort(found)
		return filepath.Dir(found[len(found)-1]), nil
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", ErrMissing
}

// owner is whom the server runs as: PostgreSQL refuses to be root. nil is the user of
// this process.
func (s *Server) owner() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(s.dir, int(uid), int(gid))
	}
	return nil, errors.New("there is no user postgres or nobody to run the server as")
}

// URL is a database's, as the store takes it.
func (s *Server) URL(database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {s.dir}, "user": {"hotline"}, "sslmode": {"disable"}}.Encode()
}

func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	db, err := sql.Open("pgx", s.URL("postgres"))
	if err != nil {
		return err
	}
	for {
		err := db.PingContext(ctx)
		if err == nil {
			return db.Close()
		}
		select {
		case <-s.ended:
			return errors.Join(fmt.Errorf("the PostgreSQL server ended: %s", s.log.String()), db.Close())
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("the PostgreSQL server does not answer: %w", err), db.Close())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Database makes an empty database and returns its URL.
func (s *Server) Database(ctx context.Context) (string, error) {
	db, err := sql.Open("pgx", s.URL("postgres"))
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("test%d", s.made.Add(1))
	_, err = db.ExecContext(ctx, "CREATE DATABASE "+name)
	return s.URL(name), errors.Join(err, db.Close())
}

// Stop ends the server at once and takes its folder away.
func (s *Server) Stop() error {
	return errors.Join(s.end(syscall.SIGINT), os.RemoveAll(s.dir)) // fast shutdown
}

func (s *Server) end(how syscall.Signal) error {
	var err error
	if s.cmd.Process != nil {
		err = s.cmd.Process.Signal(how)
	}
	select {
	case <-s.ended:
	case <-time.After(time.Minute):
		err = errors.Join(err, s.cmd.Process.Kill())
		<-s.ended
	}
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	return err
}
