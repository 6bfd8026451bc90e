package action

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"hotline/dialog/flow"
)

// Bounds on what other systems may cost a call.
const (
	defaultTimeout = 3 * time.Second
	retryPause     = 200 * time.Millisecond
	maxAnswer      = 1 << 20
	maxHosts       = 256
	maxRows        = 50
	// breakAfter failures in a row a host is left alone for breakFor.
	breakAfter = 4
	breakFor   = 15 * time.Second
)

// Web asks other systems. Its zero value is ready.
type Web struct {
	// Client is used where set; redirects are not followed, so that a secret header
	// stays with the host it was meant for.
	Client *http.Client

	mu    sync.Mutex
	hosts map[string]*gobreaker.CircuitBreaker[[]flow.Row] // guarded by mu
}

// statusError is an answer that is no success.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("the system answered %d", int(e)) }

// Ask sends q and returns the rows of its answer: none for 404, and where nothing
// stands at q.Take.
func (w *Web) Ask(ctx context.Context, q flow.HTTPRequest) ([]flow.Row, error) {
	u, err := url.Parse(q.URL)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("asking %q: no address of a system", q.URL)
	}
	breaker, err := w.breaker(u.Host)
	if err != nil {
		return nil, err
	}
	for attempt := 0; ; attempt++ {
		rows, err := breaker.Execute(func() ([]flow.Row, error) { return w.once(ctx, q) })
		if err == nil {
			return rows, nil
		}
		err = fmt.Errorf("asking %s: %w", u.Host, err)
		if attempt >= q.Retries || ctx.Err() != nil || !again(err) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(retryPause << attempt):
		}
	}
}

// again says whether another attempt may succeed. What the system refused it will
// refuse again.
func again(err error) bool {
	var status statusError
	if errors.As(err, &status) {
		return status >= 500 || status == http.StatusTooManyRequests
	}
	var syntax *json.SyntaxError
	return !errors.Is(err, gobreaker.ErrOpenState) && !errors.Is(err, gobreaker.ErrTooManyRequests) && !errors.As(err, &syntax)
}

func (w *Web) breaker(host string) (*gobreaker.CircuitBreaker[[]flow.Row], error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if b, ok := w.hosts[host]; ok {
		return b, nil
	}
	if len(w.hosts) >= maxHosts {
		return nil, errors.New("asking other systems: too many hosts; a task's url must not have its host filled in")
	}
	if w.hosts == nil {
		w.hosts = map[string]*gobreaker.CircuitBreaker[[]flow.Row]{}
	}
	b := gobreaker.NewCircuitBreaker[[]flow.Row](gobreaker.Settings{
		Name: host, Timeout: breakFor,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= breakAfter },
		IsSuccessful: func(err error) bool {
			var status statusError
			return err == nil || errors.Is(err, context.Canceled) || errors.As(err, &status) && status < 500
		},
	})
	w.hosts[host] = b
	return b, nil
}

func (w *Web) client() *http.Client {
	if w.Client != nil {
		return w.Client
	}
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// once is one attempt.
func (w *Web) once(ctx context.Context, q flow.HTTPRequest) (rows []flow.Row, err error) {
	timeout := q.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, q.Method, q.URL, bytes.NewReader(q.Body))
	if err != nil {
		return nil, err
	}
	if len(q.Body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	for name, value := range q.Headers {
		req.Header.Set(name, value)
	}
	resp, err := w.client().Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			return nil, u.Err // without the address: it may hold what the caller said
		}
		return nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	switch {
	case resp.StatusCode == http.StatusNotFound:
		return nil, nil
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return nil, statusError(resp.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxAnswer {
		return nil, fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("the answer is no JSON: %w", err)
	}
	return rowsOf(take(v, q.Take)), nil
}

// take follows a path of keys and places: data.orders.0.
func take(v any, path string) any {
	if path == "" {
		return v
	}
	for key := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// rowsOf makes rows of an object or a list of objects.
func rowsOf(v any) []flow.Row {
	switch x := v.(type) {
	case map[string]any:
		if len(x) == 0 {
			return nil
		}
		row := flow.Row{}
		flatten(row, "", x, 0)
		return []flow.Row{row}
	case []any:
		var out []flow.Row
		for _, item := range x[:min(len(x), maxRows)] {
			out = append(out, rowsOf(item)...)
		}
		return out
	}
	return nil
}

// flatten writes nested objects as a.b, which a column name can be.
func flatten(row flow.Row, prefix string, x map[string]any, depth int) {
	const deepest = 4
	for key, v := range x {
		name := prefix + key
		switch v := v.(type) {
		case string:
			row[name] = v
		case json.Number:
			row[name] = v.String()
		case bool:
			row[name] = strconv.FormatBool(v)
		case map[string]any:
			if depth < deepest {
				flatten(row, name+"_", v, depth+1)
			}
		}
	}
}
