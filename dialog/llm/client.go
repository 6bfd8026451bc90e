package llm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	openai "github.com/sashabaranov/go-openai"
	"github.com/sony/gobreaker/v2"
)

// Endpoint is an OpenAI-compatible API and one of its models.
type Endpoint struct {
	BaseURL string // http://127.0.0.1:8000/v1
	Key     string
	Model   string
}

// Config is a chain of endpoints. Zero limits take the defaults.
type Config struct {
	Endpoints []Endpoint // the next is asked where one fails
	// Timeout bounds a request with all its attempts; default 5 s.
	Timeout time.Duration
	// FirstWords is how long an endpoint may be silent before the next is asked;
	// default 2 s.
	FirstWords time.Duration
	Requests   int // of a call; default 20
	Tokens     int // of a call, in and out, as estimated; default 20,000
	HTTP       *http.Client
	Log        *slog.Logger
}

// Errors that a caller may want to tell apart.
var (
	ErrBudget = errors.New("the call has used up its budget for the language model")
	ErrSilent = errors.New("the language model said nothing in time")
	ErrBroken = errors.New("the language model broke off")
)

const (
	maxReply  = 16 << 10 // bytes of a reply that are read
	maxBody   = 1 << 20  // bytes of a response on the wire
	maxOutput = 300      // tokens of a reply
	breakAt   = 3        // failures one after another open an endpoint's breaker
	openFor   = 20 * time.Second
)

// Client asks language models. Make it with New.
type Client struct {
	c     Config
	chain []*endpoint
	stats stats
}

type endpoint struct {
	Endpoint
	api     *openai.Client
	breaker *gobreaker.CircuitBreaker[reply]
}

type stats struct{ asked, failed, sentences, refused, calls atomic.Int64 }

// Stats count since the start.
type Stats struct {
	Requests  int64 // put to an endpoint
	Failures  int64 // of these
	Sentences int64 // that models wrote
	Refused   int64 // of these, because they did not stand in their sources
	Tools     int64 // tool calls refused
}

// New checks c and returns its client. It asks nobody.
func New(c Config) (*Client, error) {
	if len(c.Endpoints) == 0 {
		return nil, errors.New("language model: no endpoint is given")
	}
	if c.Timeout <= 0 {
		c.Timeout = 5 * time.Second
	}
	if c.FirstWords <= 0 {
		c.FirstWords = 2 * time.Second
	}
	if c.Requests <= 0 {
		c.Requests = 20
	}
	if c.Tokens <= 0 {
		c.Tokens = 20000
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	base := c.HTTP
	if base == nil {
		base = &http.Client{}
	}
	cl := &Client{c: c}
	for i, e := range c.Endpoints {
		if e.BaseURL == "" || e.Model == "" {
			return nil, fmt.Errorf("language model: the %d. endpoint needs an address and the name of a model", i+1)
		}
		o := openai.DefaultConfig(e.Key)
		o.BaseURL = strings.TrimSuffix(e.BaseURL, "/")
		o.HTTPClient = limited{base}
		cl.chain = append(cl.chain, &endpoint{Endpoint: e, api: openai.NewClientWithConfig(o), breaker: gobreaker.NewCircuitBreaker[reply](gobreaker.Settings{
			Name: e.BaseURL, Timeout: openFor,
			ReadyToTrip: func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= breakAt },
			// The caller who interrupts says nothing about the endpoint.
			IsExcluded: func(err error) bool { return errors.Is(err, errLeft) },
		})})
	}
	return cl, nil
}

// errLeft marks that nobody waits for the reply any more.
var errLeft = errors.New("nobody waits for the reply any more")

// limited cuts responses off that do not end.
type limited struct{ client *http.Client }

func (l limited) Do(r *http.Request) (*http.Response, error) {
	resp, err := l.client.Do(r) //nolint:gosec // the address is the operator's own setting
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxBody), resp.Body}
	}
	return resp, err
}

// Stats returns what was counted.
func (c *Client) Stats() Stats {
	s := &c.stats
	return Stats{s.asked.Load(), s.failed.Load(), s.sentences.Load(), s.refused.Load(), s.calls.Load()}
}

// Check asks every endpoint for one word; the error names those that do not answer.
func (c *Client) Check(ctx context.Context) error {
	var errs []error
	for _, e := range c.chain {
		ctx, cancel := context.WithTimeout(ctx, c.c.Timeout)
		_, err := c.attempt(ctx, e, openai.ChatCompletionRequest{Messages: []openai.ChatCompletionMessage{{Role: "user", Content: "Say OK."}}, MaxCompletionTokens: 5}, func(string) bool { return true })
		cancel()
		if err != nil {
			errs = append(errs, fmt.Errorf("%s (%s): %w", e.BaseURL, e.Model, err))
		}
	}
	return errors.Join(errs...)
}

// budget is what a call has left.
type budget struct {
	mu               sync.Mutex
	requests, tokens int
}

// take reserves a request and its prompt, and returns how many tokens the reply may
// have.
func (b *budget) take(prompt, want int) (int, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	left := b.tokens - prompt
	if b.requests < 1 || left < 20 {
		return 0, false
	}
	b.requests--
	b.tokens -= prompt
	return min(want, left), true
}

func (b *budget) spend(n int) {
	b.mu.Lock()
	b.tokens -= n
	b.mu.Unlock()
}

// tokens estimates what a text costs: about one for a Chinese character, one for four
// letters.
func tokens(text string) int {
	n := 0
	for _, r := range text {
		if r > 0x2e7f {
			n += 4
		} else {
			n++
		}
	}
	return n/4 + 1
}

// tool is a call that a model wants.
type tool struct{ name, arguments string }

// reply is what came of an attempt.
type reply struct {
	text  string
	tools []tool
}

// ask puts a request to the chain. text gets what is written as it comes; false from
// it ends the reading. Once something was written no other endpoint is asked.
func (c *Client) ask(ctx context.Context, b *budget, r openai.ChatCompletionRequest, text func(string) bool) (reply, error) {
	cost := 0
	for _, m := range r.Messages {
		cost += tokens(m.Content) + 4
	}
	for _, t := range r.Tools {
		cost += tokens(fmt.Sprint(t.Function.Description, t.Function.Parameters)) + 8
	}
	limited, cancel := context.WithTimeoutCause(ctx, c.c.Timeout, ErrSilent)
	defer cancel()
	want := r.MaxCompletionTokens
	var errs []error
	for _, e := range c.chain {
		if err := context.Cause(ctx); err != nil {
			return reply{}, err
		}
		if limited.Err() != nil {
			break
		}
		written := false
		got, err := e.breaker.Execute(func() (reply, error) {
			n, ok := b.take(cost, want)
			if !ok {
				return reply{}, fmt.Errorf("%w (%w)", ErrBudget, errLeft)
			}
			r.MaxCompletionTokens = n
			c.stats.asked.Add(1)
			got, err := c.attempt(limited, e, r, func(s string) bool { written = true; return text(s) })
			b.spend(tokens(got.text))
			if err != nil && ctx.Err() != nil {
				return got, fmt.Errorf("%w (%w)", context.Cause(ctx), errLeft)
			}
			if err != nil {
				c.stats.failed.Add(1)
			}
			return got, err
		})
		if err == nil || written || errors.Is(err, errLeft) {
			return got, err
		}
		c.c.Log.Warn("a language model does not answer", "endpoint", e.BaseURL, "model", e.Model, "error", err)
		errs = append(errs, fmt.Errorf("%s: %w", e.BaseURL, err))
	}
	if len(errs) == 0 {
		errs = append(errs, ErrSilent)
	}
	return reply{}, fmt.Errorf("asking the language model: %w", errors.Join(errs...))
}

// attempt asks one endpoint and reads its stream to the end.
func (c *Client) attempt(ctx context.Context, e *endpoint, r openai.ChatCompletionRequest, text func(string) bool) (reply, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	first := time.AfterFunc(c.c.FirstWords, func() { cancel(ErrSilent) })
	defer first.Stop()
	r.Model, r.Stream = e.Model, true
	if strings.HasPrefix(r.Model, "o1") || strings.HasPrefix(r.Model, "o3") || strings.HasPrefix(r.Model, "o4") || strings.HasPrefix(r.Model, "gpt-5") {
		r.Temperature = 0
	} else {
		r.MaxTokens, r.MaxCompletionTokens = r.MaxCompletionTokens, 0 //nolint:staticcheck // what other servers than OpenAI's know
	}
	stream, err := e.api.CreateChatCompletionStream(ctx, r)
	if err != nil {
		return reply{}, cause(ctx, err)
	}
	defer func() { _ = stream.Close() }()
	var got reply
	var b strings.Builder
	done := false
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			got.text = b.String()
			if !done && b.Len()+len(got.tools) > 0 || b.Len()+len(got.tools) == 0 && !done {
				return got, fmt.Errorf("%w: the stream ended without a last word", ErrBroken)
			}
			return got, nil
		}
		if err != nil {
			got.text = b.String()
			return got, cause(ctx, err)
		}
		for _, choice := range m.Choices {
			if choice.Index != 0 {
				continue
			}
			for _, t := range choice.Delta.ToolCalls {
				first.Stop()
				i := len(got.tools) - 1
				if t.Index != nil {
					i = *t.Index
				} else if t.Function.Name != "" || i < 0 {
					i = len(got.tools)
				}
				if i < 0 || i > 3 {
					return got, fmt.Errorf("%w: more calls than were asked for", ErrBroken)
				}
				for len(got.tools) <= i {
					got.tools = append(got.tools, tool{})
				}
				got.tools[i].name += t.Function.Name
				got.tools[i].arguments += t.Function.Arguments
				if len(got.tools[i].name)+len(got.tools[i].arguments) > maxReply {
					return got, fmt.Errorf("%w: a call without end", ErrBroken)
				}
			}
			if s := choice.Delta.Content; s != "" {
				first.Stop()
				b.WriteString(s)
				if b.Len() > maxReply || !text(s) {
					got.text = b.String()
					return got, nil
				}
			}
			if choice.FinishReason != "" {
				done = true
			}
		}
	}
}

// cause is why the attempt ended, not that its context did.
func cause(ctx context.Context, err error) error {
	if why := context.Cause(ctx); why != nil {
		return why
	}
	return fmt.Errorf("%w: %w", ErrBroken, err)
}
