package config

import (
	"fmt"
	"log/slog"
	"net/url"
)

// Secret is text that is not to be seen: every way of printing it gives "***".
type Secret string

const redacted = "***"

// Reveal is the text itself.
func (s Secret) Reveal() string { return string(s) }

// String implements fmt.Stringer. An empty secret prints as nothing, and a URL
// loses only its password.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	if u, err := url.Parse(string(s)); err == nil && u.Scheme != "" && u.Host != "" && !u.Query().Has("password") {
		return u.Redacted()
	}
	return redacted
}

// Format implements fmt.Formatter, so that no verb shows the text.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// MarshalText keeps it out of JSON, YAML and the like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
