package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"hotline/internal/config"
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

// modelFor is the model that a language is served by: the one that the settings name, which
// must be there, or the best that is installed; why says so.
func modelFor(set *models.Set, kind models.Kind, named config.Choice, language string) (id, why string, err error) {
	name := named.For(language)
	if name == "" {
		_, best, ok := set.Together(kind, language)
		if ok {
			return best.ID, best.Why, nil
		}
		if err := set.Unreadable(); err != nil {
			return "", "", err
		}
		return "", "", errors.New(best.Why)
	}
	if id = name; !strings.Contains(id, "/") {
		id = string(kind) + "/" + id
	}
	key := "speech." + string(kind)
	if !strings.HasPrefix(id, string(kind)+"/") {
		return "", "", fmt.Errorf("%s names %q for %s, which is a model of another kind; hotline models list tells which there are", key, name, language)
	}
	if _, ok := set.Find(id); !ok {
		if err := set.Unreadable(); err != nil {
			return "", "", err
		}
		if _, known := set.Model(id); known {
			return "", "", fmt.Errorf("%s names %q for %s, which is not installed: hotline models pull %s", key, name, language, id)
		}
		return "", "", fmt.Errorf("%s names %q for %s, and there is no such model; hotline models list tells which there are", key, name, language)
	}
	return id, "named in the settings", nil
}

// namedModels are what is wrong with the models that the settings name; those that are to
// be had and not installed yet are left to hotline doctor.
func namedModels(c config.Config, languages []string) (wrong []error) {
	if len(c.Speech.URLs) > 0 { // theirs
		return nil
	}
	set := models.Open(c.Models)
	for _, l := range languages {
		for kind, named := range map[models.Kind]config.Choice{models.ASR: c.Speech.ASR, models.TTS: c.Speech.TTS} {
			name := named.For(l)
			if name == "" {
				continue
			}
			if _, known := set.Model(name); known && strings.HasPrefix(name, string(kind)+"/") {
				continue
			}
			if _, known := set.Model(string(kind) + "/" + name); known {
				continue
			}
			if _, _, err := modelFor(set, kind, named, l); err != nil {
				wrong = append(wrong, err)
			}
		}
	}
	return wrong
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
