package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"hotline/dialog/knowledge"
	"hotline/internal/business"
	"hotline/internal/kb"
)

func newKnowledge(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "knowledge", Short: "Look into what the bot knows"}
	var line string
	var n int
	search := &cobra.Command{
		Use: "search TEXT", Short: "Show what the bot would take TEXT for, with scores", Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := s.bot(cmd.Context(), line)
			if err != nil {
				return err
			}
			tw := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			_, _ = fmt.Fprintln(tw, "SCORE\tWORDS\tSOUND\tMEANING\tID\tQUESTION")
			for _, m := range b.index.Load().Search(args[0], n) {
				_, _ = fmt.Fprintf(tw, "%.2f\t%.2f\t%.2f\t%.2f\t%s\t%s\n", m.Score, m.Lexical, m.Sound, m.Meaning, m.ID, m.Question)
			}
			return tw.Flush()
		},
	}
	cmd.AddCommand(newKnowledgeImport(s), newKnowledgeExport(s), newKnowledgeWrite(s), newKnowledgeGrow(s), newKnowledgeParaphrase(s), newKnowledgeVectors(s))
	search.Flags().StringVar(&line, "line", "", "line of business.yaml")
	search.Flags().IntVar(&n, "n", 5, "how many")
	cmd.AddCommand(search)
	return cmd
}

func newKnowledgeImport(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "import FILE", Short: "Merge questions and answers (CSV, Excel, YAML) into the business; nothing is written if the file has errors",
		Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := s.oneBusiness()
			if err != nil {
				return err
			}
			b, _ := business.Load(dir)
			done, report, err := business.Import(b, args[0], sameMeaning(b))
			if e := report.Write(cmd.OutOrStdout(), ownerLanguage(), ""); e != nil {
				return e
			}
			if err != nil {
				return err
			}
			if report.Errors() > 0 {
				return errSilent
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d added, %d changed, %d as before, %d left out as duplicates; written: %s\n", done.Added, done.Changed, done.Unchanged, done.Duplicates, strings.Join(done.Files, ", "))
			return err
		},
	}
}

func newKnowledgeExport(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "export FILE", Short: "Write all questions and answers of the business's files into one CSV, Excel (.xlsx) or YAML file", Args: exactArgs(1),
		RunE: func(_ *cobra.Command, args []string) (err error) {
			dir, err := s.oneBusiness()
			if err != nil {
				return err
			}
			b, _ := business.Load(dir)
			f, err := os.OpenFile(filepath.Clean(args[0]), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, f.Close()) }()
			switch strings.ToLower(filepath.Ext(args[0])) {
			case ".xlsx":
				return business.ExportWorkbook(f, b.Knowledge)
			case ".yaml", ".yml":
				_, err = f.WriteString(business.ExportYAML(b.Knowledge))
				return err
			}
			return business.Export(f, b.Knowledge, b.Language)
		},
	}
}

// newKnowledgeWrite writes what was published in the console into the files.
func newKnowledgeWrite(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "write", Short: "Write what was published in the console into the business's files, for version control", Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			c, err := s.load()
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			db, err := openDatabase(ctx, c, discard())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, db.Close()) }()
			bs, err := loadBots(c.Business, senses{}, nil, nil, discard())
			if err != nil {
				return err
			}
			base, err := kb.New(ctx, kb.Config{Store: db}, kbLines(bs.lines()))
			if err != nil {
				return err
			}
			facets, err := base.Facets("")
			if err != nil {
				return err
			}
			for _, key := range facets.Businesses {
				done, err := base.Write(ctx, key, "hotline knowledge write")
				if err != nil {
					return err
				}
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: %d questions written; files: %s\n", key, done.Questions, strings.Join(done.Files, ", ")); err != nil {
					return err
				}
				if len(done.Conflicts) > 0 {
					if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: left alone, because the file has changed since (decide in the console): %s\n", key, strings.Join(done.Conflicts, ", ")); err != nil {
						return err
					}
				}
			}
			return nil
		},
	}
}

// sameMeaning finds the question of a business that means the same as a row, by
// words and sound; nil where there is no line to find it on.
func sameMeaning(b *business.Business) func(business.Row) (business.Row, bool) {
	if len(b.Lines) == 0 {
		return nil
	}
	index, err := knowledge.New(b.Lines[0].PairsOf(b.Knowledge), b.Lines[0].KnowledgeOptions())
	if err != nil {
		return nil // hotline check tells why
	}
	return func(r business.Row) (business.Row, bool) {
		top := index.Find(context.Background(), knowledge.Query{Text: r.Question, Words: true}).Top()
		if top == nil || top.Score < kb.SameMeaning && !top.Exact {
			return business.Row{}, false
		}
		return b.RowByID(top.Pair.ID)
	}
}

// oneBusiness is the business of a command that works on one.
func (s *settings) oneBusiness() (string, error) {
	c, err := s.load()
	if err != nil {
		return "", err
	}
	if len(c.Business) != 1 {
		return "", usageError{fmt.Errorf("name one business with --business; the settings have %d", len(c.Business))}
	}
	return c.Business[0], nil
}

// ownerLanguage is the language of messages for a shop's owner.
func ownerLanguage() string {
	return business.LanguageOf(cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG")))
}
