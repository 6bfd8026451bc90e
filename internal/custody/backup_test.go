package custody_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"hotline/internal/call"
	"hotline/internal/custody"
	"hotline/internal/store"
	"hotline/internal/store/storetest"
	"hotline/internal/testdata"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A child of the tests is this program again, told what to do by its environment, so that
// it can be killed at any moment.
const (
	childTask     = "CUSTODY_TEST_TASK"
	childDatabase = "CUSTODY_TEST_DATABASE"
)

func TestMain(m *testing.M) {
	if task := os.Getenv(childTask); task != "" {
		if err := child(task, os.Args[1], os.Args[2]); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	if err := stopPostgres(); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// postgres is the server of these tests, started by the first that wants it.
var postgres = sync.OnceValues(func() (*storetest.Server, error) {
	server, err := storetest.Start(context.Background())
	if err == nil {
		stopPostgres = server.Stop
	}
	return server, err
})

var stopPostgres = func() error { return nil }

// databases are empty ones, by URL; "" is the data folder's own.
var databases = map[string]func(t *testing.T) string{
	"sqlite": func(*testing.T) string { return "" },
	"sqlite elsewhere": func(t *testing.T) string {
		t.Helper()
		return "sqlite:" + filepath.Join(t.TempDir(), "elsewhere", "calls.db")
	},
	"postgres": func(t *testing.T) string {
		t.Helper()
		server, err := postgres()
		if errors.Is(err, storetest.ErrMissing) && os.Getenv("CI") == "" {
			t.Skip("MISSING-DATA: " + err.Error())
		}
		require.NoError(t, err)
		url, err := server.Database(t.Context())
		require.NoError(t, err)
		return url
	},
}

func child(task, dir, file string) error {
	h, err := openHouse(dir, os.Getenv(childDatabase))
	if err != nil {
		return err
	}
	ctx := context.Background()
	switch task {
	case "backup":
		_, err = custody.Backup(ctx, h.source(), file)
	case "rotate":
		_, err = custody.Rotate(ctx, h.db, h.sealer, h.dir, h.key, "command test", 0, nil)
	case "seal":
		k := h.keeper()
		_, err = k.SealLeft(ctx, true)
	}
	return errors.Join(err, h.db.Close())
}

// killed runs a task in a child and kills it after a while; it tells whether it was done
// before.
func (h *house) killed(t *testing.T, after time.Duration, task, file string) (done bool) {
	t.Helper()
	cmd := testdata.Child(exec.CommandContext(t.Context(), os.Args[0], h.dir, file))
	cmd.Env = append(os.Environ(), childTask+"="+task, childDatabase+"="+h.database)
	var out bytes.Buffer
	cmd.Stderr = &out
	require.NoError(t, cmd.Start())
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	timer.Stop()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		require.NoError(t, err, "%s", out.String())
	}
	return err == nil
}

func (h *house) source() custody.Source {
	return custody.Source{Store: h.db, Sealer: h.sealer, KeyFile: h.key, Dir: h.dir, Version: "test"}
}

// restored is a backup in a folder of its own, with the key.
func restored(t *testing.T, file, key string) *house {
	t.Helper()
	return restoredInto(t, "", file, key)
}

// restoredInto has the backup's database elsewhere.
func restoredInto(t *testing.T, database, file, key string) *house {
	t.Helper()
	dir := t.TempDir()
	b, err := os.ReadFile(key)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "master.key"), b, 0o600))
	_, err = custody.Restore(t.Context(), file, dir, filepath.Join(dir, "master.key"), database)
	require.NoError(t, err)
	return openOn(t, dir, database)
}

// whole asserts that everything of a call that had ended is there.
func (h *house) whole(want call.Record) {
	h.t.Helper()
	ctx := context.Background()
	got, err := h.db.Call(ctx, want.ID)
	require.NoError(h.t, err, want.ID)
	assert.Equal(h.t, want.Caller, got.Caller)
	assert.Equal(h.t, want.Summary, got.Summary)
	assert.Equal(h.t, call.Resolved, got.Outcome)
	turns, err := h.db.Turns(ctx, want.ID)
	require.NoError(h.t, err)
	assert.Len(h.t, turns, 1)
	events, err := h.db.Events(ctx, want.ID)
	require.NoError(h.t, err)
	assert.Len(h.t, events, 1)
	b, _ := h.read(want)
	assert.True(h.t, bytes.Equal(sound(want.ID), b), want.ID)
}

func TestBackupWhileCallsGoOn(t *testing.T) {
	for name, database := range databases {
		t.Run(name, func(t *testing.T) { backedUp(t, database(t)) })
	}
}

// backedUp makes a backup of a database while calls go on, and restores it into each kind.
func backedUp(t *testing.T, database string) {
	t.Helper()
	h := openOn(t, t.TempDir(), database)
	now := time.Now()
	var ended []call.Record
	for i := range 20 {
		ended = append(ended, h.call(fmt.Sprintf("SEALED%02d", i), "13800138000", now.Add(-time.Hour)))
	}
	_, err := h.keeper().SealLeft(t.Context(), true)
	require.NoError(t, err)
	for i := range 5 {
		ended = append(ended, h.call(fmt.Sprintf("PLAIN%02d", i), "13900139000", now))
	}
	live := h.begin("LIVE", "13700137000", now)
	require.NoError(t, h.db.AddTrail(t.Context(), store.TrailEntry{Actor: "li", Action: "get-call"}))
	shop := filepath.Join(t.TempDir(), "shop")
	require.NoError(t, os.MkdirAll(filepath.Join(shop, "flows"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(shop, "business.yaml"), []byte("name: 云帆数码\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(shop, "flows", "a.yaml"), []byte("a"), 0o600))

	server := openOn(t, h.dir, database) // another process, as far as the database knows
	k := server.keeper()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { // calls begin, end and are sealed
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			server.call(fmt.Sprintf("DURING%04d", i), "13600136000", now.Add(-time.Minute))
			if _, err := k.SealLeft(context.Background(), false); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	file := filepath.Join(t.TempDir(), "backup.tar")
	src := h.source()
	src.Business = []string{shop}
	m, err := custody.Backup(t.Context(), src, file)
	close(stop)
	<-stopped
	require.NoError(t, err)
	assert.Empty(t, m.Missing)
	archive, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, secret := range []string{"plain sound", "13800138000", "我的电话"} {
		assert.NotContains(t, string(archive), secret)
	}
	key, err := os.ReadFile(h.key)
	require.NoError(t, err)
	assert.NotContains(t, string(archive), string(key[100:200]))

	for _, into := range databases {
		url := into(t)
		r := restoredInto(t, url, file, h.key)
		for _, c := range ended {
			r.whole(c)
		}
		left, err := r.db.Recover(t.Context())
		require.NoError(t, err)
		ids := make([]string, 0, len(left))
		for _, l := range left {
			ids = append(ids, l.ID)
		}
		assert.Contains(t, ids, live.ID, "a call in progress is one that was interrupted")
		state, err := r.db.CheckTrail(t.Context())
		require.NoError(t, err)
		assert.Zero(t, state.BrokenAt, state.BrokenText)
		assert.Positive(t, state.Rows)
		b, err := os.ReadFile(filepath.Join(r.dir, "business", "shop", "business.yaml"))
		require.NoError(t, err)
		assert.Equal(t, "name: 云帆数码\n", string(b))
		require.NoError(t, r.db.AddTrail(t.Context(), store.TrailEntry{Actor: "li", Action: "get-call"}), "it goes on")

		_, err = custody.Restore(t.Context(), file, r.dir, r.key, url)
		require.ErrorIs(t, err, custody.ErrNotEmpty)
		if url == "" {
			continue
		}
		_, err = os.Stat(filepath.Join(r.dir, "hotline.db"))
		require.ErrorIs(t, err, os.ErrNotExist, "the database is elsewhere")
		dir := t.TempDir()
		_, err = custody.Restore(t.Context(), file, dir, h.key, url)
		require.ErrorIs(t, err, store.ErrNotNew, "the folder is empty, the database is not")
		files, err := os.ReadDir(dir)
		require.NoError(t, err)
		assert.Empty(t, files)
	}
	other := open(t, t.TempDir())
	_, err = custody.Restore(t.Context(), file, t.TempDir(), other.key, "")
	require.ErrorContains(t, err, "key", "the key of another house")
}

// Of several servers on one database each has its own recordings: those of the others are
// told apart from those that are lost.
func TestBackupOfOneOfSeveralServers(t *testing.T) {
	h := open(t, t.TempDir())
	ours := h.call("OURS", "13800138000", time.Now())
	gone := h.call("GONE", "13800138000", time.Now())
	require.NoError(t, os.Remove(filepath.Join(h.dir, gone.Recording)))
	second, err := store.Open(t.Context(), store.Config{URL: filepath.Join(h.dir, "hotline.db"), Sealer: h.sealer, Node: "second"})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, second.Close()) })
	there := &house{t: t, dir: t.TempDir(), db: second}
	theirs := there.call("THEIRS", "13800138000", time.Now())
	src := h.source()
	src.Node = "main"
	file := filepath.Join(t.TempDir(), "backup.tar")
	m, err := custody.Backup(t.Context(), src, file)
	require.NoError(t, err)
	assert.Equal(t, []string{gone.Recording}, m.Missing)
	assert.Equal(t, []string{theirs.Recording}, m.Elsewhere)
	r := restored(t, file, h.key)
	r.whole(ours)
	// Copied beside, theirs is played too.
	b, err := os.ReadFile(filepath.Join(there.dir, theirs.Recording))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, theirs.Recording), b, 0o600))
	r.whole(theirs)
}

// Killed at any moment, a backup leaves nothing that could be taken for one, and the one
// before as it was.
func TestBackupIsKilled(t *testing.T) {
	h := open(t, t.TempDir())
	var ended []call.Record
	for i := range 40 {
		ended = append(ended, h.call(fmt.Sprintf("C%02d", i), "13800138000", time.Now().Add(-time.Hour)))
	}
	file := filepath.Join(t.TempDir(), "backup.tar")
	whole := false
	for after := 5 * time.Millisecond; !whole; after = after * 3 / 2 {
		require.Less(t, after, 10*time.Minute)
		whole = h.killed(t, after, "backup", file)
		_, err := os.Stat(file)
		if !whole && err != nil {
			// What is not whole is refused; killed just before its name was changed, it is whole.
			if _, err := custody.Restore(t.Context(), file+".part", t.TempDir(), h.key, ""); err == nil {
				r := restored(t, file+".part", h.key)
				for _, c := range ended {
					r.whole(c)
				}
			}
		} else {
			whole = true // it was killed after its end
		}
	}
	r := restored(t, file, h.key)
	for _, c := range ended {
		r.whole(c)
	}
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	h.killed(t, 20*time.Millisecond, "backup", file)
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	if !bytes.Equal(before, after) { // it was fast
		restored(t, file, h.key)
	}
}

func TestDamagedBackupIsRefused(t *testing.T) {
	h := open(t, t.TempDir())
	h.call("A", "13800138000", time.Now())
	file := filepath.Join(t.TempDir(), "backup.tar")
	_, err := custody.Backup(t.Context(), h.source(), file)
	require.NoError(t, err)
	good, err := os.ReadFile(file)
	require.NoError(t, err)
	refused := func(what string, b []byte) {
		t.Helper()
		require.NoError(t, os.WriteFile(file, b, 0o600))
		dir := t.TempDir()
		_, err := custody.Restore(t.Context(), file, dir, h.key, "")
		require.Error(t, err, what)
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		assert.Empty(t, left, what)
	}
	refused("cut", good[:len(good)/2])
	refused("no manifest", good[:bytes.LastIndex(good, []byte(`{`+"\n"+`  "form"`))-1024])
	flipped := bytes.Clone(good)
	flipped[5000] ^= 1
	refused("a bit", flipped)
	refused("nothing", nil)
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	require.NoError(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "../escaped", Size: 1, Mode: 0o600}))
	_, err = io.WriteString(w, "x")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	refused("outside", b.Bytes())
}

// kill -9 while recordings are sealed and while keys are rotated: at every moment all of
// it can be read, and in the end nothing of the old key is left.
func TestSealingAndRotationAreKilled(t *testing.T) {
	for _, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) { sealedAndRotated(t, databases[name](t)) })
	}
}

func sealedAndRotated(t *testing.T, database string) {
	t.Helper()
	h := openOn(t, t.TempDir(), database)
	var calls []call.Record
	for i := range 40 {
		calls = append(calls, h.call(fmt.Sprintf("C%02d", i), "13800138000", time.Now().Add(-time.Hour)))
	}
	old, _ := h.sealer.Key()
	for _, task := range []string{"seal", "rotate"} {
		for after := 10 * time.Millisecond; ; after = after * 3 / 2 {
			require.Less(t, after, 10*time.Minute)
			done := h.killed(t, after, task, "")
			h.sealer.Key() // notices
			for _, c := range calls[:5] {
				h.whole(c)
			}
			found, err := h.db.Calls(t.Context(), store.Filter{Number: "13800138000", Limit: 100})
			require.NoError(t, err)
			require.Len(t, found.Items, len(calls), "by number, whichever key its hash is of")
			require.NoError(t, h.db.SeeCustomer(t.Context(), "13800138000", time.Now()))
			customers, err := h.db.Customers(t.Context(), store.CustomerFilter{})
			require.NoError(t, err)
			require.Len(t, customers.Items, 1, "one number is one customer's")
			if done {
				break
			}
		}
		for _, c := range calls {
			h.whole(c)
		}
		assert.Empty(t, contains(t, filepath.Join(h.dir, "recordings"), "plain sound"), task)
	}
	now, _ := h.sealer.Key()
	assert.NotEqual(t, old, now)
	assert.Len(t, h.trail("key-rotated"), 1)
}
