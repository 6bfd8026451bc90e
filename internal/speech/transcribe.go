package speech

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"time"
	"unicode"

	"hotline/asr"
	"hotline/media/wav"
)

// transcription is a request for text.
type transcription struct {
	samples  []int16
	rate     int
	model    string
	format   string // json, text, verbose_json, srt
	stream   bool
	language string
	also     []string // ours: languages that may be spoken in its place
	prompt   string
	hotwords []string // ours: terms, separated by commas or lines
	urgent   bool     // ours: ends a turn
}

// segment is a piece of a transcript as verbose_json has it, with ours behind.
type segment struct {
	ID          int     `json:"id"`
	Seek        int     `json:"seek"`
	Start       float64 `json:"start"` // seconds
	End         float64 `json:"end"`
	Text        string  `json:"text"`
	Tokens      []int   `json:"tokens"`
	Temperature float64 `json:"temperature"`
	LogProb     float64 `json:"avg_logprob"`
	Compression float64 `json:"compression_ratio"`
	NoSpeech    float64 `json:"no_speech_prob"`

	Confidence   float64  `json:"confidence"`
	Emotion      string   `json:"emotion,omitempty"`
	Alternatives []string `json:"alternatives,omitempty"`
}

// transcript is the whole answer.
type transcript struct {
	Task     string    `json:"task"`
	Language string    `json:"language"`
	Duration float64   `json:"duration"` // seconds
	Text     string    `json:"text"`
	Segments []segment `json:"segments"`

	Model      string  `json:"model"`
	Confidence float64 `json:"confidence"`
	Emotion    string  `json:"emotion,omitempty"`
	QueuedMS   float64 `json:"queued_ms"`
	TookMS     float64 `json:"took_ms"`
}

func (s *Server) transcribe(w http.ResponseWriter, r *http.Request) {
	t, err := readTranscription(w, r)
	if err != nil {
		s.answerError(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), decodeTime, fmt.Errorf("decoding took longer than %v: %w", decodeTime, context.DeadlineExceeded))
	defer cancel()
	id, err := s.asr.choose(t.model, t.language)
	if err != nil {
		s.answerError(w, r, err)
		return
	}
	engine, err := s.asr.soon(ctx, id, s.cfg.Patience)
	if err != nil {
		s.answerError(w, r, err)
		return
	}
	leave, waited, err := s.decodes.enter(ctx)
	if err != nil {
		s.answerError(w, r, err)
		return
	}
	defer leave()
	out := transcript{Task: "transcribe", Model: id, QueuedMS: ms(waited), Duration: float64(len(t.samples)) / float64(t.rate)}
	var events *events
	if t.stream {
		events = newEvents(w)
	}
	err = decode(ctx, engine, t, &out, func(delta string) {
		if events != nil && delta != "" {
			events.send(map[string]any{"type": "transcript.text.delta", "delta": delta})
		}
	})
	switch {
	case err != nil && events != nil:
		events.send(map[string]any{"type": "error", "error": map[string]any{"message": err.Error(), "type": "server_error"}})
	case err != nil:
		s.answerError(w, r, err)
	case events != nil:
		events.send(map[string]any{"type": "transcript.text.done", "text": out.Text, "language": out.Language, "segments": out.Segments, "model": out.Model})
	default:
		t.answer(w, out)
	}
}

// decode fills out piece by piece and calls said with each piece's text.
func decode(ctx context.Context, engine asr.Decoder, t *transcription, out *transcript, said func(string)) error {
	begin := time.Now()
	at, sum := 0, 0.0
	for i, piece := range pieces(t.samples, t.rate) {
		got, err := engine.Decode(ctx, asr.Segment{
			Rate: t.rate, Samples: piece, Language: t.language, Also: t.also, Prompt: t.prompt, Hotwords: t.hotwords, Urgent: t.urgent,
		})
		if err != nil {
			return fmt.Errorf("decoding: %w", err)
		}
		text := got.Text
		if out.Text != "" && text != "" && spaced(out.Text, text) {
			text = " " + text
		}
		said(text)
		out.Text += text
		out.Segments = append(out.Segments, segment{
			ID: i, Seek: at * 100 / t.rate, Start: float64(at) / float64(t.rate), End: float64(at+len(piece)) / float64(t.rate),
			Text: got.Text, Tokens: []int{}, LogProb: finite(got.LogProb), Compression: 1, NoSpeech: finite(got.NoSpeech),
			Confidence: finite(got.Confidence), Emotion: got.Emotion, Alternatives: got.Alternatives,
		})
		at += len(piece)
		sum += finite(got.Confidence) * float64(len(piece))
		if got.Language != "" {
			out.Language = got.Language
		}
		if got.Emotion != "" {
			out.Emotion = got.Emotion
		}
	}
	if out.Language == "" {
		out.Language = t.language
	}
	if at > 0 {
		out.Confidence = sum / float64(at)
	}
	out.TookMS = ms(time.Since(begin))
	return nil
}

// spaced says whether a space belongs between two texts: not beside Chinese.
func spaced(a, b string) bool {
	last, first := []rune(a), []rune(b)
	return !unicode.Is(unicode.Han, last[len(last)-1]) && !unicode.Is(unicode.Han, first[0]) && last[len(last)-1] < 0x3000
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// finite keeps numbers that JSON cannot write away from it.
func finite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}

func readTranscription(w http.ResponseWriter, r *http.Request) (*transcription, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	form, err := r.MultipartReader()
	if err != nil {
		return nil, bad("a multipart form with the field \"file\" is needed: %w", err)
	}
	t := &transcription{format: "json"}
	found := false
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, formError(err)
		}
		name := part.FormName()
		limit := int64(64 << 10)
		if name == "file" {
			limit = maxUpload
		}
		value, err := io.ReadAll(io.LimitReader(part, limit+1))
		if err != nil {
			return nil, formError(err)
		}
		if int64(len(value)) > limit {
			return nil, bad("the field %q is too long", name)
		}
		if name == "file" {
			found = true
			if err := t.sound(value); err != nil {
				return nil, err
			}
			continue
		}
		if err := t.field(name, strings.TrimSpace(string(value))); err != nil {
			return nil, err
		}
	}
	if !found {
		return nil, bad("the field \"file\" is missing")
	}
	if len(t.samples) == 0 {
		return nil, bad("the file has no sound")
	}
	return t, nil
}

// sound reads the file; several channels are mixed to one.
func (t *transcription) sound(file []byte) error {
	a, err := wav.Read(bytes.NewReader(file))
	if err != nil {
		return bad("the file cannot be heard here, send WAV: %w", err)
	}
	t.samples, t.rate = a.Mono(), a.Rate
	if t.rate < 4000 || t.rate > 192000 {
		return bad("a sample rate of %d Hz is not for speech", t.rate)
	}
	if time.Duration(len(t.samples))*time.Second/time.Duration(t.rate) > maxSound {
		return bad("the sound is longer than %v", maxSound)
	}
	return nil
}

func formError(err error) error {
	if errors.As(err, new(*http.MaxBytesError)) {
		return err
	}
	return bad("the form cannot be read: %w", err)
}

// field takes a form field; those that mean nothing here (temperature …) are let
// go by, as clients send them anyway.
func (t *transcription) field(name, value string) error {
	switch name {
	case "model":
		t.model = value
	case "language":
		t.language = strings.ToLower(value)
	case "prompt":
		t.prompt = value
	case "also":
		t.also = strings.FieldsFunc(strings.ToLower(value), func(r rune) bool { return r == ',' || r == ' ' })
	case "hotwords":
		t.hotwords = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == '\n' || r == '，' || r == '、' })
	case "urgent":
		t.urgent = value == "true" || value == "1"
	case "stream":
		t.stream = value == "true" || value == "1"
	case "response_format":
		switch value {
		case "json", "text", "verbose_json", "srt":
			t.format = value
		default:
			return bad("the response_format %q is not known here: json, text, verbose_json or srt", value)
		}
	}
	return nil
}

func (t *transcription) answer(w http.ResponseWriter, out transcript) {
	switch t.format {
	case "text", "srt":
		text := out.Text + "\n"
		if t.format == "srt" {
			text = srt(out.Segments)
		}
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTime))
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, text)
	case "verbose_json":
		writeJSON(w, http.StatusOK, out)
	default:
		writeJSON(w, http.StatusOK, map[string]any{"text": out.Text})
	}
}

func srt(segments []segment) string {
	stamp := func(s float64) string {
		n := int64(s * 1000)
		return fmt.Sprintf("%02d:%02d:%02d,%03d", n/3600000, n/60000%60, n/1000%60, n%1000)
	}
	var b strings.Builder
	for i, s := range segments {
		fmt.Fprintf(&b, "%d\n%s --> %s\n%s\n\n", i+1, stamp(s.Start), stamp(s.End), s.Text)
	}
	return b.String()
}

// events writes server-sent events.
type events struct {
	w    http.ResponseWriter
	ctrl *http.ResponseController
}

func newEvents(w http.ResponseWriter) *events {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	return &events{w, http.NewResponseController(w)}
}

func (e *events) send(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		return
	}
	_ = e.ctrl.SetWriteDeadline(time.Now().Add(writeTime))
	_, _ = fmt.Fprintf(e.w, "data: %s\n\n", b)
	_ = e.ctrl.Flush()
}
