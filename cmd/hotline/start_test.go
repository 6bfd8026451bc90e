package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"hotline/internal/testdata"
)

// A first start that fails has made the logins; the next one makes none, so it must have
// told them.
func TestPasswordsOfAStartThatFailedAreTold(t *testing.T) {
	o := openOffice(t, "")
	c := o.c // its ports are taken
	c.Data.Dir, c.HTTP.Listen = filepath.Join(t.TempDir(), "data"), "127.0.0.1:0"
	var out strings.Builder
	err := serve(context.WithoutCancel(t.Context()), c, &out, slog.New(slog.NewTextHandler(t.Output(), nil)))
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	_, rest, told := strings.Cut(out.String(), "admin / ")
	require.True(t, told, out.String())
	password, _, _ := strings.Cut(rest, " ")

	o.end()
	o.out, o.c = &testdata.Log{}, c
	o.c.HTTP.Listen = free(t)
	o.start()
	o.eventually(func() bool { return strings.Contains(o.out.String(), "hotline user password admin") }, "and says how to get on without")
	signIn := func(password string) int {
		res, err := http.Post("http://"+o.c.HTTP.Listen+"/api/v1/session", "application/json", strings.NewReader(`{"name":"admin","password":"`+password+`"}`))
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return res.StatusCode
	}
	require.Less(t, signIn(password), 300, "it is the one that counts")

	t.Setenv("HOTLINE_DATA_DIR", c.Data.Dir)
	said, code := typed(t, "another-one-12\n", "user", "password", "admin", "--config", filepath.Join(filepath.Dir(o.dir), "hotline.yaml"))
	require.Zero(t, code, said)
	require.Equal(t, http.StatusUnauthorized, signIn(password))
	require.Less(t, signIn("another-one-12"), 300)
}

// An operator who knows other servers sends SIGHUP to have the settings read; it must not
// end calls.
func TestHangUpEndsNothing(t *testing.T) {
	if onTerminal() {
		t.Skip("with a terminal its end ends the server")
	}
	heard := make(chan os.Signal, 1) // so that the tests survive what the server might not
	signal.Notify(heard, syscall.SIGHUP)
	defer signal.Stop(heard)
	o := openOffice(t, "")
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGHUP))
	o.eventually(func() bool { return strings.Contains(o.log.String(), "SIGHUP") }, "it is told what becomes of it")
	status, _ := o.api(http.MethodGet, "/readyz", "")
	require.Equal(t, http.StatusOK, status)
}
