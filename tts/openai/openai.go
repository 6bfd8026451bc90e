// Package openai speaks through any server that has OpenAI's speech API: the
// project's own speech worker, or another one.
//
// # Concepts
//
// A [Client] posts to /v1/audio/speech and passes the sound on as it comes. It
// asks for "pcm", which is 16-bit little-endian mono at 24 kHz; a server that
// answers with a WAV file instead is understood too. The language is sent as the
// extra field "language", which servers that do not know it ignore.
//
// # Concurrency
//
// A Client is safe for concurrent use and starts no goroutine of its own. When ctx
// ends, the request is closed.
package openai

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"hotline/media"
	"hotline/tts"
)

// Config of a Client.
type Config struct {
	// BaseURL is "http://host:port/v1", "https://…/v1" or "unix:/path" for a socket.
	BaseURL string
	APIKey  string        // sent as a bearer token when it is set
	Model   string        // default "tts-1"; the model part of a voice goes before it
	Voice   string        // for utterances that name none; default "alloy"
	Rate    int           // of the server's pcm, Hz; default 24,000, or what the answer's X-Sample-Rate says
	Stall   time.Duration // longest wait for an answer, and for more sound; default 10 s

	HTTPClient *http.Client // default: one of its own, which dials the socket where BaseURL is one
}

// maxSound bounds what one answer may hold, bytes: half an hour at 24 kHz.
const maxSound = 90 << 20

// A StatusError is an answer that is not sound.
type StatusError struct {
	Code    int
	Message string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("speech server answers %d %s: %s", e.Code, http.StatusText(e.Code), e.Message)
}

// Client implements tts.Synthesizer.
type Client struct {
	cfg  Config
	url  string
	http *http.Client
}

var errStalled = errors.New("the speech server has stopped sending")

// New returns a Client; it does not connect yet.
func New(cfg Config) (*Client, error) {
	if cfg.Model == "" {
		cfg.Model = "tts-1"
	}
	if cfg.Voice == "" {
		cfg.Voice = "alloy"
	}
	if cfg.Rate == 0 {
		cfg.Rate = 24000
	}
	if cfg.Stall == 0 {
		cfg.Stall = 10 * time.Second
	}
	dialer := &net.Dialer{Timeout: 3 * time.Second}
	transport := &http.Transport{
		DialContext: dialer.DialContext, MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute,
		Proxy: http.ProxyFromEnvironment, DisableCompression: true,
	}
	c := &Client{cfg: cfg, http: cmp.Or(cfg.HTTPClient, &http.Client{Transport: transport})}
	if path, ok := strings.CutPrefix(cfg.BaseURL, "unix:"); ok {
		path = strings.TrimPrefix(path, "//")
		transport.Proxy = nil
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", path)
		}
		c.url = "http://speech/v1/audio/speech"
		return c, nil
	}
	u, err := url.Parse(cfg.BaseURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("speech server %q: an address like http://host:port/v1 or unix:/path is needed", cfg.BaseURL)
	}
	c.url = u.JoinPath("audio", "speech").String()
	return c, nil
}

// Close closes idle connections.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// request is the body as OpenAI's API names it.
type request struct {
	Model          string  `json:"model"`
	Input          string  `json:"input"`
	Voice          string  `json:"voice"`
	ResponseFormat string  `json:"response_format"`
	Speed          float64 `json:"speed,omitempty"`
	Language       string  `json:"language,omitempty"`
	Instructions   string  `json:"instructions,omitempty"`
}

// Synthesize implements tts.Synthesizer.
func (c *Client) Synthesize(ctx context.Context, u tts.Utterance, dst media.Writer) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if strings.TrimSpace(u.Text) == "" {
		return nil
	}
	body := request{Model: c.cfg.Model, Input: u.Text, Voice: c.cfg.Voice, ResponseFormat: "pcm", Language: u.Language, Instructions: u.Style}
	if model, voice, ok := strings.Cut(u.Voice, "/"); ok {
		body.Model, body.Voice = model, voice
	} else if u.Voice != "" {
		body.Voice = u.Voice
	}
	if u.Rate > 0 && u.Rate != 1 {
		body.Speed = min(max(u.Rate, 0.25), 4) // the API's own limits
	}
	b, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("speech request: %w", err)
	}
	asking, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(c.cfg.Stall, func() { cancel(errStalled) })
	defer stalled.Stop()
	req, err := http.NewRequestWithContext(asking, http.MethodPost, c.url, bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("speech request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	if c.cfg.APIKey != "" {
		req.Header.Set("Authorization", "Bearer "+c.cfg.APIKey)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return c.reason(ctx, asking, err)
	}
	defer resp.Body.Close() //nolint:errcheck // read only
	if resp.StatusCode != http.StatusOK {
		return &StatusError{resp.StatusCode, message(resp.Body)}
	}
	rate := c.cfg.Rate
	if v, err := strconv.Atoi(resp.Header.Get("X-Sample-Rate")); err == nil && v >= 8000 && v <= 96000 {
		rate = v
	}
	s := &stream{ctx: ctx, dst: dst, rate: rate}
	buf := make([]byte, 16<<10)
	for {
		stalled.Reset(c.cfg.Stall)
		n, err := resp.Body.Read(buf)
		stalled.Stop() // a slow listener is no stall
		if n > 0 {
			if err := s.write(buf[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return s.end()
		}
		if err != nil {
			return c.reason(ctx, asking, err)
		}
	}
}

// reason says why a request ended: the caller's cause, the stall or err.
func (c *Client) reason(ctx, asking context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if cause := context.Cause(asking); cause != nil && errors.Is(cause, errStalled) {
		err = cause
	}
	return fmt.Errorf("speech server %s: %w", c.cfg.BaseURL, err)
}

// message is what a server says of its error, shortened.
func message(body io.Reader) string {
	b, err := io.ReadAll(io.LimitReader(body, 4096))
	if err != nil {
		return "no reason given"
	}
	var e struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
		Detail string `json:"detail"`
	}
	if json.Unmarshal(b, &e) == nil && e.Error.Message+e.Detail != "" {
		return e.Error.Message + e.Detail
	}
	return strings.TrimSpace(string(b[:min(len(b), 200)]))
}

// stream turns bytes into frames.
type stream struct {
	ctx   context.Context //nolint:containedctx // lives as long as one Synthesize
	dst   media.Writer
	rate  int
	out   *tts.Frames
	head  []byte // what has come, until it is known whether a WAV header leads
	odd   []byte // half a sample
	total int
	pcm   []int16
}

func (s *stream) write(b []byte) error {
	if s.total += len(b); s.total > maxSound {
		return fmt.Errorf("speech server sends more than %d MB for one utterance", maxSound>>20)
	}
	if s.out == nil {
		s.head = append(s.head, b...)
		rest, known, err := s.begin(false)
		if err != nil || !known {
			return err
		}
		b = rest
	}
	return s.samples(b)
}

// begin looks at the head of the stream: raw samples or a WAV header. last says
// that nothing will follow.
func (s *stream) begin(last bool) (rest []byte, known bool, err error) {
	h := s.head
	if len(h) < 4 && !last {
		return nil, false, nil
	}
	if len(h) < 4 || string(h[:4]) != "RIFF" {
		s.out = tts.NewFrames(s.dst, s.rate)
		return h, true, nil
	}
	for pos := 12; pos+8 <= len(h); {
		size := int(binary.LittleEndian.Uint32(h[pos+4:]))
		switch string(h[pos : pos+4]) {
		case "data":
			if s.out == nil {
				s.out = tts.NewFrames(s.dst, s.rate)
			}
			return h[pos+8:], true, nil
		case "fmt ":
			if pos+24 > len(h) {
				return nil, false, nil
			}
			f := h[pos+8:]
			if binary.LittleEndian.Uint16(f) != 1 || binary.LittleEndian.Uint16(f[2:]) != 1 || binary.LittleEndian.Uint16(f[14:]) != 16 {
				return nil, false, errors.New("speech server sends a WAV that is not 16-bit mono PCM")
			}
			s.rate = int(binary.LittleEndian.Uint32(f[4:]))
			if s.rate < 8000 || s.rate > 96000 {
				return nil, false, fmt.Errorf("speech server sends a WAV at %d Hz", s.rate)
			}
		}
		if size < 0 || size > 1<<16 {
			break
		}
		pos += 8 + size + size%2
	}
	if last || len(h) > 1<<17 {
		return nil, false, errors.New("speech server sends a WAV without sound")
	}
	return nil, false, nil
}

func (s *stream) samples(b []byte) error {
	if len(s.odd) > 0 && len(b) > 0 {
		s.pcm = append(s.pcm[:0], int16(binary.LittleEndian.Uint16([]byte{s.odd[0], b[0]})))
		s.odd, b = s.odd[:0], b[1:]
	} else {
		s.pcm = s.pcm[:0]
	}
	for ; len(b) >= 2; b = b[2:] {
		s.pcm = append(s.pcm, int16(binary.LittleEndian.Uint16(b)))
	}
	s.odd = append(s.odd, b...)
	return s.out.Write(s.ctx, s.pcm)
}

func (s *stream) end() error {
	if s.out == nil {
		rest, known, err := s.begin(true)
		if err != nil {
			return err
		}
		if known {
			if err := s.samples(rest); err != nil {
				return err
			}
		}
	}
	return s.out.Flush(s.ctx)
}
