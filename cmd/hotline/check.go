package main

import (
	"cmp"
	"fmt"

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
			language = cmp.Or(language, ownerLanguage())
			errors, warnings := 0, 0
			var businesses []*business.Business
			for _, dir := range c.Business {
				b, report := business.Load(dir)
				businesses = append(businesses, b)
				if err := report.Write(out, language, dir); err != nil {
					return err
				}
				errors += report.Errors()
				warnings += report.Warnings()
				_, _ = fmt.Fprintf(out, "%s: %s, %d lines, %d questions\n", dir, b.Name, len(b.Lines), len(b.Knowledge))
			}
			for _, problem := range strayNumbers(c.Trunks, folders(businesses)) {
				_, _ = fmt.Fprintln(out, problem)
				errors++
			}
			_, _ = fmt.Fprintf(out, "campaigns: %s\n", c.Campaigns.Text())
			if err := listsReadable(c); err != nil {
				_, _ = fmt.Fprintln(out, err)
				errors++
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
