package business

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"hotline/dialog/flow"
	"hotline/internal/strict"
)

// Overlay are files of tasks as they would be, by their name as reports have it
// ("flows/track.yaml"); nil for one that would be gone.
type Overlay map[string]*string

// read is a file of the folder, as it is or would be.
func (o Overlay) read(dir, name string) ([]byte, error) {
	if text, ok := o[name]; ok {
		return []byte(*text), nil
	}
	return readFile(filepath.Join(dir, filepath.FromSlash(name)))
}

// flowEntries are the files of tasks in the folder, as they are or would be.
func (f *folder) flowEntries() []string {
	out := f.entries(FlowDir, ".yaml", ".yml")
	for _, name := range slices.Sorted(maps.Keys(f.over)) {
		e := path.Base(name)
		i := slices.Index(out, e)
		switch {
		case f.over[name] == nil && i >= 0:
			out = slices.Delete(out, i, i+1)
		case f.over[name] != nil && i < 0:
			out = append(out, e)
		}
	}
	slices.Sort(out)
	return out
}

// FlowFile is a file of a task, as it lies in the folder.
type FlowFile struct {
	Text   string
	Digest string // names the bytes; "" where there is no file
}

// ErrFlowChanged is returned when a file is another than the one that was edited.
var ErrFlowChanged = errors.New("the file has changed on disk since")

// ReadFlowFile reads a file of flows/; one that is not there is empty.
func ReadFlowFile(dir, file string) (FlowFile, error) {
	data, err := readFile(flowPath(dir, file))
	if errors.Is(err, fs.ErrNotExist) {
		return FlowFile{}, nil
	}
	if err != nil {
		return FlowFile{}, fmt.Errorf("read %s: %w", file, err)
	}
	text, _ := decodeText(data)
	sum := sha256.Sum256(data)
	return FlowFile{Text: text, Digest: hex.EncodeToString(sum[:16])}, nil
}

// WriteFlowFile puts text in place of the file of digest was ("" for a new one), at once
// or not at all.
func WriteFlowFile(dir, file, text, was string) (FlowFile, error) {
	now, err := ReadFlowFile(dir, file)
	if err != nil {
		return now, err
	}
	if now.Digest != was {
		return now, fmt.Errorf("write %s: %w", file, ErrFlowChanged)
	}
	err = replaceFile(flowPath(dir, file), func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
	if err != nil {
		return now, err
	}
	return ReadFlowFile(dir, file)
}

// RemoveFlowFile takes the file of digest was away.
func RemoveFlowFile(dir, file, was string) error {
	now, err := ReadFlowFile(dir, file)
	if err != nil {
		return err
	}
	if now.Digest != was {
		return fmt.Errorf("remove %s: %w", file, ErrFlowChanged)
	}
	if err := os.Remove(flowPath(dir, file)); err != nil {
		return fmt.Errorf("remove %s: %w", file, err)
	}
	return nil
}

// flowPath is the file's; its folder is flows/ whatever the name says.
func flowPath(dir, file string) string { return filepath.Join(dir, FlowDir, path.Base(file)) }

// ParseFlow reads a task alone; false where it cannot be read.
func ParseFlow(text string) (*flow.Flow, bool) {
	root, problem := strict.Parse([]byte(text))
	if problem != nil {
		return nil, false
	}
	f := &flow.Flow{}
	problems, _ := root.Decode(f)
	return f, len(problems) == 0 && strings.TrimSpace(f.Name) != ""
}
