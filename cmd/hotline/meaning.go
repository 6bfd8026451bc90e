package main

import (
	"path/filepath"

	"hotline/dialog/knowledge"
	"hotline/internal/embed"
)

// rememberMeaning keeps e's vectors of the knowledge in the data folder.
func (s *server) rememberMeaning(e knowledge.Embedder) *embed.Cached {
	return &embed.Cached{Next: e, Path: filepath.Join(s.cfg.Data.Dir, "vectors", "knowledge.bin")}
}
