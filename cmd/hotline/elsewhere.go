package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"hotline/dialog/backend"
	"hotline/dialog/engine"
)

// elsewhere puts the dialogue system that the line names behind the bot's own
// engine; a line that names none stays as it is.
func (b *bot) elsewhere(log *slog.Logger) error {
	set := b.line.Engine
	if !set.Set() {
		return nil
	}
	home := b.line.Home
	name, brain, err := set.Brain(home.Timezone, secretNamed)
	if err != nil {
		return err
	}
	c := b.line.EngineConfig(nil)
	phrases := b.engine.Load().Phrases()
	var skills []string
	for _, s := range home.Skills {
		skills = append(skills, s.Name)
	}
	b.talk, err = backend.New(backend.Config{
		Name: name, Language: b.line.Language, Own: b.engine, Brain: brain,
		Words: backend.Words{
			Wait: first(phrases[engine.KeyStillWorking]), Lost: first(phrases[engine.KeyFlowFailed]), Menu: b.engine.Load().Menu(), Safe: first(phrases[engine.KeySafe]),
			Sorry: first(phrases[engine.KeySorry]), Offer: first(phrases[engine.KeySorryOffer]), Ready: first(phrases[engine.KeyReady]),
		},
		Moderation: c.Words, Skills: skills, Send: set.Send, Welcome: set.Welcome, Timeout: set.Timeout, Log: log,
	})
	return err
}

// maxSecret bounds the file of a secret.
const maxSecret = 64 << 10

// secretNamed reads a secret of the environment, or of the file that the variable
// with _FILE behind its name says: that may be renewed while the server runs.
func secretNamed(name string) (string, error) {
	if value := os.Getenv(name); value != "" {
		return value, nil
	}
	path := os.Getenv(name + "_FILE")
	if path == "" {
		return "", fmt.Errorf("set %s, or %s_FILE to the file with the token, where the server runs", name, name)
	}
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return "", fmt.Errorf("%s_FILE: %w", name, err)
	}
	defer func() { _ = f.Close() }() // only read
	data, err := io.ReadAll(io.LimitReader(f, maxSecret))
	if err != nil {
		return "", fmt.Errorf("%s_FILE: %w", name, err)
	}
	return strings.TrimSpace(string(data)), nil
}
