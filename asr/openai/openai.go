// Package openai decodes speech by a server that speaks OpenAI's audio API: the
// speech worker of hotline, or any other.
//
// # Concepts
//
// A [Decoder] sends one segment as a 16-bit WAV of 16 kHz to
// /v1/audio/transcriptions and asks for verbose_json, whose log-probabilities
// become the confidence. hotline's own worker says its confidence itself.
//
// # Concurrency
//
// A Decoder is safe for concurrent use and starts nothing. The end of ctx ends the
// request.
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
	"math"
	"mime/multipart"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"hotline/asr"
	"hotline/media/dsp"
)

// Config says where the server is. Only BaseURL is needed.
type Config struct {
	BaseURL    string       // with /v1: "http://127.0.0.1:8090/v1", or "unix:/path/of/socket"
	HTTPClient *http.Client // default: one of its own, which dials the socket where BaseURL is one
	APIKey     string
	Model      string // default "whisper-1", which most servers take for their own choice
	// Models are asked for by the language of a segment, "" for the rest; they go before Model.
	Models  map[string]string
	Timeout time.Duration // of one request; default 10 s
	// Standard leaves out the fields that OpenAI's own API does not have (hotwords,
	// urgent): for servers that refuse what they do not know. Theirs is known to.
	Standard bool
}

// Decoder is an asr.Decoder.
type Decoder struct{ cfg Config }

var _ asr.Decoder = (*Decoder)(nil)

const (
	rate      = 16000
	maxAnswer = 1 << 20 // bytes of an answer that are read
)

// BusyError says that the server has too much to do; it means asr.ErrOverloaded.
type BusyError struct{ After time.Duration }

func (e *BusyError) Error() string {
	return "the speech server is too busy (retry after " + e.After.String() + ")"
}

// Unwrap makes errors.Is find asr.ErrOverloaded.
func (e *BusyError) Unwrap() error { return asr.ErrOverloaded }

// New checks c and returns a Decoder.
func New(c Config) (*Decoder, error) {
	if path, ok := strings.CutPrefix(c.BaseURL, "unix:"); ok {
		path = strings.TrimPrefix(path, "//")
		if path == "" {
			return nil, errors.New("speech server \"unix:\": the path of the socket is missing")
		}
		if c.HTTPClient == nil {
			c.HTTPClient = client(func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "unix", path)
			})
		}
		c.BaseURL = "http://speech/v1"
	}
	if !strings.HasPrefix(c.BaseURL, "http://") && !strings.HasPrefix(c.BaseURL, "https://") {
		return nil, fmt.Errorf("speech server %q: an address such as http://127.0.0.1:8090/v1 or unix:/path/of/socket is needed", c.BaseURL)
	}
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	c.Standard = c.Standard || strings.HasPrefix(c.BaseURL, "https://api.openai.com/")
	c.Model = cmp.Or(c.Model, "whisper-1")
	c.Timeout = cmp.Or(c.Timeout, 10*time.Second)
	if c.HTTPClient == nil {
		c.HTTPClient = client((&net.Dialer{Timeout: 3 * time.Second}).DialContext)
	}
	return &Decoder{cfg: c}, nil
}

func client(dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dial, TLSHandshakeTimeout: 5 * time.Second,
		MaxIdleConnsPerHost: 32, IdleConnTimeout: time.Minute,
	}}
}

// Close gives back idle connections.
func (d *Decoder) Close() error {
	d.cfg.HTTPClient.CloseIdleConnections()
	return nil
}

// answer is verbose_json with what hotline's worker adds.
type answer struct {
	Text       string  `json:"text"`
	Language   string  `json:"language"`
	Model      string  `json:"model"`
	Confidence float64 `json:"confidence"`
	Emotion    string  `json:"emotion"`
	QueuedMS   float64 `json:"queued_ms"`
	Segments   []struct {
		Start        float64  `json:"start"`
		End          float64  `json:"end"`
		LogProb      float64  `json:"avg_logprob"`
		NoSpeech     float64  `json:"no_speech_prob"`
		Alternatives []string `json:"alternatives"`
	} `json:"segments"`
}

// Decode implements asr.Decoder.
func (d *Decoder) Decode(ctx context.Context, s asr.Segment) (asr.Transcript, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, d.cfg.Timeout, fmt.Errorf("the speech server did not answer within %v", d.cfg.Timeout))
	defer cancel()
	if s.Rate > 0 && len(s.Samples) == 0 {
		return asr.Transcript{Language: s.Language, NoSpeech: 1, Engine: d.cfg.Model}, nil
	}
	body, kind, err := d.form(s)
	if err != nil {
		return asr.Transcript{}, err
	}
	began := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.cfg.BaseURL+"/audio/transcriptions", body)
	if err != nil {
		return asr.Transcript{}, fmt.Errorf("asking for a transcript: %w", err)
	}
	req.Header.Set("Content-Type", kind)
	if d.cfg.APIKey != "" {
		req.Header.Set("Authorization", "Bearer "+d.cfg.APIKey)
	}
	resp, err := d.cfg.HTTPClient.Do(req)
	if err != nil {
		return asr.Transcript{}, fmt.Errorf("asking for a transcript: %w", orCause(ctx, err))
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return asr.Transcript{}, fmt.Errorf("reading a transcript: %w", orCause(ctx, err))
	}
	if resp.StatusCode != http.StatusOK {
		return asr.Transcript{}, refusal(resp, data)
	}
	var a answer
	if err := json.Unmarshal(data, &a); err != nil {
		return asr.Transcript{}, fmt.Errorf("the speech server's answer is no verbose_json: %w", err)
	}
	return a.transcript(s, time.Since(began), d.model(s.Language)), nil
}

// orCause is why ctx ended, where that is what err comes of.
func orCause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// A StatusError is an answer that is no transcript.
type StatusError struct {
	Code    int
	Message string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("the speech server answers %d %s: %s", e.Code, http.StatusText(e.Code), e.Message)
}

// Temporary says whether another server, or the same one later, may do it.
func (e *StatusError) Temporary() bool { return e.Code >= 500 }

func refusal(resp *http.Response, data []byte) error {
	var e struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(data, &e) != nil || e.Error.Message == "" {
		e.Error.Message = string(data[:min(len(data), 200)])
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		after, err := strconv.Atoi(resp.Header.Get("Retry-After"))
		if err != nil {
			after = 1
		}
		return &BusyError{time.Duration(after) * time.Second}
	}
	return &StatusError{resp.StatusCode, e.Error.Message}
}

// form is the request: a WAV and what the decode should know.
func (d *Decoder) form(s asr.Segment) (body *bytes.Buffer, kind string, err error) {
	if s.Rate <= 0 {
		return nil, "", fmt.Errorf("a segment with the rate %d", s.Rate)
	}
	samples := dsp.Resample(s.Samples, s.Rate, rate)
	body = bytes.NewBuffer(make([]byte, 0, 2*len(samples)+4096))
	w := multipart.NewWriter(body)
	fields := [][2]string{
		{"model", d.model(s.Language)},
		{"response_format", "verbose_json"},
		{"temperature", "0"},
		{"language", s.Language},
		{"prompt", s.Prompt},
	}
	if !d.cfg.Standard {
		fields = append(fields, [2]string{"hotwords", strings.Join(s.Hotwords, ",")}, [2]string{"also", strings.Join(s.Also, ",")})
		if s.Urgent {
			fields = append(fields, [2]string{"urgent", "true"})
		}
	}
	for _, f := range fields {
		if f[1] == "" {
			continue
		}
		if err := w.WriteField(f[0], f[1]); err != nil {
			return nil, "", err
		}
	}
	file, err := w.CreateFormFile("file", "speech.wav")
	if err != nil {
		return nil, "", err
	}
	if _, err := file.Write(wave(samples)); err != nil {
		return nil, "", err
	}
	return body, w.FormDataContentType(), w.Close()
}

func (d *Decoder) model(language string) string {
	return cmp.Or(d.cfg.Models[language], d.cfg.Models[""], d.cfg.Model)
}

// wave is a mono 16-bit WAV of 16 kHz.
func wave(x []int16) []byte {
	b := make([]byte, 0, 44+2*len(x))
	b = append(b, "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(36+2*len(x)))
	b = append(b, "WAVEfmt "...)
	for _, v := range []uint32{16, 1 | 1<<16, rate, 2 * rate, 2 | 16<<16} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(2*len(x)))
	for _, v := range x {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}

// transcript takes the answer; the means over segments are weighted by their length.
func (a *answer) transcript(s asr.Segment, took time.Duration, model string) asr.Transcript {
	t := asr.Transcript{
		Text: strings.TrimSpace(a.Text), Language: shortLanguage(cmp.Or(a.Language, s.Language)), Emotion: a.Emotion,
		Engine: cmp.Or(a.Model, model), Confidence: a.Confidence, Queued: time.Duration(a.QueuedMS * float64(time.Millisecond)),
	}
	t.Took = max(0, took-t.Queued)
	var weight float64
	for _, g := range a.Segments {
		w := max(0.1, g.End-g.Start)
		weight += w
		t.LogProb += w * g.LogProb
		t.NoSpeech += w * g.NoSpeech
		t.Alternatives = append(t.Alternatives, g.Alternatives...)
	}
	if weight > 0 {
		t.LogProb /= weight
		t.NoSpeech /= weight
	}
	if len(a.Segments) > 1 {
		t.Alternatives = nil // of one piece only: not of the whole text
	}
	if t.Confidence == 0 && t.Text != "" {
		t.Confidence = confidence(t.LogProb, t.NoSpeech, weight > 0)
	}
	return t
}

// confidence of a server that tells none: the mean probability of a token, less
// where it may have been no speech. A server without scores is trusted a little.
func confidence(logProb, noSpeech float64, scored bool) float64 {
	if !scored {
		return 0.7
	}
	return math.Exp(logProb) * (1 - noSpeech*noSpeech)
}

// shortLanguage: OpenAI's own server says "chinese" and "english".
func shortLanguage(l string) string {
	switch strings.ToLower(l) {
	case "chinese", "mandarin", "zh-cn", "zh":
		return "zh"
	case "english", "en-us", "en-gb", "en":
		return "en"
	default:
		return l
	}
}
