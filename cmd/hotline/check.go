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
				if b.Name == "" && len(b.Lines) == 0 { // told above
					continue
				}
				_, _ = fmt.Fprintf(out, "%s: %s, %d lines, %d questions\n", dir, b.Name, len(b.Lines), len(b.Knowledge))
			}
			errs, warned := checkAllTrunks(cmd.Context(), c, folders(businesses), out)
			errors, warnings = errors+errs, warnings+warned
			for _, err := range namedModels(c, languages(c)) {
				_, _ = fmt.Fprintf(out, "error: %s\n", err)
				errors++
			}
			_, _ = fmt.Fprintf(out, "campaigns: %s\n", c.Campaigns.Text())
			if err := listsReadable(c); err != nil {
				_, _ = fmt.Fprintf(out, "error: %s\n", err)
				errors++
			}
			_, _ = fmt.Fprintf(out, "%s, %s\n", count(errors, "error"), count(warnings, "warning"))
			if errors > 0 {
				return errSilent
			}
			return nil
		},
	}
	cmd.Long = cmd.Short + `.

It reads hotline.yaml, the environment, the businesses' folders and, where there is a
database, the trunks that were changed in the console. Nothing is made or changed.
Whether ports, models, carriers and disks are there is what hotline doctor tells.`
	cmd.Flags().StringVar(&language, "language", "", "language of the messages: zh or en (default from LANG)")
	return cmd
}

// count is "1 error", "2 errors".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
