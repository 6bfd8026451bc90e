package embed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// maxAnswer bounds what a server may send, bytes: 4,096 vectors of 1,536 numbers
// would fit.
const maxAnswer = 128 << 20

// maxAsk is the number of texts of one request; more are asked for in turns.
const maxAsk = 256

// Client asks a server for vectors. It is safe for concurrent use.
type Client struct {
	// HTTP carries the requests; nil is http.DefaultClient. A worker on a Unix
	// socket needs one that dials it (see speech.Endpoint).
	HTTP *http.Client
	// Model is named to the server; "" lets it choose.
	Model string
	// Language of the texts, "en", by which a worker chooses; "" for any.
	Language string
	// APIKey goes along as bearer token where it is set.
	APIKey string

	url string
}

// NewClient returns a client of the server at baseURL, "http://host:8000/v1" say.
func NewClient(baseURL string) *Client {
	return &Client{url: strings.TrimRight(baseURL, "/") + "/embeddings"}
}

// Embed returns one vector of length 1 for each text, in their order.
func (c *Client) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, 0, len(texts))
	for len(out) < len(texts) {
		part := texts[len(out):min(len(out)+maxAsk, len(texts))]
		vectors, err := c.ask(ctx, part)
		if err != nil {
			return nil, fmt.Errorf("asking %s for embeddings: %w", c.url, err)
		}
		out = append(out, vectors...)
	}
	return out, nil
}

func (c *Client) ask(ctx context.Context, texts []string) ([][]float32, error) {
	body, err := json.Marshal(map[string]any{"model": c.Model, "input": texts, "encoding_format": "float"})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.Language != "" {
		req.Header.Set("Content-Language", c.Language)
	}
	if c.APIKey != "" {
		req.Header.Set("Authorization", "Bearer "+c.APIKey)
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	var answer struct {
		Data []struct {
			Index     int       `json:"index"`
			Embedding []float32 `json:"embedding"`
		} `json:"data"`
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	err = json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&answer)
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answers %s: %s", res.Status, answer.Error.Message)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	out := make([][]float32, len(texts))
	for _, d := range answer.Data {
		if d.Index < 0 || d.Index >= len(out) || len(d.Embedding) == 0 {
			return nil, errors.New("the answer does not fit the question")
		}
		out[d.Index] = d.Embedding
		normalise(out[d.Index])
	}
	for i := range out {
		if out[i] == nil || len(out[i]) != len(out[0]) {
			return nil, errors.New("the answer does not fit the question")
		}
	}
	return out, nil
}
