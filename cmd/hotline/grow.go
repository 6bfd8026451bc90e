package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"hotline/dialog/grow"
	"hotline/internal/business"
	"hotline/internal/config"
	"hotline/internal/proposal"
)

const growLong = `Looks through what callers said for wordings of the questions that the business knows,
and for questions that it does not know. Without --history these are the calls kept in
the database; with it, a CSV file with a heading: a column of what was said, and where
there is one, of the question's id that a person gave (pair), of a name for what was
wanted (intent), or of the call that rows belong to.

The proposals are a table, parted by tabs, whose first column is empty. Put an x there
for those that are right, and give the file to --accept: their wordings are then added
to the files of the business. Nothing else changes it.`

// growing are the flags of `hotline knowledge grow`.
type growing struct {
	line, history, accept      string
	columns                    grow.Columns
	options                    grow.Options
	asJSON, wordsOnly, openToo bool
}

func newKnowledgeGrow(s *settings) *cobra.Command {
	var g growing
	cmd := &cobra.Command{
		Use: "grow", Short: "Propose wordings for the questions from what callers really said", Long: growLong, Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if g.accept != "" {
				return s.acceptGrown(cmd.OutOrStdout(), g.accept)
			}
			c, err := s.load()
			if err != nil {
				return err
			}
			r, err := g.propose(cmd.Context(), s, c)
			if err != nil {
				return err
			}
			if g.asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(r)
			}
			if err := g.write(cmd.OutOrStdout(), r); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.ErrOrStderr(), "%d turns: %d proposals, %d questions without an answer; left out: %d turns with personal data, %d asides, %d empty, %d known; wordings: %d only filled in differently, %d hardly different, %d unsure\n",
				r.Turns, len(r.Proposals), len(r.Unanswered), r.Personal, r.Asides, r.Empty, r.Known, r.Templates, r.Alike, r.Unsure)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&g.line, "line", "", "line of business.yaml; its calls are looked through")
	f.StringVar(&g.history, "history", "", "CSV file in place of the calls in the database")
	f.StringVar(&g.columns.Text, "text", "", "column of the file with what was said (default text)")
	f.StringVar(&g.columns.Pair, "pair", "", "column with the id of the question that a person gave (default pair)")
	f.StringVar(&g.columns.Label, "label", "", "column with a name for what was wanted (default intent)")
	f.StringVar(&g.columns.Call, "call", "", "column with the call that a row belongs to (default call)")
	f.StringVar(&g.accept, "accept", "", "add the ticked wordings of this file to the business")
	f.Float64Var(&g.options.Least, "least", 0, "propose only what is at least this likely (default 0.6)")
	f.IntVar(&g.options.Limit, "limit", 0, "propose at most so many, the best (default 20000)")
	f.BoolVar(&g.openToo, "unanswered", false, "print the questions that no pair answers in place of the proposals")
	f.BoolVar(&g.wordsOnly, "words-only", false, "do without an embedding model")
	f.BoolVar(&g.asJSON, "json", false, "print JSON: proposals, unanswered questions and counts")
	return cmd
}

func (g *growing) propose(ctx context.Context, s *settings, c config.Config) (grow.Report, error) {
	dir, err := s.oneBusiness()
	if err != nil {
		return grow.Report{}, err
	}
	b, report := business.Load(dir)
	line, err := lineNamed(b, g.line)
	if err != nil {
		return grow.Report{}, errors.Join(err, report.Err())
	}
	var history []grow.Conversation
	if g.history == "" {
		history, err = keptTurns(ctx, c, line.Name)
	} else {
		history, err = readHistory(g.history, g.columns)
	}
	if err != nil {
		return grow.Report{}, err
	}
	o := line.KnowledgeOptions()
	if !g.wordsOnly {
		meaning := localMeaning(ctx, c, slog.New(slog.NewTextHandler(os.Stderr, nil)))
		defer func() { _ = meaning.close() }()
		o.Embedder = meaning.in(line.Language)
	}
	return grow.Propose(ctx, line.Pairs(), o, history, g.options)
}

func lineNamed(b *business.Business, name string) (business.Line, error) {
	for _, l := range b.Lines {
		if name == "" || l.Name == name {
			return l, nil
		}
	}
	if name == "" {
		return business.Line{}, fmt.Errorf("the business %s has no line", b.Dir)
	}
	return business.Line{}, usageError{fmt.Errorf("there is no line %q", name)}
}

func readHistory(path string, columns grow.Columns) ([]grow.Conversation, error) {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	list, err := grow.ReadHistory(f, columns, proposal.MostTurns)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return list, nil
}

// keptTurns are what callers of a line said, newest calls first.
func keptTurns(ctx context.Context, c config.Config, line string) (out []grow.Conversation, err error) {
	db, err := openDatabase(ctx, c, discard())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return proposal.History(ctx, db, line, proposal.MostTurns)
}

func (g *growing) write(w io.Writer, r grow.Report) error {
	b := bufio.NewWriter(w)
	if g.openToo {
		_, _ = fmt.Fprintln(b, "count\twording\texamples") // Flush tells
		for _, u := range r.Unanswered {
			_, _ = fmt.Fprintf(b, "%d\t%s\t%s\n", u.Count, u.Wording, strings.Join(u.Examples, " | "))
		}
		return b.Flush()
	}
	_, _ = fmt.Fprintln(b, "accept\tpair\tquestion\twording\tcount\talike\town\tconfidence\tnovelty\tscore\twhy")
	for _, p := range r.Proposals {
		_, _ = fmt.Fprintf(b, "\t%s\t%s\t%s\t%d\t%d\t%.2f\t%.2f\t%.2f\t%.3f\t%s\n", p.Pair, p.Question, p.Wording, p.Count, p.Alike, p.Own, p.Confidence, p.Novelty, p.Score, p.Why)
	}
	return b.Flush()
}

// acceptGrown adds the ticked wordings of a file that grow wrote.
func (s *settings) acceptGrown(w io.Writer, path string) error {
	dir, err := s.oneBusiness()
	if err != nil {
		return err
	}
	ticked, err := readTicked(path)
	if err != nil {
		return err
	}
	b, _ := business.Load(dir)
	guard := grow.NewGuard(business.Pairs(b.Knowledge, b.Location))
	changed := map[string]map[string]business.Row{} // by file and id
	added, refused := 0, 0
	for _, t := range ticked {
		row, _ := b.RowByID(t.pair)
		err := guard.Add(t.pair, t.wording)
		if err == nil && !strings.HasPrefix(row.File, business.KnowledgeDir+"/") {
			err = fmt.Errorf("its question stands in %s; add it there by hand", row.File)
		}
		if err != nil {
			refused++
			if _, e := fmt.Fprintf(w, "line %d left out, %q: %v\n", t.line, t.wording, err); e != nil {
				return e
			}
			continue
		}
		if c, ok := changed[row.File][row.ID]; ok {
			row = c
		}
		row.Variants = append(slices.Clone(row.Variants), t.wording)
		if changed[row.File] == nil {
			changed[row.File] = map[string]business.Row{}
		}
		changed[row.File][row.ID] = row
		added++
	}
	for _, file := range slices.Sorted(maps.Keys(changed)) {
		rows := changed[file]
		put := make([]business.Row, 0, len(rows))
		for _, r := range rows {
			put = append(put, r)
		}
		if err := business.WriteRows(dir, file, put, nil); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(w, "%d wordings added, %d left out, %d files written\n", added, refused, len(changed))
	return err
}

type tickedWording struct {
	line          int
	pair, wording string
}

func readTicked(path string) ([]tickedWording, error) {
	data, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimPrefix(string(data), "\ufeff"), "\n")
	head := strings.Split(strings.TrimRight(lines[0], "\r"), "\t")
	accept, pair, wording := slices.Index(head, "accept"), slices.Index(head, "pair"), slices.Index(head, "wording")
	if accept < 0 || pair < 0 || wording < 0 {
		return nil, fmt.Errorf("%s: line 1 must name the columns accept, pair and wording, parted by tabs, as hotline knowledge grow writes them", path)
	}
	var out []tickedWording
	for i, line := range lines[1:] {
		f := strings.Split(strings.TrimRight(line, "\r"), "\t")
		if len(f) <= max(accept, pair, wording) {
			if strings.TrimSpace(line) == "" {
				continue
			}
			return nil, fmt.Errorf("%s: line %s has %d columns of %d", path, strconv.Itoa(i+2), len(f), len(head))
		}
		switch strings.ToLower(strings.TrimSpace(f[accept])) {
		case "x", "1", "y", "yes", "true", "✓", "✔", "√", "是", "对":
			out = append(out, tickedWording{i + 2, f[pair], f[wording]})
		case "", "0", "n", "no", "false", "否", "不", "-":
		default:
			return nil, fmt.Errorf("%s: line %d: %q is no tick; put an x, or leave it empty", path, i+2, f[accept])
		}
	}
	return out, nil
}
