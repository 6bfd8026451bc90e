package main

import (
	"time"

	"hotline/dialog/knowledge"
	"hotline/dialog/llm"
	"hotline/internal/config"
	"hotline/internal/event"
	"hotline/internal/proposal"
)

// patientModel is the language model for work that no caller waits for; nil for none.
func patientModel(c config.Config) (*llm.Client, error) {
	const patience = 25 * time.Second // less than a request to the console may take
	c.LLM.Timeout, c.LLM.FirstWords = max(c.LLM.Timeout, patience), max(c.LLM.FirstWords, patience)
	return modelClient(c, discard())
}

// propose makes the desk where wordings wait for somebody to approve them.
func (s *server) propose() error {
	c := proposal.Config{
		Store: s.db, Knowledge: s.kb, Log: s.log,
		// What callers said is embedded for this once and kept nowhere.
		Embedders: func(language string) knowledge.Embedder { return s.workersMeaning(language) },
		Changed: func(business string) {
			s.bus.Publish(event.Event{Kind: "proposals.changed", At: time.Now(), Data: map[string]any{"business": business}})
		},
	}
	model, err := patientModel(s.cfg)
	if err != nil {
		return err
	}
	if model != nil {
		c.Model = model
	}
	s.proposals = proposal.New(c)
	return nil
}
