package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"hotline/dialog/engine"
	"hotline/dialog/llm"
	"hotline/internal/config"
)

// languageModel is the chain of endpoints that the settings name; nil for none.
func languageModel(c config.Config, log *slog.Logger) (engine.Model, error) {
	client, err := modelClient(c, log)
	if client == nil || err != nil {
		return nil, err
	}
	return client, nil
}

func modelClient(c config.Config, log *slog.Logger) (*llm.Client, error) {
	l := c.LLM
	if l.BaseURL == "" {
		return nil, nil //nolint:nilnil // none is what was asked for
	}
	chain := []llm.Endpoint{{BaseURL: l.BaseURL, Key: l.APIKey.Reveal(), Model: l.Model}}
	keys := strings.Split(l.FallbackKeys.Reveal(), ",")
	for i, u := range l.FallbackURLs {
		e := llm.Endpoint{BaseURL: u, Model: l.Model}
		switch n := len(l.FallbackModels); {
		case n == 1:
			e.Model = l.FallbackModels[0]
		case n > i:
			e.Model = l.FallbackModels[i]
		}
		if i < len(keys) {
			e.Key = strings.TrimSpace(keys[i])
		}
		chain = append(chain, e)
	}
	return llm.New(llm.Config{
		Endpoints: chain, Timeout: l.Timeout, FirstWords: l.FirstWords, Requests: l.CallRequests, Tokens: l.CallTokens, Log: log,
	})
}

// checkModel asks the language model for a word: without it calls are served too.
func checkModel(ctx context.Context, c config.Config) finding {
	f := finding{what: "model", text: "no language model is set (llm.base_url); none is needed", advice: true}
	client, err := modelClient(c, discard())
	if client == nil && err == nil {
		return f
	}
	if err == nil {
		err = client.Check(ctx)
	}
	f.text = fmt.Sprintf("%s at %s answers, and %d more", c.LLM.Model, c.LLM.BaseURL, len(c.LLM.FallbackURLs))
	f.err = err
	return f
}
