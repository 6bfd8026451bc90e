package backend

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sony/gobreaker/v2"
)

// Bounds on what another system may cost.
const (
	maxAnswer  = 1 << 20
	breakAfter = 3
	breakFor   = 15 * time.Second
)

// StatusError is an answer that is no success.
type StatusError int

func (e StatusError) Error() string {
	switch int(e) {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Sprintf("the system answered %d: the token is wrong or has run out", int(e))
	case http.StatusNotFound:
		return "the system answered 404: look at the address in the line's settings"
	}
	return fmt.Sprintf("the system answered %d", int(e))
}

// Poster sends JSON to one system and reads JSON back. After three failures in a row
// it leaves the system alone for 15 s. Make it with NewPoster.
type Poster struct {
	client  *http.Client
	token   func() (string, error)
	breaker *gobreaker.CircuitBreaker[[]byte]
}

// errLeft marks that nobody waits for the answer any more.
var errLeft = errors.New("nobody waits for the answer any more")

// NewPoster makes a Poster. client may be nil; redirects are not followed, so that
// the token stays with the system that it is meant for. token is asked each time: it
// may be renewed while the server runs; nil is none.
func NewPoster(name string, client *http.Client, token func() (string, error)) *Poster {
	if client == nil {
		client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return &Poster{client: client, token: token, breaker: gobreaker.NewCircuitBreaker[[]byte](gobreaker.Settings{
		Name: name, Timeout: breakFor,
		ReadyToTrip: func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= breakAfter },
		// A caller who hangs up or interrupts says nothing about the system.
		IsExcluded: func(err error) bool { return errors.Is(err, errLeft) },
	})}
}

// Post sends in to address and reads the answer into out.
func (p *Poster) Post(ctx context.Context, address string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	data, err := p.breaker.Execute(func() ([]byte, error) {
		data, err := p.once(ctx, address, body)
		if err != nil && errors.Is(ctx.Err(), context.Canceled) {
			err = fmt.Errorf("%w (%w)", context.Cause(ctx), errLeft)
		} else if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return data, err
	})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("the answer is not what the system documents: %w", err)
	}
	return nil
}

func (p *Poster) once(ctx context.Context, address string, body []byte) (data []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the address of the system cannot be used")
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("Accept", "application/json")
	if p.token != nil {
		token, err := p.token()
		if err != nil {
			return nil, err
		}
		if token = strings.TrimSpace(token); token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
	}
	resp, err := p.client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			return nil, u.Err // without the address, which names the session
		}
		return nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, StatusError(resp.StatusCode)
	}
	data, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(data) > maxAnswer {
		err = fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	}
	return data, err
}

// Address checks the address of a system.
func Address(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%q is not an address: write https:// and the host, without user or query", text)
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// Wishes is what a custom payload may ask of the telephone:
// {"hotline": {"transfer": "aftersales"}} or {"hotline": {"hangup": true}}. unknown
// says that the caller was not understood, done that he got what he wanted.
type Wishes struct {
	Hotline struct {
		Transfer *string `json:"transfer"`
		Hangup   bool    `json:"hangup"`
		Unknown  bool    `json:"unknown"`
		Done     bool    `json:"done"`
	} `json:"hotline"`
}

// Wish adds the wishes in a payload to r; a payload of another kind has none.
func (r *Reply) Wish(payload json.RawMessage) {
	var w Wishes
	if len(payload) == 0 || json.Unmarshal(payload, &w) != nil {
		return
	}
	if w.Hotline.Transfer != nil {
		r.Transfer, r.Skill = true, *w.Hotline.Transfer
	}
	r.Hangup = r.Hangup || w.Hotline.Hangup
	r.Unknown = r.Unknown || w.Hotline.Unknown
	r.Done = r.Done || w.Hotline.Done
}
