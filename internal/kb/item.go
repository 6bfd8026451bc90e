package kb

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"hotline/internal/business"
	"hotline/internal/store"
)

// The states of an Item beside those of a version.
const (
	Draft     = store.KnowledgeDraft
	Review    = store.KnowledgeReview
	Published = store.KnowledgePublished
	Withdrawn = store.KnowledgeWithdrawn
)

// Item is a question as the console shows it: its newest text, and how that stands to
// what callers hear and to the file.
type Item struct {
	Business string
	Row      business.Row // the newest text
	State    string
	Version  int // the newest; 0: only the file
	Author   string
	Note     string
	At       time.Time

	Live      bool          // callers are answered, by InForce
	InForce   *business.Row // nil: not live
	Unwritten bool          // InForce is not in the file yet
	Conflict  bool          // the file has changed since InForce was written over it
	File      *business.Row // as it stands in the file
}

// Place is where it stands or will stand.
func (i Item) Place() string {
	if i.File != nil {
		return business.Problem{File: i.File.File, Line: i.File.Line}.Place()
	}
	return business.ConsoleFile
}

// settle fills st's items from its files and heads, and returns the versions in force
// that are in their files by now.
func (s *shop) settle(st *state) (written []store.KnowledgeVersion) {
	st.byID = map[string]int{}
	add := func(id string, file *business.Row) {
		i := Item{Business: s.key, File: file, State: Published}
		h := st.heads[id]
		i.InForce = file
		if v := h.inForce; v != nil && v.Base != digest(*v) {
			text, is := digest(*v), fileDigest(file)
			if is == text {
				noted := *v
				noted.Base = text
				h.inForce = &noted
				if h.newest != nil && h.newest.N == v.N {
					h.newest = &noted
				}
				st.heads[id] = h
				written = append(written, noted)
			} else {
				i.Unwritten, i.Conflict = is == v.Base, is != v.Base
				i.InForce = nil
				if v.State != Withdrawn {
					r := placed(rowOf(*v), file)
					i.InForce = &r
				}
			}
		}
		i.Live = i.InForce != nil
		switch v := h.newest; {
		case i.InForce != nil:
			i.Row = *i.InForce
		case v != nil:
			i.Row, i.State = placed(rowOf(*v), file), Withdrawn
		}
		if v := h.newest; v != nil {
			i.Version, i.Author, i.Note, i.At = v.N, v.Author, v.Note, v.At
			if v.State == Draft || v.State == Review {
				i.Row, i.State = placed(rowOf(*v), file), v.State
			}
		}
		st.byID[id] = len(st.items)
		st.items = append(st.items, i)
		if i.InForce != nil {
			st.rows = append(st.rows, *i.InForce)
		}
	}
	for _, f := range st.files {
		for k := range f.Rows {
			// Of several rows of one id the first counts, as in an index.
			if r := &f.Rows[k]; r.ID != "" {
				if _, ok := st.byID[r.ID]; !ok {
					add(r.ID, r)
				}
			}
		}
	}
	var fresh []string
	for id := range st.heads {
		if _, ok := st.byID[id]; !ok {
			fresh = append(fresh, id)
		}
	}
	slices.SortFunc(fresh, func(a, b string) int {
		return cmp.Or(st.heads[a].newest.At.Compare(st.heads[b].newest.At), strings.Compare(a, b))
	})
	for _, id := range fresh {
		add(id, nil)
	}
	return written
}

func placed(r business.Row, file *business.Row) business.Row {
	r.File, r.Line = business.ConsoleFile, 0
	if file != nil {
		r.File, r.Line = file.File, file.Line
	}
	return r
}

// Filter chooses items; a zero field chooses all.
type Filter struct {
	Business string
	Text     string // in question, wordings, answer or id
	Scene    string
	Category string
	State    string // of an Item, or "conflict" or "unwritten"
	Line     string
	Limit    int    // default 50, at most 500
	Cursor   string // Next of the page before
}

// Page is a part of a list.
type Page struct {
	Items []Item
	Next  string
	Total int
}

// List lists the questions of a business in the order of its files.
func (b *Base) List(f Filter) (Page, error) {
	s, err := b.shop(f.Business)
	if err != nil {
		return Page{}, err
	}
	st := s.state.Load()
	from := 0
	if f.Cursor != "" {
		i, ok := st.byID[f.Cursor]
		if !ok {
			return Page{}, fmt.Errorf("knowledge: %w", store.ErrCursor)
		}
		from = i + 1
	}
	limit := min(cmp.Or(max(0, f.Limit), 50), 500)
	p := Page{}
	for n, i := range st.items {
		if !f.takes(i) {
			continue
		}
		p.Total++
		if n < from {
			continue
		}
		if len(p.Items) < limit {
			p.Items = append(p.Items, i)
		} else if p.Next == "" {
			p.Next = p.Items[limit-1].Row.ID
		}
	}
	return p, nil
}

func (f Filter) takes(i Item) bool {
	switch f.State {
	case "":
		if i.State == Withdrawn {
			return false
		}
	case "conflict":
		if !i.Conflict {
			return false
		}
	case "unwritten":
		if !i.Unwritten {
			return false
		}
	default:
		if i.State != f.State {
			return false
		}
	}
	r := i.Row
	if f.Scene != "" && r.Scene != f.Scene || f.Category != "" && r.Category != f.Category {
		return false
	}
	if f.Line != "" && len(r.Lines) > 0 && !slices.Contains(r.Lines, f.Line) {
		return false
	}
	want := folded(f.Text)
	if want == "" {
		return true
	}
	for _, text := range append([]string{r.ID, r.Question, r.Answer, r.Spoken, r.Topic}, r.Variants...) {
		if strings.Contains(folded(text), want) {
			return true
		}
	}
	return false
}

// Facets are what the questions of a business can be filtered by and point at.
type Facets struct {
	Businesses []string       `json:"businesses"`
	Scenes     []string       `json:"scenes"`
	Categories []string       `json:"categories"`
	Lines      []string       `json:"lines"`
	Skills     []string       `json:"skills"`
	Flows      []string       `json:"flows"`
	States     map[string]int `json:"states" doc:"how many there are in each, and of conflict and unwritten"`
}

// Facets tells them.
func (b *Base) Facets(key string) (Facets, error) {
	s, err := b.shop(key)
	if err != nil {
		return Facets{}, err
	}
	f := Facets{
		Businesses: []string{}, Scenes: []string{}, Categories: []string{}, Lines: []string{}, Skills: []string{}, Flows: []string{},
		States: map[string]int{},
	}
	for _, o := range *b.shops.Load() {
		f.Businesses = append(f.Businesses, o.key)
	}
	for _, l := range *s.lines.Load() {
		if name := l.RowName(); !slices.Contains(f.Lines, name) {
			f.Lines = append(f.Lines, name)
		}
	}
	home := s.home.Load()
	for _, k := range home.Skills {
		f.Skills = append(f.Skills, k.Name)
	}
	if home.Flows != nil {
		f.Flows = append(f.Flows, home.Flows.Names()...)
	}
	for _, i := range s.state.Load().items {
		f.States[i.State]++
		if i.Conflict {
			f.States["conflict"]++
		}
		if i.Unwritten {
			f.States["unwritten"]++
		}
		if v := i.Row.Scene; v != "" && !slices.Contains(f.Scenes, v) {
			f.Scenes = append(f.Scenes, v)
		}
		if v := i.Row.Category; v != "" && !slices.Contains(f.Categories, v) {
			f.Categories = append(f.Categories, v)
		}
	}
	return f, nil
}

// Get is one question.
func (b *Base) Get(key, id string) (Item, error) {
	s, err := b.shop(key)
	if err != nil {
		return Item{}, err
	}
	return s.item(id)
}

func (s *shop) item(id string) (Item, error) {
	st := s.state.Load()
	i, ok := st.byID[id]
	if !ok {
		return Item{}, fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	return st.items[i], nil
}

// Advice is what `hotline check` says of a text, and how long it takes to say.
func (b *Base) Advice(key string, row business.Row) (business.Report, float64, error) {
	s, err := b.shop(key)
	if err != nil {
		return business.Report{}, 0, err
	}
	home := s.home.Load()
	return business.CheckRow(home, s.state.Load().rows, row), business.RowSeconds(home, row), nil
}
