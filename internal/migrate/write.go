package migrate

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"hotline/dialog/flow"
	"hotline/internal/business"
)

// skill is that of the people who take over.
const skill = "service"

// Write makes the business folder dir, which must be empty or not there yet.
func (p *Pack) Write(dir string) error {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty: name a new folder", dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir) // no name that came with the bot leads out of it
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	settings, err := yaml.Marshal(p.settings())
	if err != nil {
		return err
	}
	put := func(name string, data []byte) {
		if err != nil {
			return
		}
		if err = root.MkdirAll(filepath.Dir(name), 0o750); err == nil {
			err = root.WriteFile(name, data, 0o640)
		}
	}
	put(business.File, settings)
	if len(p.Pairs) > 0 {
		var b bytes.Buffer
		if err := business.Export(&b, p.Pairs, p.Language); err != nil {
			return err
		}
		put(filepath.Join(business.KnowledgeDir, p.Report.Source+".csv"), b.Bytes())
	}
	if len(p.Labelled) > 0 {
		var b bytes.Buffer
		if err := p.labelled(&b); err != nil {
			return err
		}
		put(filepath.Join("intents", p.Report.Source+".csv"), b.Bytes())
	}
	for _, f := range p.Flows {
		data, e := yaml.Marshal(flowYAML(f))
		if e != nil {
			return e
		}
		put(filepath.Join(business.FlowDir, f.Name+".yaml"), data)
	}
	var report strings.Builder
	if err := p.Report.Write(&report); err != nil {
		return err
	}
	put("import-report.txt", []byte(report.String()))
	if err != nil {
		return fmt.Errorf("write the business: %w", err)
	}
	return nil
}

func (p *Pack) labelled(w io.Writer) error {
	c := csv.NewWriter(w)
	if err := c.Write([]string{"text", "intent"}); err != nil {
		return err
	}
	for _, l := range p.Labelled {
		if err := c.Write([]string{l.Text, l.Intent}); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// settings is business.yaml.
func (p *Pack) settings() yaml.MapSlice {
	greeting := p.Greeting
	if greeting == "" {
		greeting = p.by("请说您要办的事。", "How can I help?")
	}
	line := yaml.MapSlice{
		{Key: "name", Value: "main"},
		{Key: "numbers", Value: []string{"8000"}},
		{Key: "default", Value: true},
		{Key: "language", Value: p.Language},
		{Key: "disclosure", Value: yaml.MapSlice{{Key: "text", Value: p.by(
			"您好，这里是"+p.Name+"，我是智能助手，通话会录音。", "This is "+p.Name+". I'm an automated assistant, and calls are recorded.")}}},
		{Key: "greeting", Value: greeting},
	}
	out := yaml.MapSlice{
		{Key: "name", Value: p.Name},
		{Key: "language", Value: p.Language},
		{Key: "timezone", Value: p.Timezone},
		{Key: "voices", Value: yaml.MapSlice{{Key: p.Language, Value: p.by("kokoro-v1.0/zf_xiaoxiao", "piper-en-us-joe")}}},
		{Key: "lines", Value: []any{line}},
		{Key: "hours", Value: yaml.MapSlice{
			{Key: "spoken", Value: p.by("工作日早上九点到下午六点", "nine to six on weekdays")},
			{Key: "weekdays", Value: "09:00-18:00"},
		}},
		{Key: "skills", Value: []any{yaml.MapSlice{{Key: "name", Value: skill}, {Key: "title", Value: p.by("人工客服", "customer service")}}}},
		{Key: "agents", Value: []any{yaml.MapSlice{
			{Key: "name", Value: "agent1"}, {Key: "title", Value: p.by("客服一", "Agent one")}, {Key: "skills", Value: []string{skill}}, {Key: "languages", Value: []string{p.Language}},
		}}},
		{Key: "escalation", Value: yaml.MapSlice{{Key: "skill", Value: skill}}},
	}
	if len(p.Terms) > 0 {
		out = append(out, yaml.MapItem{Key: "terms", Value: p.Terms})
	}
	if len(p.Synonyms) > 0 {
		out = append(out, yaml.MapItem{Key: "synonyms", Value: p.Synonyms})
	}
	return out
}

// flowYAML is a flow as an owner would write it: without what is empty.
func flowYAML(f *flow.Flow) yaml.MapSlice {
	out := yaml.MapSlice{{Key: "name", Value: f.Name}, {Key: "title", Value: f.Title}, {Key: "skill", Value: f.Skill}}
	start := yaml.MapSlice{{Key: "examples", Value: f.Start.Examples}}
	if len(f.Start.Intents) > 0 {
		start = append(start, yaml.MapItem{Key: "intents", Value: f.Start.Intents})
	}
	out = append(out, yaml.MapItem{Key: "start", Value: start})
	var slots []any
	for i := range f.Slots {
		s := &f.Slots[i]
		m := yaml.MapSlice{{Key: "name", Value: s.Name}, {Key: "title", Value: s.Title}, {Key: "type", Value: string(s.Type)}, {Key: "ask", Value: s.Ask}}
		if len(s.Again) > 0 {
			m = append(m, yaml.MapItem{Key: "again", Value: s.Again})
		}
		if s.Pattern != "" {
			m = append(m, yaml.MapItem{Key: "pattern", Value: s.Pattern})
		}
		if s.Optional {
			m = append(m, yaml.MapItem{Key: "optional", Value: true})
		}
		if s.Forget {
			m = append(m, yaml.MapItem{Key: "forget", Value: true})
		}
		var choices []any
		for _, c := range s.Choices {
			choices = append(choices, yaml.MapSlice{{Key: "value", Value: c.Value}, {Key: "names", Value: c.Names}})
		}
		if len(choices) > 0 {
			m = append(m, yaml.MapItem{Key: "choices", Value: choices})
		}
		slots = append(slots, m)
	}
	if len(slots) > 0 {
		out = append(out, yaml.MapItem{Key: "slots", Value: slots})
	}
	return append(out, yaml.MapItem{Key: "steps", Value: stepsYAML(f.Steps)})
}

func stepsYAML(steps []flow.Step) []any {
	var out []any
	for i := range steps {
		s := &steps[i]
		var m yaml.MapSlice
		add := func(key string, value any) { m = append(m, yaml.MapItem{Key: key, Value: value}) }
		if s.ID != "" {
			add("id", s.ID)
		}
		switch {
		case len(s.Say) > 0:
			add("say", s.Say)
		case s.Case != "":
			add("case", s.Case)
			var of yaml.MapSlice
			for _, value := range sortedKeys(s.Of) {
				of = append(of, yaml.MapItem{Key: value, Value: stepsYAML(s.Of[value])})
			}
			add("of", of)
			if len(s.Else) > 0 {
				add("else", stepsYAML(s.Else))
			}
		case len(s.Clear) > 0:
			add("clear", s.Clear)
		case s.Goto != "":
			add("goto", s.Goto)
		case len(s.Ask) > 0:
			add("ask", s.Ask)
		case s.If != "":
			add("if", s.If)
			add("then", stepsYAML(s.Then))
			if len(s.Else) > 0 {
				add("else", stepsYAML(s.Else))
			}
		case s.Transfer != nil:
			add("transfer", yaml.MapSlice{{Key: "reason", Value: s.Transfer.Reason}})
		case s.End != "":
			add("end", s.End)
		case len(s.Hangup) > 0:
			add("hangup", s.Hangup)
		}
		out = append(out, m)
	}
	return out
}

// Write prints the report for people.
func (r Report) Write(w io.Writer) error {
	var b strings.Builder
	for _, c := range r.Counts {
		fmt.Fprintf(&b, "%-44s %5d of %5d\n", c.What, c.Carried, c.Total)
	}
	if len(r.Left) > 0 {
		b.WriteString("\nNot carried over, or not whole:\n")
	}
	for _, l := range r.Left {
		place := l.Place
		if place != "" {
			place = " (" + place + ")"
		}
		fmt.Fprintf(&b, "  %s %s%s: %s\n", l.Kind, l.Name, place, l.Why)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
