package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"hotline/internal/business"
	"hotline/internal/migrate"
)

func newImport() *cobra.Command {
	cmd := &cobra.Command{Use: "import", Short: "Make a business of a bot that was built with Rasa or Dialogflow"}
	var name, language string
	var asJSON bool
	flags := func(c *cobra.Command) *cobra.Command {
		c.Flags().StringVar(&name, "name", "", "what the business is called, as callers know it")
		c.Flags().StringVar(&language, "language", "", "zh or en (default that of the bot)")
		c.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
		return c
	}
	finish := func(cmd *cobra.Command, p *migrate.Pack, dir string) error {
		if err := p.Write(dir); err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		if asJSON {
			if err := json.NewEncoder(out).Encode(p.Report); err != nil {
				return err
			}
			_, report := business.Load(dir)
			return report.Err()
		}
		if err := p.Report.Write(out); err != nil {
			return err
		}
		_, report := business.Load(dir)
		if err := report.Err(); err != nil {
			return err
		}
		_, err := fmt.Fprintf(out, "\n%s: %d questions, %d tasks; hotline check says what does not suit the ear yet: %d warnings\n", dir, len(p.Pairs), len(p.Flows), report.Warnings())
		return err
	}
	checked := func() error {
		if language != "" && language != "zh" && language != "en" {
			return usageError{fmt.Errorf("--language is zh or en, not %q", language)}
		}
		return nil
	}
	cmd.AddCommand(flags(&cobra.Command{
		Use: "rasa DIR OUT", Short: "Make a business folder OUT of the Rasa project in DIR, with a report of what was left behind", Args: exactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if err := checked(); err != nil {
				return err
			}
			root, err := os.OpenRoot(args[0]) // links in the project do not lead out of it
			if err != nil {
				return fmt.Errorf("open the Rasa project: %w", err)
			}
			defer func() { err = errors.Join(err, root.Close()) }()
			p, err := migrate.Rasa(root.FS(), name, language)
			if err != nil {
				return err
			}
			return finish(cmd, p, args[1])
		},
	}), flags(&cobra.Command{
		Use: "dialogflow FILE.zip|DIR OUT", Short: "Make a business folder OUT of an exported Dialogflow ES agent (the zip, or unpacked), with a report of what was left behind", Args: exactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checked(); err != nil {
				return err
			}
			p, err := migrate.DialogflowFile(args[0], name, language)
			if err != nil {
				return err
			}
			return finish(cmd, p, args[1])
		},
	}))
	return cmd
}
