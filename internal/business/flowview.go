package business

import (
	"cmp"
	"context"
	"path"
	"strings"

	"hotline/dialog/flow"
	"hotline/dialog/slot"
	"hotline/internal/strict"
)

// FlowView is a task as the console shows it.
type FlowView struct {
	Business string        `json:"business"`
	Language string        `json:"language"`
	Name     string        `json:"name"`
	Title    string        `json:"title"`
	File     string        `json:"file"`
	Skill    string        `json:"skill,omitempty"`
	Examples []string      `json:"examples" doc:"what callers say who want it"`
	Problems []FlowProblem `json:"problems" doc:"what hotline check says of it"`
	Graph    flow.Graph    `json:"graph" doc:"empty where the flow has errors"`
	Asked    []FlowAsked   `json:"asked,omitempty" doc:"what it asks for, in its order"`
	// Lines are where the steps of the graph stand in the file, by their path.
	Lines map[string]int `json:"lines" doc:"of the steps in the file, by their path"`

	dir string
}

// Dir is the folder of its business.
func (v FlowView) Dir() string { return v.dir }

// FlowAsked is something that a task asks for.
type FlowAsked struct {
	Name    string       `json:"name"`
	Title   string       `json:"title"`
	Choices []FlowAnswer `json:"choices,omitempty" doc:"what it may turn out to be, where that is few things"`
}

// FlowAnswer is one of them, and how people say it.
type FlowAnswer struct {
	Value string `json:"value"`
	Said  string `json:"said"`
}

// asked are a task's slots that are not filled without asking.
func asked(f *flow.Flow) []FlowAsked {
	out := []FlowAsked{}
	for _, s := range f.Slots {
		if s.From != "" {
			continue
		}
		one := FlowAsked{Name: s.Name, Title: cmp.Or(s.Title, s.Name)}
		for _, c := range s.Choices {
			said := c.Value
			if len(c.Names) > 0 {
				said = c.Names[0]
			}
			one.Choices = append(one.Choices, FlowAnswer{c.Value, said})
		}
		if s.Type == slot.YesNo && len(s.Choices) == 0 {
			one.Choices = []FlowAnswer{{"yes", "yes"}, {"no", "no"}}
		}
		out = append(out, one)
	}
	return out
}

// FlowProblem is a problem in both languages.
type FlowProblem struct {
	Problem
	MessageZH string `json:"message_zh"`
	CureZH    string `json:"cure_zh"`
}

// FlowViews are the tasks of b, with what report says of their files; a file that could
// not be read is a task without a name.
func (b *Business) FlowViews(report Report) []FlowView {
	out := []FlowView{}
	seen := map[string]bool{}
	add := func(file string, f *flow.Flow, lines strict.Lines) {
		seen[file] = true
		v := FlowView{dir: b.Dir, Lines: map[string]int{}, Business: b.Name, Language: b.Language, File: file, Examples: []string{}, Problems: []FlowProblem{}, Graph: flow.Graph{Nodes: []flow.Node{}, Edges: []flow.Edge{}}, Asked: []FlowAsked{}}
		v.Name = strings.TrimSuffix(path.Base(file), path.Ext(file))
		v.Title = v.Name
		for _, p := range report.Problems {
			if p.File == file {
				message, cure := p.In("zh")
				v.Problems = append(v.Problems, FlowProblem{p, message, cure})
			}
		}
		if f != nil {
			v.Name, v.Title, v.Skill, v.Asked = f.Name, f.Title, f.Skill, asked(f)
			v.Examples = append(v.Examples, f.Start.Examples...)
			for _, id := range append(append([]string{}, f.Start.Pairs...), f.Start.Offer...) {
				if row, ok := b.RowByID(id); ok {
					v.Examples = append(v.Examples, row.Question)
				}
			}
			if g, ok := b.Flows.Draw(f.Name); ok {
				v.Graph = g
			}
			for _, n := range v.Graph.Nodes {
				if n.Path != "" {
					v.Lines[n.Path] = lines.Of(n.Path)
				}
			}
		}
		out = append(out, v)
	}
	for _, file := range b.flowFiles {
		add(file.name, file.flow, file.lines)
	}
	for _, p := range report.Problems {
		if strings.HasPrefix(p.File, FlowDir+"/") && !seen[p.File] {
			add(p.File, nil, nil)
		}
	}
	return out
}

// FlowFolders are folders of businesses whose tasks are shown as they stand there now,
// which may be newer than what takes calls.
type FlowFolders []string

// FlowViews reads them.
func (dirs FlowFolders) FlowViews(ctx context.Context) ([]FlowView, error) {
	out := []FlowView{}
	for _, dir := range dirs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b, report := Load(dir)
		out = append(out, b.FlowViews(report)...)
	}
	return out, nil
}
