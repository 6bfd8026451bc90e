package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"hotline/internal/models"
)

func newModels(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "models",
		Short: "List, fetch and verify the speech models",
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "list", Short: "Which models there are, which are installed and what they are good for", Args: exactArgs(0),
			RunE: func(cmd *cobra.Command, _ []string) error {
				set, err := s.models()
				if err != nil {
					return err
				}
				return listModels(set, cmd.OutOrStdout())
			},
		},
		&cobra.Command{
			Use: "pull [ID…]", Short: "Fetch models; without an ID whatever the telephone needs and lacks",
			RunE: func(cmd *cobra.Command, ids []string) error {
				set, err := s.models()
				if err != nil {
					return err
				}
				return set.Pull(cmd.Context(), ids, progressTo(cmd.ErrOrStderr()))
			},
		},
		&cobra.Command{
			Use: "verify [ID…]", Short: "Compare the installed models with their digests",
			RunE: func(cmd *cobra.Command, ids []string) error {
				set, err := s.models()
				if err != nil {
					return err
				}
				return verifyModels(cmd, set, ids)
			},
		},
	)
	return cmd
}

// models opens the search path of the settings.
func (s *settings) models() (*models.Set, error) {
	c, err := s.load()
	if err != nil {
		return nil, err
	}
	return models.Open(c.Models), nil
}

func listModels(set *models.Set, w io.Writer) error {
	where := map[string]string{}
	for _, m := range set.Installed() {
		where[m.ID] = m.Dir
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(tw, "ID\tLANGUAGES\tLICENCE\tMB\tINSTALLED\tWHAT")
	for _, m := range set.Known() {
		dir := where[m.ID]
		if dir == "" {
			dir = "-"
		}
		_, _ = fmt.Fprintf(tw, "%s\t%v\t%s\t%d\t%s\t%s\n", m.ID, m.Languages, m.Licence, m.Bytes>>20, dir, m.Title)
	}
	return tw.Flush()
}

// progressTo shows downloads at each tenth, and everything else at once.
func progressTo(w io.Writer) func(models.Progress) {
	tenth := int64(-1)
	return func(p models.Progress) {
		if p.Stage == models.StageDownload && p.Total > 0 {
			now := p.Done * 10 / p.Total
			if now == tenth {
				return
			}
			tenth = now
		}
		_, _ = fmt.Fprintln(w, p.String())
	}
}

func verifyModels(cmd *cobra.Command, set *models.Set, ids []string) error {
	if len(ids) == 0 {
		for _, m := range set.Installed() {
			ids = append(ids, m.ID)
		}
	}
	if len(ids) == 0 {
		return errors.New("no model is installed: run hotline models pull")
	}
	var bad []error
	for _, id := range ids {
		r, err := set.Verify(cmd.Context(), id)
		if err != nil {
			bad = append(bad, err)
			continue
		}
		_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%s: whole (%d files by the manifest, %d by the record of the pull)\n", id, r.Known, r.Record)
	}
	return errors.Join(bad...)
}
