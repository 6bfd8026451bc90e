package models

import (
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed manifest.yaml
var manifestYAML []byte

type manifest struct {
	Defaults []Role  `yaml:"defaults"`
	Models   []Model `yaml:"models"`
}

// Role is something that a telephone line needs a model for.
type Role struct {
	For string   `yaml:"for"` // for people
	Any []string `yaml:"any"` // IDs that fill it, best first
}

// Defaults lists what a pull without IDs sees to.
func (s *Set) Defaults() []Role { return slices.Clone(s.manifest.Defaults) }

// embedded is the manifest that is part of the binary. A test reads it, so that
// a broken one cannot leave the workshop.
var embedded = sync.OnceValue(func() manifest {
	m, err := parse(manifestYAML)
	if err != nil {
		panic("models: the embedded manifest: " + err.Error())
	}
	return m
})

func parse(text []byte) (manifest, error) {
	var m manifest
	if err := yaml.UnmarshalWithOptions(text, &m, yaml.Strict()); err != nil {
		return manifest{}, fmt.Errorf("reading the manifest: %w", err)
	}
	var errs []error
	seen := map[string]bool{}
	for _, e := range m.Models {
		if err := e.valid(); err != nil {
			errs = append(errs, fmt.Errorf("model %q: %w", e.ID, err))
		}
		if seen[e.ID] {
			errs = append(errs, fmt.Errorf("model %q: listed twice", e.ID))
		}
		seen[e.ID] = true
	}
	for _, r := range m.Defaults {
		for _, id := range r.Any {
			if !seen[id] {
				errs = append(errs, fmt.Errorf("default for %s: no model %q", r.For, id))
			}
		}
	}
	return m, errors.Join(errs...)
}

func (m Model) valid() error {
	switch m.Kind() {
	case ASR, TTS, VAD, Embed, Turn:
	default:
		return fmt.Errorf("unknown kind %q", m.Kind())
	}
	if !filepath.IsLocal(filepath.FromSlash(m.ID)) || strings.Count(m.ID, "/") != 1 {
		return errors.New("the id must be kind/name")
	}
	if m.Title == "" || m.Licence == "" || m.Engine == "" || m.Bytes <= 0 || len(m.Rank) == 0 || len(m.Files) == 0 || len(m.Sources) == 0 {
		return errors.New("title, licence, engine, bytes, rank, files and sources are needed")
	}
	for _, f := range m.Files {
		if !filepath.IsLocal(filepath.FromSlash(f.Path)) {
			return fmt.Errorf("file %q leaves the model's folder", f.Path)
		}
		if !digest(f.SHA256) {
			return fmt.Errorf("file %q: sha256 must be 64 hexadecimal digits or %q", f.Path, Unknown)
		}
	}
	for _, s := range m.Sources {
		if (s.Archive == "") == (s.Registry == "") {
			return errors.New("a source is either an archive or a registry build")
		}
		if s.Archive != "" && !digest(s.SHA256) {
			return fmt.Errorf("archive %q: sha256 must be 64 hexadecimal digits or %q", s.Archive, Unknown)
		}
	}
	return nil
}

func digest(s string) bool {
	b, err := hex.DecodeString(s)
	return s == Unknown || err == nil && len(b) == 32 && s == strings.ToLower(s)
}
