package main

import (
	"bufio"
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
	if list, err := consoleTrunks(ctx, c); err == nil { // checkDatabase tells of others
		c.Trunks = list
	}
	if len(c.Trunks) == 0 {
		return f
	}
	var businesses []*business.Business
	for _, dir := range c.Business {
		b, _ := business.Load(dir)
		businesses = append(businesses, b)
	}
	if stray := strayNumbers(c.Trunks, folders(businesses)); len(stray) > 0 {
		f.err = errors.New(strings.Join(stray, "; "))
		return f
	}
	ctx, cancel := context.WithTimeout(ctx, 2*trunkPatience)
	defer cancel()
	ask := tryTrunks
	if runningHere(c) {
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
	return f
}

// consoleTrunks are the trunks with what was changed in the console.
func consoleTrunks(ctx context.Context, c config.Config) (list []config.Trunk, err error) {
	db, err := openDatabase(ctx, c, discard())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return carrier.New(carrier.Config{Settings: c.Trunks, Node: c.Database.Node, Store: db}).InForce(ctx)
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
	signalling.Listen, signalling.PublicAddr = []string{"udp:0.0.0.0:0", "tcp:0.0.0.0:0"}, hostOnly(c.SIP.PublicAddr)
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
