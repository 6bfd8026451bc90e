package main

import (
	"path/filepath"

	"hotline/internal/action"
)

// messagesFile takes short messages while no gateway is set up.
const messagesFile = "sms.jsonl"

// outbox delivers the short messages that tasks send.
func (s *server) outbox() *action.Outbox {
	var gateway action.Gateway = &action.FileGateway{Path: filepath.Join(s.cfg.Data.Dir, messagesFile)}
	if s.cfg.SMS.URL != "" {
		web := &action.WebGateway{URL: s.cfg.SMS.URL, Header: map[string]string{}}
		if token := s.cfg.SMS.Token.Reveal(); token != "" {
			web.Header["Authorization"] = "Bearer " + token
		}
		gateway = web
	}
	return &action.Outbox{Queue: s.db.Messages(), Gateway: gateway, Log: s.log}
}
