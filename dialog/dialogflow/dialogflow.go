package dialogflow

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"hotline/dialog/backend"
)

// Config is an agent.
type Config struct {
	// Agent is its resource name: projects/P/agent (or projects/P/locations/L/agent) of
	// ES, projects/P/locations/L/agents/A of CX; environments/E may follow.
	Agent string
	// URL is the endpoint; Google's of the agent's location where empty.
	URL string
	// Language is the code that the agent knows it by: zh-cn, en. That of the call where
	// empty.
	Language string
	// Welcome is the event that asks for the greeting; WELCOME where empty.
	Welcome  string
	Timezone string // of the caller, for days that are said
	// Token is an access token of Google's OAuth; it is asked each time.
	Token func() (string, error)
	HTTP  *http.Client
}

// Brain implements backend.Brain.
type Brain struct {
	c       Config
	cx      bool
	address string // up to the session
	poster  *backend.Poster
}

var _ backend.Brain = (*Brain)(nil)

var (
	agentES = regexp.MustCompile(`^projects/[a-zA-Z0-9._:-]+(/locations/([a-z0-9-]+))?/agent(/environments/[a-zA-Z0-9._ -]+)?$`)
	agentCX = regexp.MustCompile(`^projects/[a-zA-Z0-9._:-]+/locations/([a-z0-9-]+)/agents/[a-zA-Z0-9-]+(/environments/[a-zA-Z0-9-]+)?$`)
)

// New checks c.
func New(c Config) (*Brain, error) {
	b := &Brain{c: c}
	version, suffix := "v2", ""
	var location string
	if m := agentCX.FindStringSubmatch(c.Agent); m != nil {
		b.cx, version, location = true, "v3", m[1]
	} else if m := agentES.FindStringSubmatch(c.Agent); m != nil {
		location = m[2]
		if m[3] != "" {
			suffix = "/users/-"
		}
	} else {
		return nil, fmt.Errorf("dialogflow: %q is no agent: write projects/PROJECT/agent (ES) or projects/PROJECT/locations/LOCATION/agents/ID (CX)", c.Agent)
	}
	base := c.URL
	if base == "" {
		base = "https://dialogflow.googleapis.com"
		if location != "" && location != "global" {
			base = "https://" + location + "-dialogflow.googleapis.com"
		}
	}
	base, err := backend.Address(base)
	if err != nil {
		return nil, fmt.Errorf("dialogflow: %w", err)
	}
	if b.c.Welcome == "" {
		b.c.Welcome = "WELCOME"
	}
	b.address = base + "/" + version + "/" + c.Agent + suffix + "/sessions/"
	b.poster = backend.NewPoster("dialogflow", c.HTTP, c.Token)
	return b, nil
}

type (
	request struct {
		QueryInput  queryInput     `json:"queryInput"`
		QueryParams map[string]any `json:"queryParams,omitempty"`
	}
	queryInput struct {
		Text         *textInput  `json:"text,omitempty"`
		Event        *eventInput `json:"event,omitempty"`
		DTMF         *dtmfInput  `json:"dtmf,omitempty"`
		LanguageCode string      `json:"languageCode,omitempty"` // of CX
	}
	textInput struct {
		Text         string `json:"text"`
		LanguageCode string `json:"languageCode,omitempty"` // of ES
	}
	eventInput struct {
		Name         string `json:"name,omitempty"`  // of ES
		Event        string `json:"event,omitempty"` // of CX
		LanguageCode string `json:"languageCode,omitempty"`
	}
	dtmfInput struct {
		Digits      string `json:"digits"`
		FinishDigit string `json:"finishDigit,omitempty"`
	}

	response struct {
		QueryResult result `json:"queryResult"`
	}
	// result is that of both editions; each fills its own part.
	result struct {
		Parameters map[string]any `json:"parameters"`
		// ES
		FulfillmentText           string         `json:"fulfillmentText"`
		FulfillmentMessages       []part         `json:"fulfillmentMessages"`
		AllRequiredParamsPresent  *bool          `json:"allRequiredParamsPresent"`
		Intent                    *intent        `json:"intent"`
		IntentDetectionConfidence float64        `json:"intentDetectionConfidence"`
		DiagnosticInfo            map[string]any `json:"diagnosticInfo"`
		// CX
		ResponseMessages []part `json:"responseMessages"`
		Match            *struct {
			Intent     *intent `json:"intent"`
			MatchType  string  `json:"matchType"`
			Confidence float64 `json:"confidence"`
		} `json:"match"`
	}
	intent struct {
		DisplayName      string `json:"displayName"`
		IsFallback       bool   `json:"isFallback"`
		EndInteraction   bool   `json:"endInteraction"`
		LiveAgentHandoff bool   `json:"liveAgentHandoff"`
	}
	// part is a message of either edition.
	part struct {
		Platform string `json:"platform"`
		Text     *struct {
			Text []string `json:"text"`
		} `json:"text"`
		OutputAudioText *spoken `json:"outputAudioText"`
		QuickReplies    *struct {
			Title        string   `json:"title"`
			QuickReplies []string `json:"quickReplies"`
		} `json:"quickReplies"`
		TelephonySynthesizeSpeech *spoken         `json:"telephonySynthesizeSpeech"`
		TelephonyTransferCall     json.RawMessage `json:"telephonyTransferCall"`
		LiveAgentHandoff          *struct {
			Metadata map[string]any `json:"metadata"`
		} `json:"liveAgentHandoff"`
		EndInteraction      json.RawMessage `json:"endInteraction"`
		ConversationSuccess json.RawMessage `json:"conversationSuccess"`
		Payload             json.RawMessage `json:"payload"`
	}
	spoken struct {
		Text string `json:"text"`
		SSML string `json:"ssml"`
	}
)

// telephony is the platform of ES whose messages are for calls.
const telephony = "TELEPHONY"

// Ask implements backend.Brain.
func (b *Brain) Ask(ctx context.Context, t backend.Turn) (backend.Reply, error) {
	var out response
	if err := b.poster.Post(ctx, b.address+session(t.Session)+":detectIntent", b.request(t), &out); err != nil {
		return backend.Reply{}, fmt.Errorf("asking Dialogflow: %w", err)
	}
	return out.QueryResult.reply(), nil
}

// session is the id of a call as both editions take it: at most 36 characters.
func session(call string) string {
	sum := sha256.Sum256([]byte(call))
	return hex.EncodeToString(sum[:16])
}

func (b *Brain) request(t backend.Turn) request {
	language := b.c.Language
	if language == "" {
		language = map[string]string{"zh": "zh-cn"}[t.Language]
		if language == "" {
			language = t.Language
		}
	}
	facts := map[string]any{"caller": t.Caller, "line": t.Line, "interrupted": t.Interrupted, "emotion": t.Emotion}
	params := map[string]any{"payload": map[string]any{"hotline": facts}}
	if b.c.Timezone != "" {
		params["timeZone"] = b.c.Timezone
	}
	r := request{QueryParams: params}
	text := t.Text
	if t.Payload != "" {
		text = t.Payload
	}
	if b.cx {
		r.QueryInput.LanguageCode = language
		switch {
		case t.Welcome:
			r.QueryInput.Event = &eventInput{Event: b.c.Welcome}
		case t.Keys != "" && text == "":
			r.QueryInput.DTMF = &dtmfInput{Digits: t.Keys, FinishDigit: "#"}
		default:
			r.QueryInput.Text = &textInput{Text: text}
		}
		return r
	}
	switch {
	case t.Welcome:
		r.QueryInput.Event = &eventInput{Name: b.c.Welcome, LanguageCode: language}
	case t.Keys != "" && text == "": // ES v2 takes no keys but as text
		r.QueryInput.Text = &textInput{Text: t.Keys, LanguageCode: language}
	default:
		r.QueryInput.Text = &textInput{Text: text, LanguageCode: language}
	}
	return r
}

func (q *result) reply() backend.Reply {
	r := backend.Reply{Slots: flat(q.Parameters), Confidence: q.IntentDetectionConfidence}
	found := q.Intent
	if q.Match != nil {
		r.Confidence = q.Match.Confidence
		if q.Match.Intent != nil {
			found = q.Match.Intent
		}
		r.Unknown = q.Match.MatchType == "NO_MATCH" || q.Match.MatchType == "NO_INPUT"
	}
	if found != nil {
		r.Intent = found.DisplayName
		r.Unknown = r.Unknown || found.IsFallback
		r.Hangup, r.Transfer = found.EndInteraction && finished(q), found.LiveAgentHandoff && finished(q)
	}
	if end, ok := q.DiagnosticInfo["end_conversation"].(bool); ok && end {
		r.Hangup = true
	}
	for _, p := range messages(q) {
		p.into(&r)
	}
	if len(r.Say) == 0 && q.FulfillmentText != "" {
		r.Say = []string{q.FulfillmentText}
	}
	return r
}

// finished: an intent of ES ends the call only when all that it asks for is known.
func finished(q *result) bool {
	return q.AllRequiredParamsPresent == nil || *q.AllRequiredParamsPresent || len(q.Parameters) == 0
}

// messages are those for a call: of ES the platform's own where there are any, else
// those of no platform.
func messages(q *result) []part {
	if len(q.ResponseMessages) > 0 {
		return q.ResponseMessages
	}
	pick := func(platforms ...string) []part {
		return slices.DeleteFunc(slices.Clone(q.FulfillmentMessages), func(p part) bool { return !slices.Contains(platforms, p.Platform) })
	}
	if own := pick(telephony); len(own) > 0 {
		return own
	}
	return pick("", "PLATFORM_UNSPECIFIED")
}

func (p part) into(r *backend.Reply) {
	say := func(text string) {
		if strings.TrimSpace(text) != "" {
			r.Say = append(r.Say, text)
		}
	}
	if p.Text != nil {
		for _, text := range p.Text.Text {
			say(text)
		}
	}
	for _, s := range []*spoken{p.OutputAudioText, p.TelephonySynthesizeSpeech} {
		if s != nil && s.Text != "" {
			say(s.Text)
		} else if s != nil {
			say(s.SSML)
		}
	}
	if p.QuickReplies != nil {
		say(p.QuickReplies.Title)
		for _, title := range p.QuickReplies.QuickReplies {
			r.Choices = append(r.Choices, backend.Choice{Title: title})
		}
	}
	// Where the agent wants the call sent to a number of its own, people of the
	// business take it: which numbers are rung is the operator's to say.
	if present(p.TelephonyTransferCall) {
		r.Transfer = true
	}
	if p.LiveAgentHandoff != nil {
		r.Transfer = true
		if skill, ok := p.LiveAgentHandoff.Metadata["skill"].(string); ok {
			r.Skill = skill
		}
	}
	r.Hangup = r.Hangup || present(p.EndInteraction)
	r.Done = r.Done || present(p.ConversationSuccess)
	r.Wish(p.Payload)
}

func present(m json.RawMessage) bool { return len(m) > 0 && string(m) != "null" }

// flat makes words of parameters; what is empty is not known yet.
func flat(parameters map[string]any) map[string]string {
	const most, longest = 40, 200
	out := map[string]string{}
	for name, v := range parameters {
		var text string
		switch v := v.(type) {
		case nil:
		case string:
			text = v
		case float64, bool:
			text = fmt.Sprint(v)
		default:
			if data, err := json.Marshal(v); err == nil && string(data) != "[]" && string(data) != "{}" {
				text = string(data)
			}
		}
		if text != "" && len(text) <= longest && len(out) < most {
			out[name] = text
		}
	}
	return out
}
