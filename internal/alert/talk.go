package alert

import (
	"slices"
	"time"

	"hotline/dialog/language"
	"hotline/dialog/moderation"
	"hotline/internal/call"
	"hotline/internal/event"
)

// talk is what is known of a call in progress.
type talk struct {
	line, agent string
	ears        Ears
	tongue      language.Follower

	person  bool // the caller talks with one
	held    bool
	sound   time.Time // when somebody spoke last
	waiting *Alert
	silent  *Alert
	raised  map[string]*Alert // what is told once in a call, by kind and category
}

// take learns from an event.
func (w *Watch) take(e event.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch d := e.Data.(type) {
	case call.Record:
		if e.Kind == "call.ended" {
			w.end(e.Call)
			return
		}
		t := w.talk(e.Call, d.Line)
		if t == nil {
			return
		}
		t.agent = d.Agent
		if t.held != d.Held {
			t.held = d.Held
			w.heard(t)
		}
	case call.TurnRecord:
		if t := w.calls[e.Call]; t != nil {
			w.heard(t)
			w.said(e.Call, t, d)
		}
	case call.Event:
		if t := w.calls[e.Call]; t != nil {
			w.marked(e.Call, t, d)
		}
	}
}

// talk needs w.mu.
func (w *Watch) talk(id, line string) *talk {
	t := w.calls[id]
	if t == nil && len(w.calls) < maxCalls {
		t = &talk{line: line, ears: w.ears(line), sound: w.cfg.Now(), raised: map[string]*Alert{}}
		w.calls[id] = t
	}
	return t
}

// end needs w.mu.
func (w *Watch) end(id string) {
	t := w.calls[id]
	if t == nil {
		return
	}
	delete(w.calls, id)
	w.settle(t.waiting)
	w.settle(t.silent)
	for _, a := range t.raised {
		w.settle(a)
	}
}

// heard notes that somebody has spoken just now. It needs w.mu.
func (w *Watch) heard(t *talk) {
	t.sound = w.cfg.Now()
	w.settle(t.silent)
	t.silent = nil
}

// marked needs w.mu.
func (w *Watch) marked(id string, t *talk, e call.Event) {
	switch e.Kind {
	case call.KindIntent:
		l, _ := e.Data["language"].(string)
		t.tongue.Speak(l)
	case call.KindSpeechStart, call.KindSpeechEnd, call.KindDTMF:
		w.heard(t)
	case call.KindBridge:
		if e.Data["agent"] != nil {
			t.person = true
			w.heard(t)
		}
	case call.KindTransfer:
		switch e.Data["state"] {
		case "agent_gone", "requeued", "to_bot":
			t.person = false
			w.heard(t)
		case "taken_over":
			w.heard(t)
		}
	case call.KindAlert: // what the dialogue has found, with the voice in it
		kind, _ := e.Data["kind"].(string)
		score, _ := e.Data["score"].(float64)
		switch kind {
		case "complaint_risk":
			w.once(id, t, Alert{Kind: ComplaintRisk, AtMS: e.MS, Grave: true, Why: Why{Score: score}}, "")
		case "blocked":
			w.once(id, t, Alert{Kind: Sensitive, AtMS: e.MS, Why: Why{Speaker: "bot"}}, "bot")
		}
	}
}

// words are those of the language that a sentence of the call is in.
func (t *talk) words(text string) *moderation.Matcher {
	if l := t.tongue.Next(text); l != "" && t.ears.In != nil {
		if words := t.ears.In(l); words != nil {
			return words
		}
	}
	return t.ears.Words
}

// said reads a sentence. It needs w.mu.
func (w *Watch) said(id string, t *talk, turn call.TurnRecord) {
	why := Why{Said: turn.Text, Speaker: turn.Speaker}
	words := t.words(turn.Text)
	if turn.Speaker == "agent" && words != nil {
		if h, blocked := words.Blocked(turn.Text); blocked {
			why.Category, why.Words = string(h.Category), []string{turn.Text[h.Start:h.End]}
			w.once(id, t, Alert{Kind: Sensitive, AtMS: turn.StartMS, Grave: true, Why: why}, "agent "+why.Category)
		}
	}
	if turn.Speaker != "caller" {
		return
	}
	if words != nil {
		if policy, h := words.Caller(turn.Text); policy != moderation.Pass {
			about := why
			about.Category, about.Words = string(h.Category), []string{turn.Text[h.Start:h.End]}
			grave := policy == moderation.Crisis || policy == moderation.Safety || policy == moderation.Transfer
			w.once(id, t, Alert{Kind: Sensitive, AtMS: turn.StartMS, Grave: grave, Why: about}, about.Category)
		}
	}
	if turn.Mood == nil {
		return
	}
	r := *turn.Mood
	why.Words = r.Evidence
	if r.ComplaintRisk >= t.ears.Complaint && t.ears.Complaint < 1 {
		risk := why
		risk.Score = r.ComplaintRisk
		w.once(id, t, Alert{Kind: ComplaintRisk, AtMS: turn.StartMS, Grave: true, Why: risk}, "")
	}
	if r.Upset() {
		why.Score = r.Score
		w.once(id, t, Alert{Kind: Anger, AtMS: turn.StartMS, Why: why}, "")
	}
}

// once raises what is told once in a call. The dialogue's own finding has no words; they
// are added when they are known. It needs w.mu.
func (w *Watch) once(id string, t *talk, a Alert, about string) {
	key := string(a.Kind) + " " + about
	if old := t.raised[key]; old != nil {
		if old.Why.Said == "" && a.Why.Said != "" {
			a.Why.Score = max(a.Why.Score, old.Why.Score)
			old.Why = a.Why
			w.publish(Changed, old)
		}
		return
	}
	a.Call, a.Line, a.Agent = id, t.line, t.agent
	t.raised[key] = w.raise(a)
}

// look sees what takes too long.
func (w *Watch) look() {
	now := w.cfg.Now()
	var queue []waiter
	var ready, serving, waiting int
	if w.cfg.Queue != nil {
		for _, v := range w.cfg.Queue.Queue() {
			queue = append(queue, waiter{v.Call, v.Line, v.Skill, v.Since})
		}
		l := w.cfg.Queue.Load()
		ready, serving, waiting = l.Ready, l.Serving, l.Waiting
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waits(queue, now)
	w.anybody(ready, serving, waiting, queue, now)
	for id, t := range w.calls {
		limit := t.ears.Limits.Silent
		if !t.person || t.held || t.silent != nil || limit < 0 || now.Sub(t.sound) < limit {
			continue
		}
		t.silent = w.raise(Alert{Kind: DeadAir, Call: id, Line: t.line, Agent: t.agent, Why: Why{Seconds: int64(limit.Seconds())}})
	}
}

type waiter struct {
	call, line, skill string
	since             time.Time
}

// waits needs w.mu.
func (w *Watch) waits(queue []waiter, now time.Time) {
	for _, q := range queue {
		t := w.calls[q.call]
		if t == nil || t.waiting != nil {
			continue
		}
		if limit := t.ears.Limits.Wait; limit >= 0 && now.Sub(q.since) >= limit {
			t.waiting = w.raise(Alert{Kind: LongWait, Call: q.call, Line: q.line, Grave: true, Why: Why{Seconds: int64(limit.Seconds()), Skill: q.skill}})
		}
	}
	for id, t := range w.calls {
		if t.waiting != nil && !slices.ContainsFunc(queue, func(q waiter) bool { return q.call == id }) {
			w.settle(t.waiting)
			t.waiting = nil
		}
	}
}

// anybody needs w.mu.
func (w *Watch) anybody(ready, serving, waiting int, queue []waiter, now time.Time) {
	open := func(a *Alert) bool { return a.Kind == NobodyReady && a.OverAt.IsZero() }
	at := slices.IndexFunc(w.alerts, open)
	if waiting == 0 || ready > 0 || len(queue) == 0 {
		w.nobody = time.Time{}
		if at >= 0 {
			w.settle(w.alerts[at])
		}
		return
	}
	if w.nobody.IsZero() {
		w.nobody = now
	}
	if limit := w.ears(queue[0].line).Limits.Nobody; at < 0 && limit >= 0 && now.Sub(w.nobody) >= limit {
		w.raise(Alert{Kind: NobodyReady, Line: queue[0].line, Grave: serving == 0, Why: Why{Waiting: waiting, Serving: serving, Skill: queue[0].skill, Seconds: int64(limit.Seconds())}})
	}
}
