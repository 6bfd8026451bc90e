package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"hotline/internal/config"
	"hotline/internal/models"
	"hotline/internal/speech"
	"hotline/internal/web"
)

// status tells the console how the server does.
type status struct{ server *server }

// Ready implements web.Readiness: calls can be taken, with a voice or at least
// with keys.
func (st *status) Ready() (ok bool, reasons []string) {
	s := st.server
	if s.manager.Draining() {
		reasons = append(reasons, "the server is draining")
	}
	select {
	case <-s.sip.Ready():
	default:
		reasons = append(reasons, "the telephone is not listening yet")
	}
	reasons = append(reasons, s.load.State().Reasons...)
	return len(reasons) == 0, reasons
}

// Agents implements web.AgentLister.
func (st *status) Agents(context.Context) ([]web.Agent, error) {
	var out []web.Agent
	for _, a := range st.server.desk.Agents() {
		out = append(out, web.Agent{
			Name: a.Name, DisplayName: a.Title, Skills: a.Skills, Languages: a.Languages, Team: a.Team,
			State: string(a.State), Reason: a.Reason, Since: a.Since, Until: a.Until, Calls: a.Calls,
			Contacts: len(st.server.registrar.Contacts(a.Name)),
		})
	}
	return out, nil
}

// Lines implements web.LineLister.
func (st *status) Lines(context.Context) ([]web.Line, error) {
	var out []web.Line
	for _, b := range st.server.bots.lines() {
		l := web.Line{
			Name: b.line.Name, Title: b.home().Name, Numbers: b.said().Numbers, Language: b.line.Language,
			Open: b.home().Hours.Open(time.Now()),
		}
		if len(l.Numbers) > 0 && len(st.server.sip.Addrs()) > 0 {
			l.Dial = "sip:" + l.Numbers[0] + "@" + st.server.sip.Addrs()[0].String()
		}
		out = append(out, l)
	}
	return out, nil
}

// System implements web.SystemReporter.
func (st *status) System(context.Context) (web.SystemState, error) {
	s := st.server
	out := web.SystemState{Version: buildVersion(), Advice: s.advice(), Workers: []web.Worker{}, Models: []web.Model{}}
	if b := s.bots.find(""); b != nil {
		out.Business = b.home().Name
	}
	for _, a := range s.sip.Addrs() {
		out.Endpoints = append(out.Endpoints, "sip:"+a.String()+";transport="+a.Network())
	}
	state := s.ears.workerState()
	w := web.Worker{Name: "speech", State: "starting", Since: state.Since, Restarts: state.Restarts}
	switch state.Phase {
	case speech.Ready:
		w.State = "up"
		w.Detail = strings.Join(append(slices.Clone(state.Health.ASR), state.Health.TTS...), ", ")
	case speech.Down, speech.Stopped:
		w.State = "down"
	case speech.Starting:
	}
	if state.Err != nil {
		w.Detail = state.Err.Error()
	}
	out.Workers = append(out.Workers, w)
	set := models.Open(s.cfg.Models)
	used := map[string][]string{}
	for _, b := range s.bots.lines() {
		for kind, named := range map[models.Kind]config.Choice{models.ASR: s.cfg.Speech.ASR, models.TTS: s.cfg.Speech.TTS} {
			if id, _, err := modelFor(set, kind, named, b.line.Language); err == nil && !slices.Contains(used[id], b.line.Language) {
				used[id] = append(used[id], b.line.Language)
			}
		}
	}
	installed := map[string]bool{}
	for _, m := range set.Installed() {
		installed[m.ID] = true
	}
	for _, m := range set.Known() {
		u := used[m.ID]
		if u == nil {
			u = []string{}
		}
		out.Models = append(out.Models, web.Model{
			ID: m.ID, Title: m.Title, Kind: string(m.Kind()), Languages: m.Languages, Bytes: m.Bytes, Licence: m.Licence,
			Installed: installed[m.ID], Used: u,
		})
	}
	return out, nil
}

// advice is what somebody should do so that calls go well.
func (s *server) advice() []web.Advice {
	out := s.recordingAdvice()
	for _, setting := range s.untilRestart() {
		out = append(out, web.Advice{Code: "restart_needed", Subject: s.zone, Text: "a change of business.yaml counts from the next start on: " + setting})
	}
	if len(s.cfg.Speech.URLs) > 0 {
		return out
	}
	set := models.Open(s.cfg.Models)
	seen := map[string]bool{}
	for _, b := range s.bots.lines() {
		for kind, of := range map[models.Kind]struct {
			named config.Choice
			lack  string
		}{
			models.ASR: {s.cfg.Speech.ASR, "callers can only use the keypad"},
			models.TTS: {s.cfg.Speech.TTS, "only sentences rendered beforehand and espeak-ng are spoken"},
		} {
			key := string(kind) + b.line.Language
			_, _, err := modelFor(set, kind, of.named, b.line.Language)
			if err == nil || seen[key] {
				continue
			}
			seen[key] = true
			a := web.Advice{Code: "model_missing", Subject: b.line.Language, Grave: kind == models.ASR, Text: of.lack + ": " + err.Error()}
			if of.named.For(b.line.Language) == "" && set.Unreadable() == nil {
				a.Command = "hotline models pull"
			}
			out = append(out, a)
		}
	}
	if _, ok := set.Best(models.VAD, ""); !ok {
		out = append(out, web.Advice{Code: "vad_missing", Text: "voice is detected by loudness alone; a model does it better", Command: "hotline models pull vad/silero-v6"})
	}
	return out
}

// recordingAdvice tells of calls that are not recorded.
func (s *server) recordingAdvice() []web.Advice {
	if s.recordings == nil {
		return []web.Advice{}
	}
	t := s.recordings.Trouble()
	switch {
	case t.Since.IsZero():
		return []web.Advice{}
	case t.Full:
		return []web.Advice{{
			Code: "disk_full", Subject: fmt.Sprint(t.Calls), Grave: true,
			Text: fmt.Sprintf("the disk is full: %d calls were not recorded whole since %s; free some space in %s", t.Calls, t.Since.Format(time.TimeOnly), s.recordings.Dir),
		}}
	default:
		return []web.Advice{{
			Code: "recording_failed", Subject: fmt.Sprint(t.Calls), Grave: true,
			Text: fmt.Sprintf("%d calls were not recorded whole since %s: %v", t.Calls, t.Since.Format(time.TimeOnly), t.Err),
		}}
	}
}
