package knowledge

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"sync/atomic"
	"time"
)

// An Embedder turns texts into vectors whose cosine tells how near they are in
// meaning. It returns one vector for each text, all of one length, and obeys ctx.
type Embedder interface {
	Embed(ctx context.Context, texts []string) ([][]float32, error)
}

// guard leaves an Embedder alone for a while after it failed several times running.
type guard struct {
	failures atomic.Int32
	until    atomic.Int64 // unix nanoseconds
}

const (
	guardFailures = 3
	guardPause    = 5 * time.Second
)

func (g *guard) open(now time.Time) bool { return now.UnixNano() >= g.until.Load() }

func (g *guard) report(now time.Time, err error) {
	if err == nil {
		g.failures.Store(0)
		return
	}
	if g.failures.Add(1) >= guardFailures {
		g.failures.Store(0)
		g.until.Store(now.Add(guardPause).UnixNano())
	}
}

// unit scales v to length 1, in place; a zero vector stays.
func unit(v []float32) {
	var s float64
	for _, x := range v {
		s += float64(x) * float64(x)
	}
	if s == 0 || math.IsNaN(s) || math.IsInf(s, 0) {
		clear(v)
		return
	}
	f := float32(1 / math.Sqrt(s))
	for i := range v {
		v[i] *= f
	}
}

func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}

// HTTPEmbedder asks a server that speaks OpenAI's embeddings API, the speech
// worker's on a Unix socket for example.
type HTTPEmbedder struct {
	URL    string // of the endpoint, ending in /v1/embeddings
	Model  string
	Client *http.Client // http.DefaultClient where nil
}

// Embed implements Embedder.
func (e *HTTPEmbedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	body, err := json.Marshal(map[string]any{"model": e.Model, "input": texts, "encoding_format": "float"})
	if err != nil {
		return nil, fmt.Errorf("embedding request: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("embedding request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	client := e.Client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("embedding: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end or given up
	const most = 64 << 20
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 200)) //nolint:errcheck // only for the message
		return nil, fmt.Errorf("embedding: server answered %s: %s", resp.Status, text)
	}
	var out struct {
		Data []struct {
			Index     int       `json:"index"`
			Embedding []float32 `json:"embedding"`
		} `json:"data"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, most)).Decode(&out); err != nil {
		return nil, fmt.Errorf("embedding answer: %w", err)
	}
	vs := make([][]float32, len(texts))
	for _, d := range out.Data {
		if d.Index >= 0 && d.Index < len(vs) {
			vs[d.Index] = d.Embedding
		}
	}
	for i, v := range vs {
		if len(v) == 0 || len(v) != len(vs[0]) {
			return nil, fmt.Errorf("embedding answer: no vector for text %d of %d", i+1, len(texts))
		}
	}
	return vs, nil
}
