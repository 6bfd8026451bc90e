package migrate

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// The files of an export, as Dialogflow ES writes them.
type (
	dfAgent struct {
		Language        string   `json:"language"`
		DisplayName     string   `json:"displayName"`
		Description     string   `json:"description"`
		DefaultTimezone string   `json:"defaultTimezone"`
		Supported       []string `json:"supportedLanguages"`
	}
	dfIntent struct {
		ID             string       `json:"id"`
		Name           string       `json:"name"`
		ParentID       string       `json:"parentId"`
		Contexts       []string     `json:"contexts"`
		Responses      []dfResponse `json:"responses"`
		WebhookUsed    bool         `json:"webhookUsed"`
		Fallback       bool         `json:"fallbackIntent"`
		EndInteraction bool         `json:"endInteraction"`
		Events         []struct {
			Name string `json:"name"`
		} `json:"events"`
		UserSays []dfSays `json:"userSays"` // of old exports
	}
	dfResponse struct {
		Action           string        `json:"action"`
		AffectedContexts []dfContext   `json:"affectedContexts"`
		Parameters       []dfParameter `json:"parameters"`
		Messages         []dfMessage   `json:"messages"`
	}
	dfContext struct {
		Name     string `json:"name"`
		Lifespan *int   `json:"lifespan"` // 0 takes it away
	}
	dfParameter struct {
		Name     string   `json:"name"`
		DataType string   `json:"dataType"`
		Required bool     `json:"required"`
		IsList   bool     `json:"isList"`
		Prompts  []dfText `json:"prompts"`
	}
	dfText struct {
		Lang  string `json:"lang"`
		Value string `json:"value"`
	}
	dfMessage struct {
		Platform string          `json:"platform"`
		Lang     string          `json:"lang"`
		Speech   json.RawMessage `json:"speech"` // a text or a list of wordings
		// Quick replies, or Google's own simple responses and chips.
		Title        string   `json:"title"`
		Replies      []string `json:"replies"`
		TextToSpeech string   `json:"textToSpeech"`
		DisplayText  string   `json:"displayText"`
		Suggestions  []struct {
			Title string `json:"title"`
		} `json:"suggestions"`
	}
	dfSays struct {
		Data []struct {
			Text string `json:"text"`
			Meta string `json:"meta"`
		} `json:"data"`
		IsTemplate bool `json:"isTemplate"`
	}
	dfEntity struct {
		Name     string `json:"name"`
		IsRegexp bool   `json:"isRegexp"`
	}
	dfEntry struct {
		Value    string   `json:"value"`
		Synonyms []string `json:"synonyms"`
	}
)

// UnmarshalJSON takes a text alone too, as old exports have it.
func (t *dfText) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &t.Value)
	}
	type plain dfText
	return json.Unmarshal(data, (*plain)(t))
}

// dfExport is an export as it was read.
type dfExport struct {
	agent    dfAgent
	intents  map[string]dfIntent            // by file name
	says     map[string]map[string][]dfSays // by file name and language
	entities map[string]dfEntity
	entries  map[string]map[string][]dfEntry
}

// DialogflowFile reads an export of an ES agent: the zip, or the folder that came out
// of it.
func DialogflowFile(file, name, language string) (p *Pack, err error) {
	root, err := os.OpenRoot(filepath.Dir(file)) // links in a folder do not lead out of it
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	base := filepath.Base(file)
	info, err := root.Stat(base)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		folder, err := fs.Sub(root.FS(), base)
		if err != nil {
			return nil, err
		}
		return DialogflowFolder(folder, name, language)
	}
	f, err := root.Open(base)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return Dialogflow(f, info.Size(), name, language)
}

// Dialogflow reads an export of an ES agent: a zip of size bytes. name and language
// may be empty: they are then the agent's.
func Dialogflow(r io.ReaderAt, size int64, name, language string) (*Pack, error) {
	if size > maxTotal {
		return nil, fmt.Errorf("the export is larger than %d MB", maxTotal>>20)
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("read the export: %w", err)
	}
	return dialogflow(name, language, func(yield func(string, opener) error) error {
		if len(z.File) > dfFiles {
			return fmt.Errorf("the export holds more than %d files", dfFiles)
		}
		for _, f := range z.File {
			if f.FileInfo().IsDir() {
				continue
			}
			if err := yield(f.Name, f.Open); err != nil {
				return err
			}
		}
		return nil
	})
}

// DialogflowFolder reads an export that was unpacked.
func DialogflowFolder(folder fs.FS, name, language string) (*Pack, error) {
	return dialogflow(name, language, func(yield func(string, opener) error) error {
		n := 0
		return fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
			if n++; n > dfFiles {
				return fmt.Errorf("the folder holds more than %d files: name that of the agent alone", dfFiles)
			}
			switch {
			case err != nil, !d.IsDir() && !d.Type().IsRegular():
				return nil //nolint:nilerr // what cannot be read is passed over
			case d.IsDir():
				if name != "." && (strings.HasPrefix(d.Name(), ".") || slices.Contains(skipDirs, d.Name())) {
					return fs.SkipDir
				}
				return nil
			}
			return yield(name, func() (io.ReadCloser, error) { return folder.Open(name) })
		})
	})
}

type opener func() (io.ReadCloser, error)

// dialogflow reads the files that each gives it.
func dialogflow(name, language string, each func(yield func(string, opener) error) error) (*Pack, error) {
	p := &Pack{Name: name, Report: Report{Source: "dialogflow"}}
	x, err := readExport(each, p)
	if err != nil {
		return nil, err
	}
	c := &dfCarrier{dfExport: x, p: p, entityUsed: map[string]bool{}, how: map[string]string{}}
	c.languages(language)
	c.carry()
	p.finish()
	return p, nil
}

// dfFiles bounds an export.
const dfFiles = 5 * maxFiles

// saysFile is intents/NAME_usersays_LANGUAGE.json, entriesFile entities/NAME_entries_LANGUAGE.json.
var (
	saysFile    = regexp.MustCompile(`^(.*)_usersays_([a-zA-Z-]+)$`)
	entriesFile = regexp.MustCompile(`^(.*)_entries_([a-zA-Z-]+)$`)
)

// readExport reads the export within the bounds; a file's size is what comes out of it,
// not what a header claims.
func readExport(each func(yield func(string, opener) error) error, p *Pack) (*dfExport, error) {
	x := &dfExport{intents: map[string]dfIntent{}, says: map[string]map[string][]dfSays{}, entities: map[string]dfEntity{}, entries: map[string]map[string][]dfEntry{}}
	left := int64(maxTotal)
	found, cx := false, false
	err := each(func(name string, open opener) error {
		cx = cx || path.Base(path.Dir(path.Dir(name))) == "flows"
		if path.Ext(name) != ".json" {
			return nil
		}
		if strings.Contains(name, "..") || strings.HasPrefix(name, "/") || strings.Contains(name, `\`) {
			p.left("file", name, "its name leads out of the export")
			return nil
		}
		data, err := unpack(open, min(left, maxFileSize))
		if left -= int64(len(data)); left <= 0 {
			return fmt.Errorf("the export unpacks to more than %d MB", maxTotal>>20)
		}
		if err != nil {
			p.leftAt(name, "file", name, "%v", err)
			return nil
		}
		known, err := x.take(name, data, p)
		if err != nil {
			p.leftAt(at(name, lineOf(data, err)), "file", name, "it is not written as Dialogflow ES documents: %v", err)
		}
		found = found || known
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case cx:
		return nil, errors.New("this is an agent of Dialogflow CX: it can answer a line (engine: dialogflow), its import is for ES")
	case !found:
		return nil, errors.New("no agent.json or intents/ was found: give the zip that Dialogflow ES exports (Settings, Export and import)")
	}
	return x, nil
}

// lineOf is the line that a JSON error is about.
func lineOf(data []byte, err error) int {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	offset := int64(0)
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	}
	return 1 + bytes.Count(data[:min(max(offset, 0), int64(len(data)))], []byte("\n"))
}

func unpack(open opener, limit int64) (data []byte, err error) {
	rc, err := open()
	if err != nil {
		return nil, fmt.Errorf("it cannot be unpacked: %w", err)
	}
	defer func() { err = errors.Join(err, rc.Close()) }()
	data, err = io.ReadAll(io.LimitReader(rc, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = errors.New("it unpacks to more than is read")
	}
	return data, err
}

// take reads one file by where it stands.
func (x *dfExport) take(name string, data []byte, p *Pack) (known bool, err error) {
	base := strings.TrimSuffix(path.Base(name), ".json")
	switch dir := path.Base(path.Dir(name)); {
	case base == "agent" && dir != "intents" && dir != "entities":
		return true, json.Unmarshal(data, &x.agent)
	case dir == "intents":
		if m := saysFile.FindStringSubmatch(base); m != nil {
			var says []dfSays
			err = json.Unmarshal(data, &says)
			put(x.says, m[1], m[2], says)
			return true, err
		}
		var i dfIntent
		err = json.Unmarshal(data, &i)
		if err == nil {
			i.Name = cmp.Or(i.Name, base)
			x.intents[base] = i
			p.stands("intent", i.Name, name)
			p.stands("response", i.Name, name)
			p.stands("webhook", i.Name, name)
		}
		return true, err
	case dir == "entities":
		if m := entriesFile.FindStringSubmatch(base); m != nil {
			var entries []dfEntry
			err = json.Unmarshal(data, &entries)
			put(x.entries, m[1], m[2], entries)
			return true, err
		}
		var e dfEntity
		err = json.Unmarshal(data, &e)
		if err == nil {
			x.entities[cmp.Or(e.Name, base)] = e
			p.stands("entity", cmp.Or(e.Name, base), name)
		}
		return true, err
	}
	return false, nil
}

func put[V any](m map[string]map[string]V, name, language string, v V) {
	if m[name] == nil {
		m[name] = map[string]V{}
	}
	m[name][language] = v
}
