package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"hotline/dialog"
	"hotline/dialog/backend"
	"hotline/dialog/engine"
	"hotline/internal/business"
)

// elsewhere has the dialogue system that the line l names answer, behind the bot's own
// engine; where it names none the own engine does.
func (b *bot) elsewhere(l business.Line, log *slog.Logger) error {
	talk, err := b.brain(l, b.engine.Load(), log)
	if err == nil {
		b.talk = talk
	}
	return err
}

// brain is what answers the line l by its engine own.
func (b *bot) brain(l business.Line, own *engine.Engine, log *slog.Logger) (dialog.Engine, error) {
	set := l.Engine
	if !set.Set() {
		return b.engine, nil
	}
	home := l.Home
	name, brain, err := set.Brain(home.Timezone, secretNamed)
	if err != nil {
		return nil, err
	}
	c := l.EngineConfig(nil)
	phrases := own.Phrases()
	var skills []string
	for _, s := range home.Skills {
		skills = append(skills, s.Name)
	}
	return backend.New(backend.Config{
		Name: name, Language: l.Language, Own: b.engine, Brain: brain,
		Words: backend.Words{
			Wait: first(phrases[engine.KeyStillWorking]), Lost: first(phrases[engine.KeyFlowFailed]), Menu: own.Menu(), Safe: first(phrases[engine.KeySafe]),
			Sorry: first(phrases[engine.KeySorry]), Offer: first(phrases[engine.KeySorryOffer]), Ready: first(phrases[engine.KeyReady]),
		},
		Moderation: c.Words, Skills: skills, Send: set.Send, Welcome: set.Welcome, Timeout: set.Timeout, Log: log,
	})
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
