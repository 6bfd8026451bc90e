package config

import (
	"fmt"
	"slices"
	"strings"
)

// Choice is a model for each language; the key "" counts for the rest.
type Choice map[string]string

// For is the model chosen for a language, "" for the best installed.
func (c Choice) For(language string) string {
	if m, ok := c[language]; ok {
		return m
	}
	return c[""]
}

// String is the form that UnmarshalText reads.
func (c Choice) String() string {
	var parts []string
	for language, id := range c {
		if language != "" {
			id = language + "=" + id
		}
		parts = append(parts, id)
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

// UnmarshalText reads "ID" or "zh=ID,en=ID".
func (c *Choice) UnmarshalText(text []byte) error {
	out := Choice{}
	for _, f := range fields(string(text), ",") {
		language, id, ok := strings.Cut(f, "=")
		if !ok {
			language, id = "", f
		}
		if _, twice := out[language]; twice || id == "" {
			return fmt.Errorf("two models for one language, or none")
		}
		out[language] = id
	}
	*c = out
	return nil
}

// Want implements the wording of errors.
func (*Choice) Want() string { return "a model, or zh=MODEL,en=MODEL" }
