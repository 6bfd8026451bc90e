package kb

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"hotline/dialog/knowledge"
	"hotline/internal/audit"
	"hotline/internal/business"
	"hotline/internal/store"
)

// SameMeaning is how sure the index must be that two questions are one.
const SameMeaning = 0.85

// maxImported bounds the rows of one import.
const maxImported = 20_000

// Imported is what an import did or would do.
type Imported struct {
	Plan   []business.Planned
	Report business.Report
	Done   bool // it was done
}

// Import compares a file with what is in force. Without errors, and unless dry, its
// rows become drafts, or are published at once.
func (b *Base) Import(ctx context.Context, key, name string, data []byte, dry, publish bool, e Edit) (Imported, error) {
	s, release, err := b.take(ctx, key)
	if err != nil {
		return Imported{}, err
	}
	defer release()
	var in Imported
	rows, report := business.ParseKnowledge(name, data)
	in.Report = report
	if len(rows) > maxImported {
		return in, fmt.Errorf("%d rows are more than the %d of one import; divide the file: %w", len(rows), maxImported, ErrState)
	}
	in.Plan = business.Compare(s.home.Load(), s.state.Load().rows, rows, &in.Report, s.near(ctx))
	if dry || in.Report.Errors() > 0 {
		return in, nil
	}
	state := store.KnowledgeDraft
	if publish {
		state = store.KnowledgePublished
	}
	var list []store.KnowledgeVersion
	begun := map[string]bool{}
	e.Version = -1
	for _, p := range in.Plan {
		if p.Kind != business.PlanAdd && p.Kind != business.PlanChange || begun[p.Row.ID] {
			continue
		}
		begun[p.Row.ID] = true
		made, err := s.next(p.Row.ID, state, p.Row, e)
		if err != nil {
			return in, err
		}
		list = append(list, made...)
	}
	in.Done = true
	if len(list) == 0 {
		return in, nil
	}
	if err := b.keep(ctx, s, list); err != nil {
		return in, err
	}
	b.cfg.Audit(audit.Entry{At: b.cfg.Now(), Kind: "knowledge_imported", User: e.By, Count: len(begun), Detail: fmt.Sprintf("%s: %s, as %s", s.key, name, state)})
	return in, nil
}

// near finds the row of the same meaning by the index of a line that would use both.
func (s *shop) near(ctx context.Context) func(business.Row) (business.Row, bool) {
	st := s.state.Load()
	return func(r business.Row) (business.Row, bool) {
		for _, l := range *s.lines.Load() {
			if len(r.Lines) > 0 && !slices.Contains(r.Lines, l.RowName()) || ctx.Err() != nil {
				continue
			}
			// Thousands of rows are compared: by words, so that the speech worker is
			// left to the calls.
			top := l.Live.Load().Find(ctx, knowledge.Query{Text: r.Question, Words: true}).Top()
			if top == nil || top.Score < SameMeaning && !top.Exact {
				continue
			}
			if i, ok := st.byID[top.Pair.ID]; ok && st.items[i].InForce != nil {
				return *st.items[i].InForce, true
			}
		}
		return business.Row{}, false
	}
}

// Export writes what is in force, as "csv", "xlsx" or "yaml".
func (b *Base) Export(w io.Writer, key, format string) error {
	s, err := b.shop(key)
	if err != nil {
		return err
	}
	rows := s.state.Load().rows
	switch format {
	case "xlsx":
		return business.ExportWorkbook(w, rows)
	case "yaml":
		_, err = io.WriteString(w, business.ExportYAML(rows))
		return err
	default:
		return business.Export(w, rows, s.home.Load().Language)
	}
}

// Written tells what Write did.
type Written struct {
	Questions int      `json:"questions"`
	Files     []string `json:"files" doc:"relative to the business's folder"`
	Conflicts []string `json:"conflicts" doc:"questions whose file changed since: left as they are"`
}

// Write puts what is in force into the files of the folder, each question where it
// stands, so that they can be kept under version control. Conflicts are left out.
func (b *Base) Write(ctx context.Context, key, by string) (Written, error) {
	done := Written{Files: []string{}, Conflicts: []string{}}
	s, release, err := b.take(ctx, key)
	if err != nil {
		return done, err
	}
	defer release()
	if err := b.reload(ctx, s); err != nil { // not to write over what was changed a moment ago
		return done, err
	}
	type file struct {
		put  []business.Row
		drop []string
		of   []store.KnowledgeVersion
	}
	files := map[string]*file{}
	var names []string
	st := s.state.Load()
	for _, i := range st.items {
		if i.Conflict {
			done.Conflicts = append(done.Conflicts, i.Row.ID)
		}
		if !i.Unwritten {
			continue
		}
		name := business.ConsoleFile
		if i.File != nil {
			name = i.File.File
		}
		f := files[name]
		if f == nil {
			f = &file{}
			files[name] = f
			names = append(names, name)
		}
		v := *st.heads[rowID(i)].inForce
		f.of = append(f.of, v)
		if v.State == Withdrawn {
			f.drop = append(f.drop, v.Pair)
		} else {
			f.put = append(f.put, rowOf(v))
		}
	}
	for _, name := range names {
		f := files[name]
		if err := business.WriteRows(s.home.Load().Dir, name, f.put, f.drop); err != nil {
			return done, err
		}
		done.Files = append(done.Files, name)
		done.Questions += len(f.of)
	}
	if len(names) == 0 {
		return done, nil
	}
	b.cfg.Audit(audit.Entry{At: b.cfg.Now(), Kind: "knowledge_written", User: by, Count: done.Questions, Detail: fmt.Sprintf("%s: %v", s.key, done.Files)})
	// Reading them again finds that they say what is in force, and notes it.
	return done, b.reload(context.WithoutCancel(ctx), s)
}

func rowID(i Item) string { return i.Row.ID }

// Tried is what a line makes of a sentence.
type Tried struct {
	Line    string
	Matches []knowledge.Match
	None    float64
}

// Try asks a line's index, that of the first line for "".
func (b *Base) Try(ctx context.Context, key, name, text string, n int) (Tried, error) {
	s, err := b.shop(key)
	if err != nil {
		return Tried{}, err
	}
	for _, l := range *s.lines.Load() {
		if name != "" && l.Name != name && l.RowName() != name {
			continue
		}
		within, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		r := l.Live.Load().Find(within, knowledge.Query{Text: text, Now: b.cfg.Now()})
		return Tried{Line: l.Name, Matches: r.Matches[:min(n, len(r.Matches))], None: r.None}, nil
	}
	return Tried{}, fmt.Errorf("line %s: %w", name, ErrNotFound)
}
