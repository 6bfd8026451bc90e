package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hotline/internal/config"
	"hotline/internal/web"
)

// placing is what hotline call asks a running server for.
type placing struct {
	server, line, from, agentFirst, say string
	wait, asJSON                        bool
}

func (p *placing) flags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&p.server, "server", "", "address of the running server (default: this machine's, as the settings have it)")
	fl.StringVar(&p.line, "line", "", "which line speaks (default the first)")
	fl.StringVar(&p.agentFirst, "agent-first", "", "an agent or a skill: his telephone rings first")
	fl.StringVar(&p.say, "say", "", "said in place of the line's greeting")
	fl.BoolVar(&p.wait, "wait", false, "wait until the call is over; exit code 1 when nobody answered")
}

// isPlaced tells what the running server calls from what this program rings itself.
func isPlaced(to string) bool {
	return !strings.HasPrefix(to, "sip:") && !strings.HasPrefix(to, "sips:")
}

// waitEach is how often the state of a call is asked for.
const waitEach = 500 * time.Millisecond

// run has the server place the call, and reports it.
func (p *placing) run(ctx context.Context, c config.Config, to string, out io.Writer) error {
	api, err := newAPI(c, p.server)
	if err != nil {
		return err
	}
	var made struct {
		ID string `json:"id"`
	}
	body := web.PlaceBody{To: to, Line: p.line, From: p.from, AgentFirst: p.agentFirst, Say: p.say}
	if err := api.do(ctx, http.MethodPost, "/api/v1/calls", body, &made); err != nil {
		return fmt.Errorf("placing the call: %w", err)
	}
	if !p.wait {
		return p.print(out, made, "calling: "+made.ID)
	}
	var detail web.Call
	for {
		if err := api.do(ctx, http.MethodGet, "/api/v1/calls/"+made.ID, nil, &detail); err != nil {
			return fmt.Errorf("following the call %s: %w", made.ID, err)
		}
		if detail.State == "ended" {
			break
		}
		select {
		case <-time.After(waitEach):
		case <-ctx.Done(): // the user gives up, and so do we
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			return errors.Join(ctx.Err(), api.do(last, http.MethodPost, "/api/v1/calls/"+made.ID+"/hangup", nil, nil))
		}
	}
	text := fmt.Sprintf("%s: %s, %.1f s, ended: %s", made.ID, detail.Outcome, float64(detail.DurationMS)/1000, detail.EndCause)
	if detail.AnsweredAt.IsZero() {
		if detail.EndReason != "" {
			text += " (" + detail.EndReason + ")"
		}
		if p.asJSON {
			if err := p.print(out, detail, ""); err != nil {
				return err
			}
			return errSilent
		}
		return errors.New(text)
	}
	return p.print(out, detail, text)
}

func (p *placing) print(out io.Writer, v any, text string) error {
	if p.asJSON {
		return json.NewEncoder(out).Encode(v)
	}
	_, err := fmt.Fprintln(out, text)
	return err
}

// api is the running server's, for this machine's operator.
type api struct {
	client *http.Client
	base   string
	token  string
}

// newAPI finds the running server by the settings, or at an address.
func newAPI(c config.Config, server string) (*api, error) {
	a := &api{client: &http.Client{Timeout: 30 * time.Second}, base: strings.TrimSuffix(server, "/"), token: c.API.Token.Reveal()}
	if a.token == "" {
		return nil, errors.New("calls are placed by the running server, which wants a token: set HOTLINE_API_TOKEN to its api.token, or to one made by hotline token new")
	}
	if server != "" {
		if !strings.Contains(server, "://") {
			a.base = "http://" + a.base
		}
		return a, nil
	}
	host := c.HTTP.Listen
	if strings.HasPrefix(host, ":") {
		host = "127.0.0.1" + host
	}
	a.base = "http://" + host
	if c.HTTP.TLSCert != "" {
		conf, err := pinned(c.HTTP.TLSCert)
		if err != nil {
			return nil, err
		}
		a.base, a.client.Transport = "https://"+host, &http.Transport{TLSClientConfig: conf}
	}
	return a, nil
}

// pinned trusts the server's own certificate and no other: it is asked by an address
// that the certificate does not name.
func pinned(file string) (*tls.Config, error) {
	data, err := os.ReadFile(file) //nolint:gosec // the operator's own setting
	if err != nil {
		return nil, fmt.Errorf("reading http.tls_cert: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("reading http.tls_cert: %s is not in PEM", file)
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading http.tls_cert: %w", err)
	}
	return &tls.Config{
		InsecureSkipVerify: true, //nolint:gosec // VerifyConnection compares the certificate itself
		VerifyConnection: func(st tls.ConnectionState) error {
			if len(st.PeerCertificates) == 0 || !st.PeerCertificates[0].Equal(leaf) {
				return errors.New("the server shows another certificate than http.tls_cert")
			}
			return nil
		},
	}, nil
}

// do sends one request; a problem of the API becomes one clear line.
func (a *api) do(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return a.send(req, out)
}

// send sends a request that is made already.
func (a *api) send(req *http.Request, out any) error {
	res, err := a.client.Do(req)
	if err != nil {
		return fmt.Errorf("no server answers at %s; start it with hotline serve: %w", a.base, err)
	}
	defer func() { _ = res.Body.Close() }()
	limited := io.LimitReader(res.Body, 8<<20)
	if res.StatusCode >= http.StatusBadRequest {
		var p web.ProblemError
		if json.NewDecoder(limited).Decode(&p) != nil || p.Code == "" {
			return fmt.Errorf("the server says %s", res.Status)
		}
		if p.Code == "login_needed" {
			return errors.New("the server does not know the token; set HOTLINE_API_TOKEN to its api.token")
		}
		return fmt.Errorf("%s (%s)", p.Detail, p.Code)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(limited).Decode(out)
}
