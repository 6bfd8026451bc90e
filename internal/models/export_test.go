package models

import (
	"archive/tar"
	"io"
	"slices"
)

// TrimSizes forgets how long the real archives are, so that small ones can stand
// for them.
func (s *Set) TrimSizes() {
	s.manifest.Models = slices.Clone(s.manifest.Models)
	for i, m := range s.manifest.Models {
		m.Sources = slices.Clone(m.Sources)
		for k := range m.Sources {
			m.Sources[k].Bytes = 0
		}
		s.manifest.Models[i] = m
	}
}

// Untar is extract without the compression.
func Untar(r io.Reader, dir string, limit int64) error {
	return untar(tar.NewReader(r), dir, limit, func(int64) {})
}
