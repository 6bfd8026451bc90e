package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/internal/node"
)

// What an agent's telephone registers by is changed at one server and counts at the other
// within seconds: the new password is taken there, and by the old one nothing is registered
// any more.
func TestPhonePasswordsCountOnAllServers(t *testing.T) {
	a := openOffice(t, "")
	b := openOffice(t, "", "HOTLINE_DATABASE_NODE=b", "HOTLINE_DATABASE_URL=sqlite:"+filepath.Join(a.c.Data.Dir, "hotline.db"), "HOTLINE_MASTER_KEY_FILE="+filepath.Join(a.c.Data.Dir, "master.key"))
	fresh := func() string {
		status, out := a.api(http.MethodPost, "/api/v1/agents/a1/phone-password", "")
		require.Equal(t, http.StatusOK, status, out)
		return out["password"].(string)
	}
	phone := b.phone()
	registers := func(password string) bool { return phone.Register("a1", password, "", 300).Status() == http.StatusOK }
	first := fresh()
	// Not more often: wrong passwords are limited.
	require.Eventually(t, func() bool { return registers(first) }, time.Minute, time.Second, "the other server knows the password")
	require.Equal(t, "[1 0]", fmt.Sprint(b.each("/api/v1/agents", "contacts")))

	second := fresh()
	b.eventually(func() bool { return fmt.Sprint(b.each("/api/v1/agents", "contacts")) == "[0 0]" }, "the old telephone is rung no more")
	require.False(t, registers(first))
	require.True(t, registers(second))
}

// Two whole servers on one database: each has a name of its own or does not start, and
// one's wall shows the other's calls and agents, and says where they are.
func TestTwoServersHaveOneWall(t *testing.T) {
	a := openOffice(t, "", "HOTLINE_DEMO_PASSWORD=secret12")
	b := openOffice(t, "", "HOTLINE_DEMO_PASSWORD=secret12", "HOTLINE_DATABASE_NODE=b", "HOTLINE_HTTP_URL=https://b.example",
		"HOTLINE_DATABASE_URL=sqlite:"+filepath.Join(a.c.Data.Dir, "hotline.db"), "HOTLINE_MASTER_KEY_FILE="+filepath.Join(a.c.Data.Dir, "master.key"))
	a.eventually(func() bool { return fmt.Sprint(a.each("/api/v1/nodes", "name")) == "[main b]" }, "they see each other")
	b.eventually(func() bool { return fmt.Sprint(b.each("/api/v1/nodes", "name")) == "[b main]" }, "both ways")

	phone := b.phone()
	require.Equal(t, 200, phone.Register("a1", "secret12", "", 300).Status())
	call := b.rings(b.phone(), "8005")
	a.eventually(func() bool {
		return fmt.Sprint(a.each("/api/v1/calls?live=true", "node")) == "[b]" && fmt.Sprint(a.each("/api/v1/agents", "node")) == "[b <nil>]"
	}, "what is there is on this wall")
	id := a.each("/api/v1/calls?live=true", "id")[0]
	status, refused := a.api(http.MethodPost, "/api/v1/calls/"+id+"/join", `{"mode": "listen", "agent": "a9"}`)
	require.Equal(t, http.StatusConflict, status)
	require.Equal(t, "elsewhere", refused["code"])
	require.Contains(t, refused["detail"], "https://b.example")
	call.Bye()
	a.eventually(func() bool { return len(a.each("/api/v1/calls?live=true", "id")) == 0 }, "it is over for both")

	// A third one with the name of the first is told so, and the first goes on.
	b.end()
	a.eventually(func() bool { return fmt.Sprint(a.each("/api/v1/nodes", "name")) == "[main]" }, "one that ends says so")
	c := b.c
	c.Database.Node = a.c.Database.Node
	going := a.rings(a.phone(), "8005")
	var used *node.InUseError
	require.ErrorAs(t, serve(context.WithoutCancel(t.Context()), c, io.Discard, slog.New(slog.NewTextHandler(t.Output(), nil))), &used)
	require.Len(t, a.each("/api/v1/calls?live=true", "id"), 1, "the call goes on")
	going.Bye()
	b.start() // under its own name at once
}
