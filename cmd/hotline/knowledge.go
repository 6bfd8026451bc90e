package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func newKnowledge(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "knowledge", Short: "Look into what the bot knows"}
	var line string
	var n int
	search := &cobra.Command{
		Use: "search TEXT", Short: "Show what the bot would take TEXT for, with scores", Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.load()
			if err != nil {
				return err
			}
			bs, err := loadBots(c.Business, discard())
			if err != nil {
				return err
			}
			b := bs.find("")
			if line != "" {
				if b = bs.named(line); b == nil {
					return usageError{fmt.Errorf("there is no line %q", line)}
				}
			}
			tw := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			_, _ = fmt.Fprintln(tw, "SCORE\tWORDS\tSOUND\tMEANING\tID\tQUESTION")
			for _, m := range b.index.Load().Search(args[0], n) {
				_, _ = fmt.Fprintf(tw, "%.2f\t%.2f\t%.2f\t%.2f\t%s\t%s\n", m.Score, m.Lexical, m.Sound, m.Meaning, m.ID, m.Question)
			}
			return tw.Flush()
		},
	}
	search.Flags().StringVar(&line, "line", "", "line of business.yaml")
	search.Flags().IntVar(&n, "n", 5, "how many")
	cmd.AddCommand(search)
	return cmd
}
