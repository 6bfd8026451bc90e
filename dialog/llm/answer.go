package llm

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	openai "github.com/sashabaranov/go-openai"

	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/dialog/internal/lang"
	"hotline/dialog/private"
)

const (
	maxSentences = 3   // of a spoken reply
	maxSentence  = 160 // characters of one
	temperature  = 0.1
	summaryLimit = 3 * time.Second
)

var (
	_ engine.Model     = (*Client)(nil)
	_ engine.ModelCall = (*Call)(nil)
)

// Call is one call's use of the models, with its budget.
type Call struct {
	c      *Client
	zh     bool
	id     string
	budget budget
}

// Call implements engine.Model.
func (c *Client) Call(f dialog.Facts) engine.ModelCall {
	return &Call{c: c, zh: lang.Chinese(f.Language), id: f.CallID, budget: budget{requests: c.c.Requests, tokens: c.c.Tokens}}
}

// written is a sentence of a reply, or its end.
type written struct {
	text string
	got  reply
	err  error
	end  bool
}

// Answer implements engine.ModelCall. The model's stream is read while sentences are
// spoken; the first that may not be said ends the reply.
func (c *Call) Answer(ctx context.Context, r engine.AnswerRequest, say func(string) error) (engine.AnswerResult, error) {
	var sources []Source
	for _, p := range r.Pairs {
		if text := strings.TrimSpace(p.Say()); text != "" {
			sources = append(sources, Source{ID: p.ID, Question: p.Question, Text: text})
		} else {
			sources = append(sources, Source{ID: p.ID, Question: p.Question})
		}
	}
	if len(sources) == 0 {
		return engine.AnswerResult{}, nil
	}
	request := openai.ChatCompletionRequest{Messages: answerMessages(c.zh, r, sources), Tools: tools(r), MaxCompletionTokens: maxOutput, Temperature: temperature}
	grounds := NewGrounds(languageOf(c.zh), sources, request.Messages[0].Content)

	ctx, cancel := context.WithCancelCause(ctx)
	out := make(chan written, maxSentences+2) // room for all that is ever put into it
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		var cut cutter
		n := 0
		got, err := c.c.ask(ctx, &c.budget, request, func(s string) bool {
			for _, sentence := range cut.add(s) {
				if n++; n > maxSentences {
					return false
				}
				out <- written{text: sentence}
			}
			return true
		})
		if rest := cut.rest(); err == nil && rest != "" && n < maxSentences { // what breaks off is not said
			out <- written{text: rest}
		}
		out <- written{got: got, err: err, end: true}
	}()
	defer func() { cancel(errLeft); <-finished }()

	said := 0
	for w := range out { // ends with w.end or an error
		if w.end {
			if w.err != nil {
				c.c.c.Log.Info("the language model added nothing more", "call_id", c.id, "said", said, "error", w.err)
				return engine.AnswerResult{}, w.err
			}
			if said > 0 {
				return engine.AnswerResult{}, nil
			}
			return c.wanted(w.got.tools, r), nil
		}
		if strings.Contains(w.text, nothing) {
			return engine.AnswerResult{}, nil
		}
		c.c.stats.sentences.Add(1)
		near, why := grounds.Check(w.text)
		if why == "" && len([]rune(w.text)) > maxSentence {
			why = Torn
		}
		if why != "" {
			c.c.stats.refused.Add(1)
			c.c.c.Log.Info("a sentence of the language model was not said", "call_id", c.id, "reason", string(why), "sentence", private.Mask(w.text))
			if said > 0 || why == LeaksPrompt || why == OtherLanguage {
				return engine.AnswerResult{}, nil
			}
			return engine.AnswerResult{Pair: near}, nil
		}
		if !grounds.Says(w.text) {
			continue
		}
		if err := say(w.text); err != nil {
			return engine.AnswerResult{}, err
		}
		said++
	}
	return engine.AnswerResult{}, nil
}

// wanted is the first tool call that may be done; others are counted.
func (c *Call) wanted(calls []tool, r engine.AnswerRequest) engine.AnswerResult {
	for _, t := range calls {
		var a struct {
			Name  string `json:"name"`
			Skill string `json:"skill"`
		}
		d := json.NewDecoder(strings.NewReader(t.arguments))
		d.DisallowUnknownFields()
		err := d.Decode(&a)
		switch {
		case err == nil && t.name == "start_flow" && a.Skill == "" && r.Flows[a.Name] != "":
			return engine.AnswerResult{Flow: a.Name}
		case err == nil && t.name == "transfer" && a.Name == "" && a.Skill != "" && slices.Contains(r.Skills, a.Skill):
			return engine.AnswerResult{Skill: a.Skill}
		}
		c.c.stats.calls.Add(1)
		c.c.c.Log.Warn("the language model wanted what it may not do", "call_id", c.id, "tool", private.Mask(t.name), "arguments", private.Mask(t.arguments))
	}
	return engine.AnswerResult{}
}

// cutter makes sentences of what streams in.
type cutter struct {
	text     string
	thinking bool
}

const thinkFrom, thinkTo = "<think>", "</think>"

func (c *cutter) add(s string) []string {
	c.text += s
	if !c.thinking && strings.HasPrefix(strings.TrimSpace(c.text), thinkFrom) {
		c.thinking = true
	}
	if c.thinking {
		_, after, ok := strings.Cut(c.text, thinkTo)
		if !ok {
			return nil
		}
		c.text, c.thinking = after, false
	}
	if t := strings.TrimSpace(c.text); t != "" && strings.HasPrefix(thinkFrom, t) {
		return nil
	}
	var out []string
	for {
		n := sentenceEnd(c.text, false)
		if n == 0 {
			return out
		}
		if t := plainSpeech(c.text[:n]); t != "" {
			out = append(out, t)
		}
		c.text = c.text[n:]
	}
}

// rest is what was left without a mark behind it.
func (c *cutter) rest() string {
	if c.thinking {
		return ""
	}
	return plainSpeech(c.text)
}

var (
	listMark = regexp.MustCompile(`^(?:[-•·]\s*|\(?[0-9]{1,2}[.、)）](\s|\p{Han}|\p{L}|$))`)
	caption  = regexp.MustCompile(`^(?:[【\[][^】\]]{1,12}[】\]]|[^，。,.!?！？0-9]{1,16}[:：])$`)
)

// plainSpeech takes away what is for the eye: marks of lists, captions, emphasis.
func plainSpeech(s string) string {
	s = strings.Trim(strings.NewReplacer("**", "", "*", "", "#", "", "`", "", "_", "").Replace(s), " \t\r\n\"“”'")
	s = strings.TrimSpace(listMark.ReplaceAllString(s, "$1"))
	if caption.MatchString(s) {
		return ""
	}
	return s
}

// gather asks for a whole text.
func (c *Call) gather(ctx context.Context, system, user string, most int) (string, error) {
	var cut cutter
	var parts []string
	_, err := c.c.ask(ctx, &c.budget, openai.ChatCompletionRequest{
		Messages:            []openai.ChatCompletionMessage{{Role: "system", Content: system}, {Role: "user", Content: user}},
		MaxCompletionTokens: most, Temperature: temperature,
	}, func(s string) bool { parts = append(parts, cut.add(s)...); return true })
	if err != nil {
		return "", err
	}
	if rest := cut.rest(); rest != "" {
		parts = append(parts, rest)
	}
	text := strings.Join(parts, "\n")
	if strings.Contains(text, nothing) {
		return "", nil
	}
	return text, nil
}

// Value implements engine.ModelCall. What it returns stands in the caller's words.
func (c *Call) Value(ctx context.Context, r engine.ValueRequest) (string, error) {
	system := valueEnglish
	if c.zh {
		system = valueChinese
	}
	question := r.Question
	if question == "" {
		question = r.Slot.Title
	}
	// What is masked cannot be copied: such a value is not for a model to find.
	said := quoted(r.Text, maxText)
	user := heading(c.zh, "问题", "QUESTION") + " " + quoted(question, maxText) + "\n" + heading(c.zh, "来电人", "CALLER") + " " + said
	text, err := c.gather(ctx, system, user, 60)
	if err != nil {
		c.c.c.Log.Info("the language model found no value", "call_id", c.id, "error", err)
		return "", err
	}
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if line = strings.Trim(line, " 。.,，\"“”'"); line == "" {
		return "", nil
	}
	if !strings.Contains(squeeze(normal(r.Text)), squeeze(normal(line))) {
		c.c.stats.refused.Add(1)
		return "", nil
	}
	return line, nil
}

// Summary implements engine.ModelCall: sentences in which every figure stands in the
// call, and nothing is promised.
func (c *Call) Summary(ctx context.Context, lines []engine.Line) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, summaryLimit, ErrSilent)
	defer cancel()
	system := summaryEnglish
	if c.zh {
		system = summaryChinese
	}
	var b, all strings.Builder
	for _, l := range lines {
		b.WriteString(who(c.zh, l.Caller) + quoted(l.Text, maxText/3) + "\n")
		all.WriteString(l.Text + "\n")
	}
	text, err := c.gather(ctx, system, b.String(), 150)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			c.c.c.Log.Info("no summary from the language model", "call_id", c.id, "error", err)
		}
		return "", err
	}
	heard := newClause(normal(all.String()))
	var kept []string
	for s := range strings.SplitSeq(text, "\n") {
		s = strings.TrimSpace(s)
		n := newClause(normal(s))
		g := Grounds{zh: c.zh, secret: squeeze(normal(system))}
		switch {
		case s == "" || len(kept) == 2:
		case !within(n.numbers, heard.numbers) || !within(promises(n.bound), heard.bound) || g.otherLanguage(normal(s)) || g.leaks(normal(s)):
			c.c.stats.refused.Add(1)
		default:
			kept = append(kept, s)
		}
	}
	if c.zh {
		return strings.Join(kept, ""), nil
	}
	return strings.Join(kept, " "), nil
}

// promises are those of the bound words that could be taken for the bot's word.
func promises(bound []string) []string {
	return slices.DeleteFunc(slices.Clone(bound), func(k string) bool {
		return !slices.Contains(promising, strings.TrimPrefix(k, "w:"))
	})
}

var promising = []string{"保证", "承诺", "答应", "一定", "绝对", "赔", "赔偿", "赔付", "补偿", "免费", "全额", "返现", "同意", "promis", "promise", "guarante", "guarantee", "compensat", "reimburs", "free", "waiv", "approv"}
