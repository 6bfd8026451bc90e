package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"hotline/examples"
	"hotline/internal/business"
)

func newInit() *cobra.Command {
	var pack, name, language string
	cmd := &cobra.Command{
		Use:   "init --pack PACK DIR",
		Short: "Begin a business from one that is whole: questions, tasks, tables, test conversations",
		Long: `Copies a pack into DIR, a folder that is empty or not there yet. Without --pack it
lists the packs that there are.

  hotline init --pack retail-en --name "Harbor Goods" my-shop`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case pack == "" && len(args) > 0:
				return usageError{fmt.Errorf("which pack is to be copied to %s? name one by --pack; hotline init lists them", args[0])}
			case pack != "" && len(args) != 1:
				return usageError{fmt.Errorf("name one folder for the new business: hotline init --pack %s DIR", pack)}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			out, language := cmd.OutOrStdout(), cmp.Or(language, ownerLanguage())
			packs, err := business.PacksIn(examples.Packs)
			if err != nil {
				return err
			}
			if pack == "" {
				return listPacks(out, packs, language)
			}
			if !slices.ContainsFunc(packs, func(p business.PackInfo) bool { return p.Pack == pack }) {
				var names []string
				for _, p := range packs {
					names = append(names, p.Pack)
				}
				return usageError{fmt.Errorf("there is no pack %q; there are %s", pack, strings.Join(names, ", "))}
			}
			begun, err := business.Begin(examples.Packs, pack, args[0], strings.TrimSpace(name))
			if err != nil {
				return err
			}
			if err := business.Check(out, args[0], language); err != nil {
				return err
			}
			return nextSteps(out, args[0], begun, language)
		},
	}
	cmd.Flags().StringVar(&pack, "pack", "", "what to begin from")
	cmd.Flags().StringVar(&name, "name", "", "what the business is called, as callers know it")
	cmd.Flags().StringVar(&language, "language", "", "language of the messages: zh or en (default from LANG)")
	return cmd
}

func listPacks(out io.Writer, packs []business.PackInfo, language string) error {
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	questions, next := "questions", "Begin with one of them: hotline init --pack PACK --name NAME DIR"
	if language == "zh" {
		questions, next = "条问答", "选一个开始：hotline init --pack 业务包 --name 店名 文件夹"
	}
	for _, p := range packs {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d %s\t%s\n", p.Pack, p.Language, p.Questions, questions, p.Name)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%s\n", next)
	return err
}

// nextSteps says what the owner of a new business does with it.
func nextSteps(out io.Writer, dir string, begun business.Begun, language string) error {
	left := "The line %q, which another folder answers, was left out.\n"
	next := `
Now put your numbers, hours and people into %[1]s/business.yaml, and your answers
into %[1]s/knowledge (a spreadsheet opens them; facts.md is what they agree with).

  hotline check --business %[1]s     what is wrong, by file and line
  hotline chat --business %[1]s      talk to it by text
  hotline eval dialogs %[1]s         hold the conversations in dialogs/
  hotline serve --business %[1]s     answer the telephone
`
	if language == "zh" {
		left = "线路“%s”由另一个文件夹接听，没有一起复制。\n"
		next = `
接下来：号码、时间和坐席写进 %[1]s/business.yaml；问答在 %[1]s/knowledge 里，
用表格软件就能改（先改事实表 facts.md，所有答案以它为准）。

  hotline check --business %[1]s     检查哪个文件哪一行有问题
  hotline chat --business %[1]s      打字试一试
  hotline eval dialogs %[1]s         跑一遍 dialogs/ 里的对话
  hotline serve --business %[1]s     接电话
`
	}
	for _, name := range begun.LeftOut {
		if _, err := fmt.Fprintf(out, left, name); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, next, dir)
	return err
}
