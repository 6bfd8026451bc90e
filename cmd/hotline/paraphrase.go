package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"hotline/dialog/grow"
	"hotline/dialog/knowledge"
	"hotline/internal/business"
	"hotline/internal/proposal"
)

const paraphraseLong = `Has the language model (llm.base_url) write other wordings of questions. What it writes
passes the checks that callers' wordings pass: it must mean the question and no other,
bring no numbers or personal data, and differ from what stands there.

The proposals are the table that hotline knowledge grow writes: put an x in the first
column of those that are right, and give the file to hotline knowledge grow --accept.
Nothing else changes the business.`

// newKnowledgeParaphrase has a language model propose wordings.
func newKnowledgeParaphrase(s *settings) *cobra.Command {
	var line string
	var n int
	var wordsOnly bool
	cmd := &cobra.Command{
		Use: "paraphrase [ID…]", Short: "Propose wordings for questions, written by the language model", Long: paraphraseLong,
		RunE: func(cmd *cobra.Command, ids []string) error {
			c, err := s.load()
			if err != nil {
				return err
			}
			model, err := patientModel(c)
			if err == nil && model == nil {
				err = errors.New("no language model is set; name one by llm.base_url and llm.model, or HOTLINE_LLM_BASE_URL and HOTLINE_LLM_MODEL")
			}
			if err != nil {
				return err
			}
			dir, err := s.oneBusiness()
			if err != nil {
				return err
			}
			b, report := business.Load(dir)
			l, err := lineNamed(b, line)
			if err != nil {
				return errors.Join(err, report.Err())
			}
			ctx, pairs, o := cmd.Context(), l.Pairs(), l.KnowledgeOptions()
			for _, id := range ids {
				if !slices.ContainsFunc(pairs, func(p knowledge.Pair) bool { return p.ID == id }) {
					return usageError{fmt.Errorf("there is no question %q", id)}
				}
			}
			if !wordsOnly {
				meaning := localMeaning(ctx, c, slog.New(slog.NewTextHandler(os.Stderr, nil)))
				defer func() { _ = meaning.close() }()
				if o.Embedder = meaning.in(l.Language); o.Embedder != nil {
					built, err := knowledge.New(pairs, o)
					if err != nil {
						return err
					}
					o.Reuse = built
				}
			}
			var r grow.Report
			for i := range pairs {
				if len(ids) > 0 && !slices.Contains(ids, pairs[i].ID) {
					continue
				}
				list, err := proposal.Paraphrases(ctx, model, l.Language, pairs, i, n, o)
				if err != nil {
					return err
				}
				r.Proposals = append(r.Proposals, list...)
			}
			if err := (&growing{}).write(cmd.OutOrStdout(), r); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.ErrOrStderr(), "%d proposals; the model wrote %d sentences that did not pass\n", len(r.Proposals), model.Stats().Refused)
			return err
		},
	}
	cmd.Flags().StringVar(&line, "line", "", "line of business.yaml")
	cmd.Flags().IntVar(&n, "n", 5, "how many wordings of each question to ask for")
	cmd.Flags().BoolVar(&wordsOnly, "words-only", false, "do without an embedding model")
	return cmd
}
