package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"hotline/internal/business"
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
	cmd.AddCommand(newKnowledgeImport(s), newKnowledgeExport(s))
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
			done, report, err := business.Import(dir, args[0])
			if e := report.Write(cmd.OutOrStdout(), ownerLanguage(), ""); e != nil {
				return e
			}
			if err != nil {
				return err
			}
			if report.Errors() > 0 {
				return errSilent
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d added, %d changed, %d as before; written: %s\n", done.Added, done.Changed, done.Unchanged, strings.Join(done.Files, ", "))
			return err
		},
	}
}

func newKnowledgeExport(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "export FILE", Short: "Write all questions and answers of the business into one CSV", Args: exactArgs(1),
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
			return business.Export(f, b.Knowledge, b.Language)
		},
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
