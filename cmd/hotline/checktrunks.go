package main

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"hotline/internal/business"
	"hotline/internal/carrier"
	"hotline/internal/config"
	"hotline/sip"
)

// trunkPatience is how long the doctor gives carriers to answer.
const trunkPatience = 8 * time.Second

// checkTrunks asks a running server how its trunks do; where none runs it registers
// and asks each carrier once, and unregisters.
func checkTrunks(ctx context.Context, c config.Config) finding {
	f := finding{what: "trunks", text: "none: calls come from SIP phones and browsers only"}
	if t, err := consoleTrunks(ctx, c); err == nil { // checkDatabase tells of others
		c.Trunks = t.force
	}
	if len(c.Trunks) == 0 {
		return f
	}
	var businesses []*business.Business
	for _, dir := range c.Business {
		b, _ := business.Load(dir)
		businesses = append(businesses, b)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*trunkPatience)
	defer cancel()
	ask := tryTrunks
	if _, running := serverHere(c); running {
		ask = runningTrunks
	}
	found, err := ask(ctx, c)
	if err != nil {
		f.err = err
		return f
	}
	var good, bad []string
	for _, t := range found {
		if t.up {
			good = append(good, t.name+" "+t.text)
		} else {
			bad = append(bad, t.name+" "+t.text)
		}
	}
	f.text = strings.Join(append(good, bad...), "; ")
	switch {
	case len(bad) > 0:
		f.err = errors.New(strings.Join(append(bad, good...), "; "))
		f.advice = len(good) > 0 // calls go by the others
	case c.SIP.AnonymousCalls:
		f.text += "; calls of strangers are answered too (sip.anonymous_calls)"
	}
	if stray := strayNumbers(c.Trunks, folders(businesses)); len(stray) > 0 { // the default line answers them
		f.advice = f.advice || f.err == nil
		f.err = fmt.Errorf("%s (the default line answers); %w", strings.Join(stray, "; "), cmp.Or(f.err, errors.New(f.text)))
	}
	return f
}

// trunksInForce are the trunks with what was changed in the console, and where each is set.
type trunksInForce struct {
	force   []config.Trunk
	origins map[string]string
}

// console tells whether the console has its word in any.
func (t trunksInForce) console(name string) bool {
	return t.origins[name] == carrier.Console || t.origins[name] == carrier.Changed
}

// consoleTrunks looks up the trunks with what was changed in the console.
func consoleTrunks(ctx context.Context, c config.Config) (t trunksInForce, err error) {
	db, err := lookDatabase(ctx, c)
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	t.force, t.origins, err = carrier.New(carrier.Config{Settings: c.Trunks, Node: c.Database.Node, Store: db}).Origins(ctx)
	return t, err
}

// checkAllTrunks writes what is wrong with the trunks of the settings and, where the
// database can be looked into, with those of the console, which go over them. Wrong lines
// of those are warnings: a console's change must not keep a service from starting.
func checkAllTrunks(ctx context.Context, c config.Config, lines lineKnown, out io.Writer) (errs, warnings int) {
	tell := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	for _, problem := range strayNumbers(c.Trunks, lines) {
		tell("error: %s", problem)
		errs++
	}
	if err := trunksUsable(c); err != nil {
		tell("error: %s", oneLine(err))
		errs++
	}
	ctx, cancel := context.WithTimeout(ctx, trunkPatience)
	defer cancel()
	t, err := consoleTrunks(ctx, c)
	switch {
	case !started(c):
		if len(c.Trunks) > 0 {
			tell("trunks: %s, of the settings", names(c.Trunks))
		}
		return errs, warnings
	case err != nil:
		tell("warning: the trunks that were changed in the console are not checked: %s", oneLine(err))
		return errs, warnings + 1
	}
	var said []string
	for _, one := range t.force {
		if !t.console(one.Name) {
			said = append(said, one.Name+" (settings)")
			continue
		}
		said = append(said, one.Name+" ("+map[string]string{carrier.Console: "console", carrier.Changed: "settings, changed in the console"}[t.origins[one.Name]]+")")
		for _, problem := range strayNumbers([]config.Trunk{one}, lines) {
			tell("warning: %s (set in the console); the default line answers it", problem)
			warnings++
		}
	}
	for _, one := range c.Trunks {
		if t.origins[one.Name] == "" {
			said = append(said, one.Name+" (of the settings, taken out in the console)")
		}
	}
	if len(said) > 0 {
		tell("trunks: %s", strings.Join(said, ", "))
	}
	c.Trunks = t.force
	if err := trunksUsable(c); errs == 0 && err != nil {
		tell("error: %s; the trunks as the console has them cannot be used, a start takes those of the settings", oneLine(err))
		errs++
	}
	return errs, warnings
}

func names(trunks []config.Trunk) string {
	var out []string
	for _, t := range trunks {
		out = append(out, t.Name)
	}
	return strings.Join(out, ", ")
}

// trunksUsable makes the trunks as a start would, and starts nothing.
func trunksUsable(c config.Config) error {
	if len(c.Trunks) == 0 {
		return nil
	}
	server, err := sip.New(sip.Config{Listen: []string{"udp:127.0.0.1:0"}}, nil, nil, discard())
	if err != nil {
		return err
	}
	_, err = openTrunks(server, c, nil, nil, discard())
	return err
}

// trunkFinding is how one trunk does.
type trunkFinding struct {
	name, text string
	up         bool
}

// tryTrunks connects the carriers for a moment.
func tryTrunks(ctx context.Context, c config.Config) (out []trunkFinding, err error) {
	signalling, err := sipConfig(c, discard())
	if err != nil {
		return nil, err
	}
	signalling.Listen, signalling.PublicAddr = []string{"udp::0", "tcp::0"}, hostOnly(c.SIP.PublicAddr)
	server, err := sip.New(signalling, nil, nil, discard())
	if err != nil {
		return nil, err
	}
	trunks, err := openTrunks(server, c, nil, nil, discard())
	if err != nil {
		return nil, err
	}
	serving, stopServer := context.WithCancel(ctx)
	keeping, stopTrunks := context.WithCancel(serving)
	var servers, keepers sync.WaitGroup
	var failed error
	servers.Go(func() { failed = server.Run(serving) })
	keepers.Go(func() { _ = trunks.Run(keeping) })
	defer func() {
		stopTrunks()
		keepers.Wait()
		stopServer()
		servers.Wait()
		err = errors.Join(err, failed)
	}()

	settled := time.NewTimer(trunkPatience)
	defer settled.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for waiting := true; waiting; {
		select {
		case <-settled.C:
			waiting = false
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
			waiting = false
			for _, st := range trunks.States() {
				waiting = waiting || !st.Up && st.LastError == ""
			}
		}
	}
	for _, st := range trunks.States() {
		out = append(out, trunkFinding{st.Name, describeTrunk(st), st.Up})
	}
	return out, nil
}

func describeTrunk(st sip.TrunkState) string {
	switch {
	case !st.Up && st.LastError != "":
		return "is down at " + st.Proxy + ": " + st.LastError
	case !st.Up:
		return "is down at " + st.Proxy + ": no response"
	case st.Registered:
		return fmt.Sprintf("is registered at %s until %s", st.Proxy, st.Until.Format("15:04:05"))
	}
	return fmt.Sprintf("is up at %s (%d ms)", st.Proxy, st.RTT.Milliseconds())
}

// runningTrunks reads the measurements of the server that runs here.
func runningTrunks(ctx context.Context, c config.Config) ([]trunkFinding, error) {
	scheme, client := "http", &http.Client{}
	if c.HTTP.TLSCert != "" {
		scheme = "https"
		// It is asked by its address, which its certificate does not name; nothing
		// secret goes there.
		client.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // see above
		defer client.CloseIdleConnections()
	}
	host := c.HTTP.Listen
	if strings.HasPrefix(host, ":") {
		host = "127.0.0.1" + host
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+host+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking the running server: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("asking the running server for its trunks: %s; look at the console's System page", res.Status)
	}
	values := map[string]string{}
	lines := bufio.NewScanner(io.LimitReader(res.Body, 8<<20))
	for lines.Scan() {
		if key, value, ok := strings.Cut(lines.Text(), " "); ok && strings.HasPrefix(key, "hotline_trunk_") {
			values[key] = value
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("asking the running server: %w", err)
	}
	out := make([]trunkFinding, 0, len(c.Trunks))
	for _, t := range c.Trunks {
		label := fmt.Sprintf("{trunk=%q}", t.Name)
		up, known := values["hotline_trunk_up"+label]
		f := trunkFinding{name: t.Name, up: up == "1", text: "is up"}
		switch {
		case !known:
			f.text = "is not known to the running server: it has other settings, restart it"
		case !f.up && values["hotline_trunk_registered"+label] == "0":
			f.text = "is not registered; the console's System page says why"
		case !f.up:
			f.text = "is down; the console's System page says why"
		case values["hotline_trunk_registered"+label] == "1":
			f.text = "is registered"
		}
		out = append(out, f)
	}
	return out, nil
}

// hostOnly is an address without its port.
func hostOnly(addr string) string {
	if i := strings.LastIndexByte(addr, ':'); i > 0 && strings.Count(addr, ":") == 1 {
		return addr[:i]
	}
	return addr
}
