package business

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"hotline/internal/strict"
)

// PackInfo is what a list of packs says of one.
type PackInfo struct {
	Pack      string // the name of its folder
	Name      string // of the business in it
	Language  string
	Questions int
}

// PacksIn lists the businesses in packs, one in each folder.
func PacksIn(packs fs.FS) ([]PackInfo, error) {
	entries, err := fs.ReadDir(packs, ".")
	if err != nil {
		return nil, fmt.Errorf("list the packs: %w", err)
	}
	var out []PackInfo
	for _, e := range entries {
		root, err := settingsOf(packs, e.Name())
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		info := PackInfo{Pack: e.Name(), Name: root.text("name"), Language: root.text("language")}
		files, err := fs.Glob(packs, path.Join(e.Name(), KnowledgeDir, "*.csv"))
		if err != nil {
			return nil, fmt.Errorf("list the knowledge of %s: %w", e.Name(), err)
		}
		for _, file := range files {
			n, err := countRows(packs, file)
			if err != nil {
				return nil, err
			}
			info.Questions += n
		}
		out = append(out, info)
	}
	return out, nil
}

func countRows(packs fs.FS, file string) (int, error) {
	f, err := packs.Open(file)
	if err != nil {
		return 0, fmt.Errorf("open %s: %w", file, err)
	}
	defer func() { _ = f.Close() }() // it was read only
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", file, err)
	}
	return max(0, len(rows)-1), nil // the first row is the headings
}

// packSettings is the business.yaml of a pack, its places kept.
type packSettings struct {
	*strict.Node
	source string
}

func (s packSettings) text(key string) string {
	if n := s.Get(key); n != nil {
		return n.Text
	}
	return ""
}

func settingsOf(packs fs.FS, pack string) (packSettings, error) {
	data, err := fs.ReadFile(packs, path.Join(pack, File))
	if err != nil {
		return packSettings{}, fmt.Errorf("read the settings of the pack %s: %w", pack, err)
	}
	root, problem := strict.Parse(data)
	if problem != nil {
		return packSettings{}, fmt.Errorf("read the settings of the pack %s: line %d: %s", pack, problem.Line, problem.Detail)
	}
	return packSettings{root, string(data)}, nil
}

// nameOfBusiness is what can be put in place of a pack's name in YAML, in tables
// and in sentences as it stands, and be spoken.
var nameOfBusiness = regexp.MustCompile(`^[\p{L}\p{N}](?:[\p{L}\p{N} .&'’·-]{0,58}[\p{L}\p{N}.])?$`)

// ErrNotEmpty is a folder with something in it: a business is begun in one of its own.
var ErrNotEmpty = errors.New("the folder is not empty")

// Begun is what Begin left for its caller to tell.
type Begun struct {
	// LeftOut are the pack's lines that another folder answers.
	LeftOut []string
}

// Begin copies a pack into dir, a folder that is empty or not there yet. With name
// the business is called so, in business.yaml, in what the bot says first and
// wherever an answer names it. A line that another folder answers is left out: that
// folder is not there.
func Begin(packs fs.FS, pack, dir, name string) (Begun, error) {
	root, err := settingsOf(packs, pack)
	if err != nil {
		return Begun{}, err
	}
	if name != "" && !nameOfBusiness.MatchString(name) {
		return Begun{}, fmt.Errorf("%q cannot be said as a name: use letters, digits, spaces and . & ' -, at most 60 of them", name)
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Begun{}, fmt.Errorf("look into %s: %w", dir, err)
	}
	if len(entries) > 0 {
		return Begun{}, fmt.Errorf("%s: %w; name another one", dir, ErrNotEmpty)
	}
	settings, left := root.ownLines()
	files, err := fs.Sub(packs, pack)
	if err != nil {
		return Begun{}, fmt.Errorf("open the pack %s: %w", pack, err)
	}
	err = fs.WalkDir(files, ".", func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(file))
		if e.IsDir() {
			return os.MkdirAll(to, 0o750)
		}
		data, err := fs.ReadFile(files, file)
		if err != nil {
			return err
		}
		if file == File {
			data = []byte(settings)
		}
		if name != "" && slices.Contains([]string{".yaml", ".csv", ".md"}, path.Ext(file)) {
			data = []byte(strings.ReplaceAll(string(data), root.text("name"), name))
		}
		return os.WriteFile(to, data, 0o640) //nolint:gosec // the owner's group edits the folder too
	})
	if err != nil {
		return Begun{}, fmt.Errorf("copy the pack %s to %s: %w", pack, dir, err)
	}
	return Begun{LeftOut: left}, nil
}

// ownLines is business.yaml without the lines that another folder answers, and
// their names. Nor do the others name them, for callers of another language. Comments
// and order of the rest stay.
func (s packSettings) ownLines() (text string, left []string) {
	lines := strings.SplitAfter(s.source, "\n")
	list := s.Get("lines")
	if list == nil {
		return s.source, nil
	}
	for _, item := range list.Items {
		if name := item.Get("name"); item.Get("business") != nil && name != nil {
			left = append(left, name.Text)
		}
	}
	for _, item := range slices.Backward(list.Items) {
		if item.Get("business") == nil {
			lines = withoutLanguages(lines, item.Get("other_languages"), left)
			continue
		}
		// The item ends where something stands as far left as its dash.
		from := item.Line - 1
		dash := indent(lines[from])
		to := from + 1
		for to < len(lines) && strings.TrimSpace(lines[to]) != "" && indent(lines[to]) > dash {
			to++
		}
		lines = slices.Delete(lines, from, to)
	}
	return strings.Join(lines, ""), left
}

// withoutLanguages are lines without what is left out of a line's other languages, which
// packs write in one row.
func withoutLanguages(lines []string, others *strict.Node, left []string) []string {
	if others == nil {
		return lines
	}
	var stay []string
	for _, o := range others.Items {
		if !slices.Contains(left, o.Text) {
			stay = append(stay, o.Text)
		}
	}
	at := others.Line - 1
	switch {
	case len(stay) == len(others.Items):
	case len(stay) == 0:
		lines = slices.Delete(lines, at, at+1)
	default:
		before, rest, _ := strings.Cut(lines[at], "[")
		_, after, _ := strings.Cut(rest, "]")
		lines[at] = before + "[" + strings.Join(stay, ", ") + "]" + after
	}
	return lines
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }
