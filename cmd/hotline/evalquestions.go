package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hotline/dialog"
	"hotline/dialog/knowledge"
	"hotline/internal/acceptance"
	"hotline/internal/business"
	"hotline/internal/config"
	"hotline/internal/embed"
)

type questionsFlags struct {
	line, verdicts string
	spoken, asJSON bool
	voices         []string
	wav, heard     string
	sample         int
	seed           uint64
}

func newEvalQuestions(s *settings) *cobra.Command {
	var f questionsFlags
	cmd := &cobra.Command{
		Use:   "questions FILE",
		Short: "Ask a line many questions, each as the first words of a call",
		Long: `Asks a line the questions of FILE (a question, its subject, what a good answer tells
or does; tabs between), each as the first words of a conversation of its own, at an
hour when people are there. Prints for each what the bot did, how sure it was, and
what it said. The subject "outside" or 域外 is for what the line cannot know.

With --verdicts, lines of a question, what was done with it (as printed), right or
wrong, and why, figures are printed, and what nobody has judged yet is named.

With --spoken each question is spoken in one of the --voices, sent through a
telephone's band at one of several levels with some noise, and heard as a call hears
it, in this process. Where the bot asks back, the caller answers once: he chooses
what the verdicts call right, or says it again more slowly.`,
		Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.spoken && len(f.voices) == 0 {
				return usageError{errors.New("--spoken needs --voices, models or model/speaker, commas between")}
			}
			c, err := s.load()
			if err != nil {
				return err
			}
			return evalQuestions(cmd.Context(), c, args[0], f, cmd.OutOrStdout())
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.line, "line", "", "line of business.yaml (default the one that takes unlisted numbers)")
	fl.StringVar(&f.verdicts, "verdicts", "", "TSV of what was judged")
	fl.BoolVar(&f.spoken, "spoken", false, "speak the questions over a telephone line")
	fl.StringSliceVar(&f.voices, "voices", nil, "voices that ask")
	fl.StringVar(&f.wav, "wav", "", "folder where spoken questions are kept (default: they are made each time)")
	fl.StringVar(&f.heard, "heard", "", "file of what was heard before, to which is added: a change of the dialogue needs no new decoding")
	fl.IntVar(&f.sample, "sample", 0, "ask only so many, drawn by lot (default all)")
	fl.Uint64Var(&f.seed, "seed", 1, "of the lot")
	fl.BoolVar(&f.asJSON, "json", false, "print JSON")
	return cmd
}

// asker puts questions to a line.
type asker struct {
	bot      *bot
	now      time.Time
	verdicts acceptance.Verdicts
	mouth    *mouth // nil: by text
}

func evalQuestions(ctx context.Context, c config.Config, file string, f questionsFlags, out io.Writer) error {
	list, err := acceptance.Read(file)
	if err != nil {
		return err
	}
	if f.sample > 0 && f.sample < len(list) {
		r := rand.New(rand.NewPCG(f.seed, 0))
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		list = list[:f.sample]
	}
	a := &asker{verdicts: acceptance.Verdicts{}}
	if f.verdicts != "" {
		if a.verdicts, err = acceptance.ReadVerdicts(f.verdicts); err != nil {
			return err
		}
	}
	// Whoever measures must know that half of the comparison is not there.
	meaning, closeIt := patiently(ctx, c, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	defer closeIt()
	if a.bot, a.now, err = officeBot(c, f.line, meaning); err != nil { //nolint:contextcheck // what it builds bounds its own time
		return err
	}
	if f.spoken {
		m, silence, err := newMouth(ctx, c, a.bot.line.Language, f.voices, f.wav, f.heard)
		if err != nil {
			return err
		}
		defer silence()
		a.mouth = m
	}
	var outcomes []acceptance.Outcome
	for _, q := range list {
		o, err := a.ask(ctx, q)
		if err != nil {
			return err
		}
		outcomes = append(outcomes, o)
		if !f.asJSON {
			printOutcome(out, o)
		}
	}
	figures, judged := a.verdicts.Judge(outcomes)
	known, _ := a.verdicts.Judge(slices.DeleteFunc(outcomes, func(o acceptance.Outcome) bool { return a.verdicts.Unanswerable(o.Text) }))
	if f.asJSON {
		return json.NewEncoder(out).Encode(map[string]any{"line": a.bot.line.Name, "meaning": meaning.questions.In(a.bot.line.Language) != nil, "figures": figures, "of_answerable": known, "questions": judged})
	}
	if f.verdicts == "" {
		return nil
	}
	return errors.Join(printMisses(out, judged), printFigures(out, "all", figures),
		printFigures(out, "without those to which the business has no answer", known))
}

// patiently are the embedders of a measurement, which keep their vectors beside the data.
func patiently(ctx context.Context, c config.Config, log *slog.Logger) (meaning senses, closeIt func()) {
	var all []*meanings
	kept := func(name string, local *meanings) knowledge.Embedders {
		m := keptPatiently(c, name, local)
		all = append(all, m, local)
		return m.in
	}
	// A server that runs has files of its own.
	meaning = senses{kept("eval-knowledge", localMeaning(ctx, c, log)), kept("eval-intents", localIntentsMeaning(ctx, c, log))}
	return meaning, func() {
		for _, m := range all {
			_ = m.close() // vectors are made anew where they are not whole
		}
	}
}

// keptPatiently are embedders whose vectors are kept in the data folder's files of that name.
func keptPatiently(c config.Config, name string, local *meanings) *meanings {
	return newMeanings(func(language string) knowledge.Embedder {
		e := local.in(language)
		if e == nil {
			return nil
		}
		return patient{keepVectors(c, name, language, e)}
	})
}

// patient is an embedder that is not given up where the machine is slow: callers cannot
// wait, a measurement can, and would else differ with the load.
type patient struct{ *embed.Cached }

func (p patient) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	return p.Cached.Embed(context.WithoutCancel(ctx), texts)
}

// officeBot is a line's bot whose clock stands at an hour at which people are there.
func officeBot(c config.Config, line string, meaning senses) (*bot, time.Time, error) {
	var names []string
	for _, dir := range c.Business {
		b, report := business.Load(dir)
		if len(b.Lines) == 0 {
			return nil, time.Time{}, fmt.Errorf("the business %s has no line that can be answered: %w", dir, report.Err())
		}
		for _, l := range b.Lines {
			names = append(names, l.Name)
			if l.Name != line && (line != "" || !l.Default) {
				continue
			}
			now := acceptance.Office(l.Home.Location)
			made, err := newBot(l, meaning, trial(), nil, func() time.Time { return now })
			if err != nil {
				return nil, now, err
			}
			return made, now, made.elsewhere(l, discard())
		}
	}
	return nil, time.Time{}, usageError{fmt.Errorf("there is no line %q; the lines are %s", line, strings.Join(names, ", "))}
}

// ask holds one conversation.
func (a *asker) ask(ctx context.Context, q acceptance.Question) (acceptance.Outcome, error) {
	o := acceptance.Outcome{Question: q}
	line := a.bot.line
	conv, err := acceptance.Begin(ctx, a.bot.talk, dialog.Facts{
		CallID: "question", Line: line.Name, Language: line.Language, Caller: "13900000000", Direction: "inbound", Now: a.now,
	})
	if err != nil {
		return o, err
	}
	if a.mouth == nil {
		r, err := conv.Take(ctx, dialog.Turn{Kind: dialog.Spoke, Text: q.Text, Confidence: 1, At: a.now})
		o.Replies = append(o.Replies, r)
		return o, err
	}
	o.Voice = a.mouth.voice(q.Text)
	r, err := a.mouth.tell(ctx, conv, o.Voice, q.Text, 1, a.now)
	o.Replies = append(o.Replies, r)
	if err != nil || r.Direct() {
		return o, err
	}
	text, slowly := a.choose(q, r)
	r, err = a.mouth.tell(ctx, conv, o.Voice, text, slowly, a.now)
	o.Replies = append(o.Replies, r)
	return o, err
}

// choose is what the caller says to a question of the bot, and how many times as slow.
func (a *asker) choose(q acceptance.Question, r acceptance.Reply) (string, float64) {
	zh := a.bot.line.Language == "zh"
	words := func(chinese, english string) string {
		if zh {
			return chinese
		}
		return english
	}
	right := func(id string) bool { return a.verdicts.Right(q.Text, acceptance.KeyOf(id)) }
	for i, id := range strings.Split(r.ID, "|") {
		switch {
		case !right(id):
		case r.Does == acceptance.Confirm:
			return words("对，是的。", "Yes, that's right."), 1
		case r.Does == acceptance.Which && i < 3:
			return words(
				[]string{"是第一个。", "是第二个。", "是第三个。"}[i],
				[]string{"The first one.", "The second one.", "The third one."}[i],
			), 1
		}
	}
	return q.Text, 1.1
}

func printOutcome(out io.Writer, o acceptance.Outcome) {
	_, _ = fmt.Fprintf(out, "%s\n", o.Text)
	for _, r := range o.Replies {
		if r.Heard != o.Text {
			_, _ = fmt.Fprintf(out, "  %s, heard %.2f: %s\n", o.Voice, r.HeardScore, r.Heard)
		}
		of := r.Key()
		if r.Does == acceptance.Which || r.Does == acceptance.Confirm {
			of += " " + r.ID
		}
		if key, score := r.Candidate(); key != "" && !r.Direct() {
			of += fmt.Sprintf(" (%s %.2f)", key, score)
		}
		_, _ = fmt.Fprintf(out, "  %.2f  %s\n        %s\n", r.Confidence, of, r.Said)
	}
}

func printMisses(out io.Writer, judged []acceptance.Judged) error {
	for _, j := range judged {
		if j.Success && j.Missing == "" {
			continue
		}
		last := j.Replies[len(j.Replies)-1]
		what := last.Key()
		if last.ID != "" && !strings.HasSuffix(what, last.ID) {
			what += " " + last.ID
		}
		if _, err := fmt.Fprintf(out, "%s\t%s\t%s\t%s\n", j.Verdict, j.Text, what, j.Why); err != nil {
			return err
		}
	}
	return nil
}

func printFigures(out io.Writer, of string, f acceptance.Figures) error {
	_, err := fmt.Fprintf(out, `%s: in scope %d, out of scope %d
  answered or led on at once %.1f %% of what is in scope; right %.1f %% of what was answered
  asked back rightly %.1f %%, out of scope answered %d
  precision where 85 %% are answered %.1f %% (from %.2f on); 95 %% right up to a coverage of %.1f %%
  ended well %.1f %%, not judged yet %d
`, of, f.Inside, f.Outside, 100*f.Coverage(), 100*f.Precision(), 100*float64(f.Back)/float64(max(1, f.Inside)), f.OutsideAnswered,
		100*f.At85, f.Cut, 100*f.CoverageAt95, 100*f.Successful(), f.Unjudged)
	return err
}
