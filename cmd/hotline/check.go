package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"hotline/internal/business"
)

func newCheck(s *settings) *cobra.Command {
	var language string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Validate the settings and the businesses; name file, line and cure of what is wrong",
		Args:  exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.load()
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			language = cmp.Or(language, business.LanguageOf(cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG"))))
			errors, warnings := 0, 0
			for _, dir := range c.Business {
				b, report := business.Load(dir)
				for _, p := range report.Problems {
					_, _ = fmt.Fprintf(out, "%s: %s\n", p.Severity, filepath.Join(dir, p.Text(language)))
				}
				errors += report.Errors()
				warnings += report.Warnings()
				_, _ = fmt.Fprintf(out, "%s: %s, %d lines, %d questions\n", dir, b.Name, len(b.Lines), len(b.Knowledge))
			}
			_, _ = fmt.Fprintf(out, "%d errors, %d warnings\n", errors, warnings)
			if errors > 0 {
				return errSilent
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&language, "language", "", "language of the messages: zh or en (default from LANG)")
	return cmd
}
