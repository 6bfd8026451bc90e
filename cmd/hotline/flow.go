package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"hotline/dialog/flow"
	"hotline/internal/business"
)

func newFlow(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "flow", Short: "List, draw and describe the tasks of a business"}
	cmd.AddCommand(newFlowList(s), newFlowDraw(s), newFlowSchema())
	return cmd
}

func newFlowList(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "The tasks, and what they are about", Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			b, err := s.flowsOf()
			if err != nil {
				return err
			}
			for _, name := range b.Flows.Names() {
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s\t%s\n", name, b.Flows.Title(name)); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func newFlowDraw(s *settings) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "draw NAME",
		Short: "A task as a graph, in Mermaid, which editors and code hosts draw",
		Args:  exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := s.flowsOf()
			if err != nil {
				return err
			}
			g, ok := b.Flows.Draw(args[0])
			if !ok {
				return fmt.Errorf("the business has no flow %q without errors; it has %s (see hotline check)", args[0], strings.Join(b.Flows.Names(), ", "))
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(g)
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), g.Mermaid())
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print nodes and edges as JSON")
	return cmd
}

func newFlowSchema() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "The JSON Schema of flows/*.yaml, for editors", Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			e := json.NewEncoder(cmd.OutOrStdout())
			e.SetEscapeHTML(false)
			e.SetIndent("", "  ")
			return e.Encode(flow.Schema())
		},
	}
}

// flowsOf is the business that the command is about.
func (s *settings) flowsOf() (*business.Business, error) {
	c, err := s.load()
	if err != nil {
		return nil, err
	}
	b, _ := business.Load(c.Business[0])
	return b, nil
}
