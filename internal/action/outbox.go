package action

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"
)

// Message is a short message to a telephone.
type Message struct {
	ID   string    `json:"id"` // the same for each attempt: a gateway may refuse it the second time
	To   string    `json:"to"`
	Text string    `json:"text"`
	Call string    `json:"call,omitempty"`
	At   time.Time `json:"at"`
}

// Gateway delivers messages.
type Gateway interface {
	Send(ctx context.Context, m Message) error
}

// Queue holds the messages that are not delivered yet.
type Queue interface {
	// Waiting returns up to n, oldest first.
	Waiting(ctx context.Context, n int) ([]Message, error)
	// Sent takes one out.
	Sent(ctx context.Context, id string) error
}

// Outbox delivers what the queue holds.
type Outbox struct {
	Queue   Queue
	Gateway Gateway
	Log     *slog.Logger
	Every   time.Duration // how often it looks; 2 s
}

// Run delivers until ctx ends. A message that the gateway refuses stays in the queue
// and is tried again, ever more rarely.
func (o *Outbox) Run(ctx context.Context) {
	every := o.Every
	if every <= 0 {
		every = 2 * time.Second
	}
	const slowest = 5 * time.Minute
	pause := every
	for {
		if err := o.deliver(ctx); err != nil && ctx.Err() == nil {
			o.Log.Warn("short messages wait: the gateway does not take them", "error", err, "again_in", pause)
			pause = min(2*pause, slowest)
		} else {
			pause = every
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

func (o *Outbox) deliver(ctx context.Context) error {
	const batch = 50
	list, err := o.Queue.Waiting(ctx, batch)
	if err != nil {
		return err
	}
	var failed error
	for _, m := range list {
		if err := o.Gateway.Send(ctx, m); err != nil {
			failed = errors.Join(failed, err)
			if ctx.Err() != nil {
				return failed
			}
			continue // one bad number does not hold up the rest
		}
		if err := o.Queue.Sent(ctx, m.ID); err != nil {
			return errors.Join(failed, err)
		}
	}
	return failed
}

// WebGateway posts each message as JSON to an address.
type WebGateway struct {
	URL    string
	Header map[string]string
	Client *http.Client
}

// Send implements Gateway.
func (g *WebGateway) Send(ctx context.Context, m Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("sending a short message: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("sending a short message: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", m.ID)
	for name, value := range g.Header {
		req.Header.Set(name, value)
	}
	client := g.Client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("sending a short message: %w", err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
	err = resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("sending a short message: the gateway answered %s", resp.Status)
	}
	return err
}

// FileGateway appends each message as a line of JSON to a file that the service
// alone can read: what is sent while no gateway is set up.
type FileGateway struct {
	Path string

	mu sync.Mutex
}

// Send implements Gateway.
func (g *FileGateway) Send(_ context.Context, m Message) (err error) {
	line, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("writing a short message: %w", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	f, err := os.OpenFile(g.Path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("writing a short message: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.Write(append(line, '\n'))
	return err
}
