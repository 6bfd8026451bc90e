package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/spf13/cobra"

	"hotline/dialog"
	"hotline/internal/call"
)

func newChat(s *settings) *cobra.Command {
	var line, caller string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "chat",
		Short: "Talk to the bot by text: the same dialogue as on the telephone",
		Long: `Reads what a caller says, a line for each turn, and prints what the bot does.

  /interrupt 1200   the caller spoke over the last reply after 1,200 ms
  /dtmf 12#         keys
  /silence          a turn without speech`,
		Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			b, err := s.bot(cmd.Context(), line)
			if err != nil {
				return err
			}
			ch := &chat{bot: b, out: cmd.OutOrStdout(), asJSON: asJSON}
			return ch.run(cmd.Context(), cmd.InOrStdin(), caller)
		},
	}
	cmd.Flags().StringVar(&line, "line", "", "line of business.yaml (default the one that takes unlisted numbers)")
	cmd.Flags().StringVar(&caller, "caller", "", "the caller's number")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object for each turn of the bot")
	return cmd
}

// bot is the line of that name, "" for the one that takes unlisted numbers, as
// commands talk to it that run without a server.
func (s *settings) bot(ctx context.Context, line string) (*bot, error) {
	c, err := s.load()
	if err != nil {
		return nil, err
	}
	model, err := languageModel(c, discard())
	if err != nil {
		return nil, err
	}
	bs, err := loadBots(c.Business, senses{localMeaning(ctx, c, discard()).in, localIntentsMeaning(ctx, c, discard()).in}, trial(), model, discard()) //nolint:contextcheck // what it builds bounds its own time
	if err != nil {
		return nil, err
	}
	b := bs.find("")
	if line != "" {
		b = bs.named(line)
	}
	if b != nil {
		talk, _, err := bs.tongues(b) //nolint:contextcheck // what it builds bounds its own time
		if err != nil {
			return nil, err
		}
		b.talk = talk
		return b, nil
	}
	return nil, usageError{fmt.Errorf("there is no line %q; the lines are %s", line, strings.Join(bs.names(), ", "))}
}

func (bs *bots) names() []string {
	var out []string
	for _, b := range bs.lines() {
		out = append(out, b.line.Name)
	}
	return out
}

// chat is one conversation by text.
type chat struct {
	bot    *bot
	conv   dialog.Conversation
	out    io.Writer
	asJSON bool
	last   string // what the bot said last
	ended  bool
}

// reply is one turn of the bot, as CONTRACT says.
type reply struct {
	Say         string             `json:"say"`
	Intent      string             `json:"intent"`
	Confidence  float64            `json:"confidence"`
	Source      string             `json:"source"`
	KnowledgeID string             `json:"knowledge_id"`
	Slots       map[string]string  `json:"slots"`
	Emotion     emotion            `json:"emotion"`
	Acts        []string           `json:"acts"`
	Ended       bool               `json:"ended"`
	Candidates  []dialog.Candidate `json:"candidates,omitempty"`
	Skill       string             `json:"skill,omitempty"`
	Summary     string             `json:"summary,omitempty"`
}

type emotion struct {
	Label string  `json:"label"`
	Score float64 `json:"score"`
}

func (c *chat) run(ctx context.Context, in io.Reader, caller string) (err error) {
	c.conv, err = c.bot.talk.Begin(ctx, dialog.Facts{
		CallID: ulid.Make().String(), Line: c.bot.line.Name, Language: c.bot.line.Language, Caller: caller, Direction: "inbound", Now: time.Now(),
	})
	if err != nil {
		return err
	}
	if err := c.turn(ctx, dialog.Turn{Kind: dialog.Opened}); err != nil {
		return err
	}
	sc := bufio.NewScanner(in)
	var interrupted *dialog.Interruption
	for !c.ended && sc.Scan() {
		text := strings.TrimSpace(sc.Text())
		t := dialog.Turn{Kind: dialog.Spoke, Text: text, Confidence: 1, Interrupted: interrupted}
		name, arg, _ := strings.Cut(text, " ")
		switch name {
		case "":
			continue
		case "/silence":
			t = dialog.Turn{Kind: dialog.Silent}
		case "/dtmf":
			t = dialog.Turn{Kind: dialog.Pressed, Keys: strings.TrimSpace(arg), Confidence: 1}
		case "/interrupt":
			ms, err := strconv.Atoi(strings.TrimSpace(arg))
			if err != nil || ms < 0 {
				return fmt.Errorf("/interrupt needs a time in milliseconds, not %q", arg)
			}
			interrupted = c.interruption(time.Duration(ms) * time.Millisecond)
			continue
		}
		interrupted = nil
		if err := c.turn(ctx, t); err != nil {
			return err
		}
	}
	return sc.Err()
}

// interruption is how far the bot got with its last reply, at the rate at which
// people speak.
func (c *chat) interruption(after time.Duration) *dialog.Interruption {
	heard, unheard := call.HeardOf(c.last, after)
	return &dialog.Interruption{Heard: heard, Unheard: unheard, After: after}
}

func (c *chat) turn(ctx context.Context, t dialog.Turn) error {
	t.At = time.Now()
	r := reply{Acts: []string{}, Slots: map[string]string{}}
	var said []string
	var after *dialog.Turn
	err := c.conv.Reply(ctx, t, func(a dialog.Act) error {
		switch a := a.(type) {
		case dialog.Say:
			said = append(said, a.Text)
			r.Acts = append(r.Acts, "say")
		case dialog.Note:
			r.Intent, r.Confidence, r.Source, r.KnowledgeID = a.Intent, a.Confidence, a.Source, a.KnowledgeID
			r.Candidates = a.Candidates
			if a.Slots != nil {
				r.Slots = a.Slots
			}
			r.Emotion = emotion{cmp.Or(a.Emotion, "neutral"), a.EmotionScore}
		case dialog.Transfer:
			r.Acts, r.Skill, r.Summary = append(r.Acts, "transfer"), a.Skill, a.Summary
			c.ended = true // by text there is nobody to hand over to
		case dialog.Callback:
			r.Acts = append(r.Acts, "callback")
		case dialog.Message:
			r.Acts = append(r.Acts, "message")
			after = &dialog.Turn{Kind: dialog.Returned, Result: dialog.MessageTaken}
		case dialog.Ticket:
			r.Acts = append(r.Acts, "ticket")
		case dialog.SMS:
			r.Acts = append(r.Acts, "sms")
		case dialog.Review:
			r.Acts = append(r.Acts, "review")
		case dialog.Refusal:
			r.Acts = append(r.Acts, "refusal")
		case dialog.Rating:
			r.Acts = append(r.Acts, "rating")
		case dialog.Hangup:
			r.Acts = append(r.Acts, "hangup")
			c.ended = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.Say, r.Ended = strings.Join(said, " "), c.ended
	c.last = r.Say
	if err := c.print(r); err != nil {
		return err
	}
	if after != nil {
		return c.turn(ctx, *after)
	}
	return nil
}

func (c *chat) print(r reply) error {
	if c.asJSON {
		return json.NewEncoder(c.out).Encode(r)
	}
	_, err := fmt.Fprintf(c.out, "< %s\n", r.Say)
	for _, a := range r.Acts {
		if a != "say" {
			_, e := fmt.Fprintf(c.out, "  [%s%s]\n", a, suffix(r.Skill))
			err = errors.Join(err, e)
		}
	}
	return err
}

func suffix(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}
