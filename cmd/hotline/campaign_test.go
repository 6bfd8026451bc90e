package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/event"
	"hotline/internal/outbound"
	"hotline/internal/web"
	"hotline/internal/web/webtest"
)

// A campaign from its file to its end by the command, against a server.
func TestCampaignCommand(t *testing.T) {
	const token = "a-token-of-the-test"
	db, dir, clean, err := webtest.OpenStore(t.Context(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, clean()) })
	bus := &event.Bus{}
	service, err := webtest.Campaigns(db, bus)
	require.NoError(t, err)
	services := webtest.NewServices(db, bus, time.Now())
	server, err := web.New(web.Config{
		Listen: "127.0.0.1:0", Store: db, Bus: bus, DataDir: dir, Sealer: db.Sealer(), Token: token, Version: "1", Logger: slog.New(slog.DiscardHandler),
		Metrics: prometheus.NewRegistry(), End: services, Agents: services, Lines: services, System: services, Trunks: services, Campaigns: service,
	})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	t.Cleanup(func() { stop(); assert.NoError(t, <-done) })
	t.Chdir(t.TempDir())
	t.Setenv("HOTLINE_API_TOKEN", token)
	campaign := func(args ...string) (string, int) {
		t.Helper()
		return typed(t, "", append([]string{"campaign", "--server", server.Addr()}, args...)...)
	}
	write := func(name, text string) string {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		return name
	}

	file := write("delivery.yaml", "name: 送货通知\npurpose: service\ngreeting: 您好，我是云上商城的智能助手小云，通话会录音。您的{item}今天送到。\n")
	out, code := campaign("create", file)
	require.Zero(t, code, out)
	assert.Contains(t, out, "delivery: draft; add contacts by hotline campaign import delivery FILE")
	out, code = campaign("create", file)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, out, "exists", "one line that says why")
	out, code = campaign("create", write("wrong.yaml", "name: x\ngreting: 您好\nmode: fast\n"))
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, out, "wrong.yaml:2: ")
	assert.Contains(t, out, "wrong.yaml:3: ")

	out, code = campaign("start", "delivery")
	assert.Equal(t, exitFailed, code, "nobody is there to be called")
	assert.Contains(t, out, "campaign_empty")
	out, code = campaign("import", "delivery", write("list.csv", "手机号,item\n13800138000,洗衣机\n110,电视\n13800138000,冰箱\n13800138001,沙发\n"))
	require.Zero(t, code, out)
	assert.Contains(t, out, "4 rows, 2 added, 2 not")
	rows, err := os.ReadFile("list.csv.bad.csv")
	require.NoError(t, err)
	assert.Contains(t, string(rows), "110")
	out, code = campaign("import", "delivery", write("nobody.csv", "name\nAnn\n"))
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, out, "no_number_column")
	out, code = campaign("import", "delivery", filepath.Join("there", "is", "no.csv"))
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, out, "reading the contacts")

	out, code = campaign("dry-run", "delivery", "--at", "2027-03-02T10:00+08:00")
	require.Zero(t, code, out)
	assert.Contains(t, out, "2 of 2 could be called")
	out, code = campaign("dry-run", "delivery", "--at", "2027-03-02T03:00+08:00")
	require.Zero(t, code, out)
	assert.Contains(t, out, "0 of 2 could be called")
	assert.Contains(t, out, "2 outside the window, the first from 2027-03-02 09:00 on")
	out, code = campaign("dry-run", "delivery", "--at", "soon")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, out, "--at")

	for _, step := range []struct{ do, state string }{{"start", "running"}, {"pause", "paused"}, {"resume", "running"}, {"stop", "stopped"}} {
		args := []string{step.do, "delivery"}
		if step.do == "pause" || step.do == "stop" {
			args = append(args, "--hang-up")
		}
		out, code = campaign(args...)
		require.Zero(t, code, out)
		assert.Equal(t, "delivery: "+step.state+"\n", out)
	}
	out, code = campaign("resume", "delivery")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, out, "campaign_state")
	out, code = campaign("status", "delivery", "--json")
	require.Zero(t, code, out)
	var st outbound.Status
	require.NoError(t, json.Unmarshal([]byte(out), &st))
	assert.Equal(t, map[string]int{"withdrawn": 2}, st.Counts.States)
	out, code = campaign("status", "delivery")
	require.Zero(t, code, out)
	assert.Contains(t, out, "delivery: stopped")
	assert.Contains(t, out, "2 withdrawn")

	out, code = campaign("status", "nobody")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, out, "not_found")
	out, code = campaign("status")
	assert.Equal(t, exitUsage, code, out)
	t.Setenv("HOTLINE_API_TOKEN", "another")
	out, code = campaign("status", "delivery")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, out, "does not know the token")
	out, code = typed(t, "", "campaign", "status", "delivery", "--server", "127.0.0.1:1")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, out, "no server answers at http://127.0.0.1:1; start it with hotline serve")
}
