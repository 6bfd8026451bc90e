package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Voices lets the lines' voices be heard.
type Voices interface {
	Voices(ctx context.Context) ([]Voice, error)
	// Speak is a text as a line says it, in a WAV file; false where there is no such
	// line. A voice of "" and a pace of 0 are the line's own.
	Speak(ctx context.Context, line, text, voice string, pace float64) (wav []byte, ok bool, err error)
}

// Voice is how a line speaks.
type Voice struct {
	Line      string          `json:"line"`
	Title     string          `json:"title"`
	Language  string          `json:"language"`
	Voice     string          `json:"voice" doc:"MODEL/SPEAKER"`
	Chosen    bool            `json:"chosen" doc:"business.yaml names it; otherwise it is the best that is installed"`
	Rate      float64         `json:"rate" doc:"1.25 is a quarter faster than the voice's own pace"`
	Sample    string          `json:"sample" doc:"how the line answers"`
	Choices   []string        `json:"choices" doc:"voices of its language that are installed"`
	Business  string          `json:"business" doc:"where its settings are changed"`
	Named     string          `json:"named" doc:"what it is called there"`
	Sentences []VoiceSentence `json:"sentences" doc:"what it says in fixed words"`
}

// VoiceSentence is something that a line says in fixed words.
type VoiceSentence struct {
	Text  string `json:"text"`
	State string `json:"state" enum:"rendered,kept,made" doc:"rendered: it lies in speech/ of the business's folder; kept: made before, and kept; made: while the caller waits"`
}

// Where the sound of a sentence comes from.
const (
	VoiceRendered = "rendered"
	VoiceKept     = "kept"
	VoiceMade     = "made"
)

// What people may have spoken in the console: calls need the same voice.
const (
	maxSpeech   = 200 // characters
	speechEvery = 2 * time.Second
	speechBurst = 10
	speechTime  = 20 * time.Second
)

// speaking bounds what is spoken for the console.
type speaking struct {
	one   chan struct{} // held by who has something spoken
	limit *rate.Limiter
}

func newSpeaking() speaking {
	return speaking{one: make(chan struct{}, 1), limit: rate.NewLimiter(rate.Every(speechEvery), speechBurst)}
}

type voicesOutput struct {
	Body struct {
		Items []Voice `json:"items"`
	}
}

type speakInput struct {
	Line string `path:"line" maxLength:"128"`
	Body struct {
		Text string  `json:"text" minLength:"1" maxLength:"200"`
		Rate float64 `json:"rate,omitempty" minimum:"0.5" maximum:"2" doc:"the line's own where left out"`
		// A voice is a model's name and a speaker's, never a path.
		Voice string `json:"voice,omitempty" maxLength:"128" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9_-]+)?$" doc:"the line's own where left out"`
	}
}

func (s *Server) voiceRoutes() {
	route(s, operation(http.MethodGet, "/voices", "list-voices", "How the lines speak, and what they say in fixed words", "system"), s.listVoices)
	speak := operation(http.MethodPost, "/voices/{line}/speak", "speak", "A text as a line says it, as a WAV file", "system")
	speak.Responses = map[string]*huma.Response{"200": {Description: "the sound", Content: map[string]*huma.MediaType{"audio/wav": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	route(s, speak, s.speak)
}

func (s *Server) listVoices(ctx context.Context, _ *struct{}) (*voicesOutput, error) {
	out := &voicesOutput{}
	out.Body.Items = []Voice{}
	if s.cfg.Voices == nil {
		return out, nil
	}
	list, err := s.cfg.Voices.Voices(ctx)
	if err != nil {
		return nil, err
	}
	out.Body.Items = append(out.Body.Items, list...)
	return out, nil
}

func (s *Server) speak(ctx context.Context, in *speakInput) (*huma.StreamResponse, error) {
	if s.cfg.Voices == nil {
		return nil, problem(http.StatusNotFound, "not_found", "no line's voice is to be heard here")
	}
	if len([]rune(in.Body.Text)) > maxSpeech {
		return nil, problem(http.StatusUnprocessableEntity, "too_long", "up to "+strconv.Itoa(maxSpeech)+" characters are spoken")
	}
	if !s.speaking.limit.Allow() {
		p := problem(http.StatusTooManyRequests, "too_many", "too much is being spoken, try again in a moment")
		p.headers = http.Header{"Retry-After": {strconv.Itoa(int(speechEvery.Seconds()))}}
		return nil, p
	}
	ctx, cancel := context.WithTimeout(ctx, speechTime)
	defer cancel()
	select {
	case s.speaking.one <- struct{}{}:
		defer func() { <-s.speaking.one }()
	case <-ctx.Done():
		return nil, problem(http.StatusTooManyRequests, "too_many", "somebody else is having something spoken, try again in a moment")
	}
	wav, ok, err := s.cfg.Voices.Speak(ctx, in.Line, in.Body.Text, in.Body.Voice, in.Body.Rate)
	switch {
	case err != nil:
		s.log.WarnContext(ctx, "a text could not be spoken for the console", "line", in.Line, "error", err)
		return nil, problem(http.StatusServiceUnavailable, "no_voice", "the voice does not answer, see the page System")
	case !ok:
		return nil, problem(http.StatusNotFound, "not_found", "there is no such line")
	}
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		_, w := humago.Unwrap(hctx)
		w.Header().Set("Content-Type", "audio/wav")
		w.Header().Set("Content-Length", strconv.Itoa(len(wav)))
		_, _ = w.Write(wav)
	}}, nil
}
