package node_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"hotline/internal/node"
	"hotline/internal/seal"
	"hotline/internal/store"
	"hotline/internal/testdata"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A child of the tests is this program again, which takes a name and stays until it is
// killed.
const childDir = "NODE_TEST_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := stay(dir); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func stay(dir string) error {
	s, err := open(dir)
	if err != nil {
		return err
	}
	l, err := node.Take(context.Background(), config(s, dir))
	if err != nil {
		return errors.Join(err, s.Close())
	}
	fmt.Println("taken")
	return errors.Join(l.Run(context.Background()), s.Close())
}

func open(dir string) (*store.Store, error) {
	sealer, _, err := seal.LoadOrCreate(filepath.Join(dir, "master.key"))
	if err != nil {
		return nil, err
	}
	return store.Open(context.Background(), store.Config{URL: filepath.Join(dir, "hotline.db"), Sealer: sealer})
}

// config has a patience that no test could sit out: what is free at once is free for
// another reason.
func config(s *store.Store, dir string) node.Config {
	return node.Config{Store: s, Name: "main", Dir: dir, Every: 20 * time.Millisecond, Patience: 24 * time.Hour}
}

// A server that was killed starts again at once, however often.
func TestKilledServerHasItsNameAgainAtOnce(t *testing.T) {
	dir := t.TempDir()
	s, err := open(dir)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	for range 3 {
		cmd := testdata.Child(exec.CommandContext(ctx, os.Args[0]))
		cmd.Env = append(os.Environ(), childDir+"="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		line, err := bufio.NewReader(out).ReadString('\n')
		require.NoError(t, err, "it begins although the one before was killed")
		assert.Equal(t, "taken\n", line)

		var used *node.InUseError
		_, err = node.Take(ctx, config(s, dir))
		require.ErrorAs(t, err, &used)
		assert.Contains(t, used.Host, fmt.Sprintf("process %d", cmd.Process.Pid))
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait() // killed
		rows, err := s.Nodes(ctx)
		require.NoError(t, err)
		require.Len(t, rows, 1, "it had no time to say so")
	}
	l, err := node.Take(ctx, config(s, dir))
	require.NoError(t, err)
	require.NoError(t, l.Close(ctx))
}
