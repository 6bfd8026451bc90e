package business

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"hotline/dialog/flow"
	"hotline/internal/strict"
)

// FlowDir is the folder of tasks, TableDir that of what they look up.
const (
	FlowDir  = "flows"
	TableDir = "tables"
)

// maxRows bounds a table: it is held in memory.
const maxRows = 200_000

// secretPrefix is what a variable of the environment must begin with for a flow's
// header to name it: a pack may not read any other secret of the machine.
const secretPrefix = "HOTLINE_SECRET_"

// flowFile is a flow and where its parts stand.
type flowFile struct {
	flow  *flow.Flow
	name  string
	lines strict.Lines
}

// flows reads flows/*.yaml and makes the Set. Those with errors are left out of it.
func (f *folder) flows() {
	b := f.business
	var files []flowFile
	var flows []*flow.Flow
	for _, e := range f.flowEntries() {
		name := path.Join(FlowDir, e)
		data, err := f.over.read(b.Dir, name)
		if err != nil {
			f.report.add(Error, f.in(name, 0), "unreadable", reason(err))
			continue
		}
		text, ok := decodeText(data)
		if !ok {
			f.report.add(Error, f.in(name, 1), "encoding")
		}
		root, problem := strict.Parse([]byte(text))
		if problem != nil {
			f.strict(name, *problem)
			continue
		}
		made := &flow.Flow{}
		problems, lines := root.Decode(made)
		for _, p := range problems {
			f.strict(name, p)
		}
		if made.Name == "" {
			made.Name = strings.TrimSuffix(e, filepath.Ext(e))
		}
		if len(problems) == 0 {
			files = append(files, flowFile{made, name, lines})
			flows = append(flows, made)
		}
	}
	set, problems := flow.Compile(flows, flow.Context{
		Language: b.Language, Tables: b.Tables, Skills: b.skillNames(),
		Pair: func(id string) bool { _, ok := b.RowByID(id); return ok },
		Secret: func(name string) (string, bool) {
			if !strings.HasPrefix(name, secretPrefix) {
				return "", false
			}
			return os.LookupEnv(name)
		},
	})
	for _, file := range files {
		for _, p := range problems[file.flow.Name] {
			severity := Error
			if p.Code == "flow_secret" {
				severity = Warning // the machine that checks need not have it
			}
			f.report.add(severity, f.in(file.name, file.lines.Of(p.Path)).at(p.Path), p.Code, p.Args...)
		}
	}
	b.Flows, b.flowFiles = set, files
	b.Knowledge = b.WithStarts(b.Knowledge)
	f.flowRows()
}

// WithStarts are rows and what begins the business's tasks: each flow that is begun by
// sentences of its own is a question of the knowledge, or lends them to the first
// question that begins it. Rows that have them already stay as they are.
func (b *Business) WithStarts(rows []Row) []Row {
	out := slices.Clone(rows)
	for _, file := range b.flowFiles {
		w := file.flow
		if _, ok := b.Flows.Flow(w.Name); !ok || len(w.Start.Examples) == 0 {
			continue
		}
		if len(w.Start.Pairs) > 0 {
			i := slices.IndexFunc(out, func(r Row) bool { return r.ID == w.Start.Pairs[0] })
			if i < 0 {
				continue // withdrawn since
			}
			out[i].Variants = slices.Clone(out[i].Variants)
			for _, example := range w.Start.Examples {
				if !slices.Contains(out[i].Variants, example) {
					out[i].Variants = append(out[i].Variants, example)
				}
			}
			continue
		}
		id := "flow-" + w.Name
		if slices.ContainsFunc(out, func(r Row) bool { return r.ID == id }) {
			continue
		}
		out = append(out, Row{
			ID: id, Question: w.Start.Examples[0], Variants: slices.Clone(w.Start.Examples[1:]), Topic: w.Title,
			Skill: w.Skill, Flow: w.Name, Lines: slices.Clone(w.Lines), File: file.name, Line: file.lines.Of("start.examples"),
		})
	}
	return out
}

// flowRows checks that the tasks that questions begin exist.
func (f *folder) flowRows() {
	b := f.business
	for i := range b.Knowledge {
		r := &b.Knowledge[i]
		if r.Flow == "" {
			continue
		}
		if _, ok := b.Flows.Flow(r.Flow); !ok {
			f.report.add(Error, f.in(r.File, r.Line).at("flow"), "row_flow", r.Flow, strings.Join(b.Flows.Names(), ", "))
		}
	}
}

func (b *Business) skillNames() []string {
	var out []string
	for _, s := range b.Skills {
		out = append(out, s.Name)
	}
	return out
}

// entries are the files of a folder of the business with one of the endings.
func (f *folder) entries(dir string, endings ...string) []string {
	list, err := os.ReadDir(filepath.Join(f.business.Dir, dir))
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			f.report.add(Error, f.in(dir, 0), "unreadable", reason(err))
		}
		return nil
	}
	var out []string
	for _, e := range list {
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && slices.Contains(endings, strings.ToLower(filepath.Ext(e.Name()))) {
			out = append(out, e.Name())
		}
	}
	return out
}

// tables reads tables/*.csv; rows that do not fit their headings are told of and
// left out.
func (f *folder) tables() {
	b := f.business
	for _, e := range f.entries(TableDir, ".csv") {
		name := path.Join(TableDir, e)
		data, err := readFile(filepath.Join(b.Dir, TableDir, e))
		if err != nil {
			f.report.add(Error, f.in(name, 0), "unreadable", reason(err))
			continue
		}
		text, ok := decodeText(data)
		if !ok {
			f.report.add(Error, f.in(name, 1), "encoding")
		}
		records, unclosed := readCSV(text)
		for _, line := range unclosed {
			f.report.add(Error, f.in(name, line), "quote")
		}
		if len(records) > 0 {
			b.Tables = append(b.Tables, f.lookupTable(name, strings.TrimSuffix(e, filepath.Ext(e)), records))
		}
	}
}

func (f *folder) lookupTable(file, name string, records []record) flow.Table {
	t := flow.Table{Name: name}
	for _, h := range records[0].fields {
		t.Columns = append(t.Columns, strings.TrimSpace(h))
	}
	for n, r := range records[1:] {
		at := f.in(file, r.line)
		at.row = n + 1
		if len(r.fields) != len(t.Columns) {
			f.report.add(Error, at, "ragged", len(r.fields), len(t.Columns))
			continue
		}
		if n >= maxRows {
			f.report.add(Error, at, "table_long", maxRows)
			break
		}
		row := flow.Row{}
		for i, c := range t.Columns {
			row[c] = strings.TrimSpace(r.fields[i])
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
