package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"hotline/internal/config"
	"hotline/internal/models"
)

// vectorsName is the file of a server's knowledge, as keepVectors takes it.
const vectorsName = "knowledge"

// newKnowledgeVectors computes ahead what a server else computes after its first start,
// while its answers go by words and sounds alone.
func newKnowledgeVectors(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "vectors", Short: "Compute the meanings of all questions ahead, so that a first start answers by them at once", Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			c, err := s.load()
			if err != nil {
				return err
			}
			g, ctx := errgroup.WithContext(cmd.Context())
			local := localMeaning(ctx, c, discard())
			kept := keptPatiently(c, vectorsName, local)
			defer func() { err = errors.Join(err, kept.close(), local.close()) }()
			for _, dir := range c.Business {
				g.Go(func() error {
					bs, err := loadBots([]string{dir}, senses{questions: kept.in}, nil, nil, discard())
					if err != nil {
						return err
					}
					for _, b := range bs.lines() {
						x := b.index.Load()
						switch {
						case x.EmbedErr() != nil:
							return fmt.Errorf("%s: %w", b.line.Name, x.EmbedErr())
						case !x.Meaning():
							return fmt.Errorf("%s: no model for the meaning of %q is installed: hotline models pull", b.line.Name, b.line.Language)
						}
						if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: %d questions in %d wordings are compared by meaning\n", b.line.Name, x.Len(), x.Variants()); err != nil {
							return err
						}
					}
					return nil
				})
			}
			return g.Wait()
		},
	}
}

// unlearned are the languages of lines whose meanings a server has still to compute,
// though a model for them is installed.
func unlearned(c config.Config, lines []*bot) (languages []string) {
	seen := map[string]bool{}
	for _, b := range lines {
		l := b.line.Language
		if seen[l] {
			continue
		}
		seen[l] = true
		if _, err := os.Stat(keepVectors(c, vectorsName, l, nil).Path); errors.Is(err, os.ErrNotExist) {
			if _, ok := models.Open(c.Models).Best(models.Embed, l); ok {
				languages = append(languages, l)
			}
		}
	}
	return languages
}
