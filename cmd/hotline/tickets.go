package main

import (
	"cmp"
	"context"
	"slices"

	"hotline/internal/business"
	"hotline/internal/ticket"
	"hotline/internal/web"
	"hotline/internal/webhook"
)

// openTickets puts together who makes tickets, and takes over those of earlier versions.
func (s *server) openTickets(ctx context.Context) error {
	if s.cfg.Webhook.URL != "" {
		hooks, err := webhook.New(webhook.Config{
			Queue: s.db, URL: s.cfg.Webhook.URL, Secret: s.cfg.Webhook.Secret.Reveal(), Allow: s.cfg.Webhook.Allow, Log: s.log,
		})
		if err != nil {
			return err
		}
		s.webhooks = hooks
	}
	s.tickets = ticket.New(ticket.Config{Store: s.db, Bus: s.bus, Types: s.bots.ticketTypes, People: s.bots.ticketPeople, Webhook: s.webhooks != nil, Log: s.log})
	n, err := s.tickets.Adopt(ctx)
	if n > 0 {
		s.log.InfoContext(ctx, "tickets_adopted", "count", n)
	}
	return err
}

// tellWebhook tells another system what happens, if there is one.
func (s *server) tellWebhook(ctx context.Context) {
	if s.webhooks != nil {
		s.webhooks.Run(ctx)
	}
}

// ticketTypes are the kinds of tickets of all businesses, each once.
func (bs *bots) ticketTypes() []ticket.Type {
	var out []ticket.Type
	for _, b := range bs.homes() {
		for _, t := range b.Tickets {
			if slices.ContainsFunc(out, func(o ticket.Type) bool { return o.Name == t.Name }) {
				continue
			}
			out = append(out, ticketType(t))
		}
	}
	return out
}

func ticketType(t business.TicketType) ticket.Type {
	k := ticket.Type{Name: t.Name, Title: cmp.Or(t.Title, t.Name), Due: t.Due, Team: t.Team}
	k.Priority, _ = ticket.Priority(t.Priority) // checked when it was read
	for _, f := range t.Fields {
		k.Fields = append(k.Fields, ticket.Field{Name: f.Name, Title: cmp.Or(f.Title, f.Name), Required: f.Required})
	}
	for _, e := range t.Escalate {
		step := ticket.Step{After: e.After, Agent: e.Agent, Team: e.Team}
		if e.Priority != "" {
			step.Priority, _ = ticket.Priority(e.Priority)
		}
		k.Escalate = append(k.Escalate, step)
	}
	return k
}

// ticketPeople are those whom a ticket can be given to.
func (bs *bots) ticketPeople() (agents, teams []string) {
	for _, a := range bs.agents() {
		agents = append(agents, a.Name)
		if a.Team != "" && !slices.Contains(teams, a.Team) {
			teams = append(teams, a.Team)
		}
	}
	return agents, teams
}

func (bs *bots) staff() []string {
	agents, _ := bs.ticketPeople()
	return agents
}

// reviewers are the agents of all businesses who decide.
func (bs *bots) reviewers() []string {
	var out []string
	for _, b := range bs.homes() {
		out = append(out, b.Reviews.Agents...)
	}
	return out
}

// reviewWords are what callers are told of decisions, by the first business that says so,
// or in our own words in its language.
func (bs *bots) reviewWords() web.ReviewWords {
	words := web.ReviewWords{}
	language := ""
	for _, b := range bs.homes() {
		words.Approved, words.Refused = cmp.Or(words.Approved, b.Reviews.Approved), cmp.Or(words.Refused, b.Reviews.Refused)
		language = cmp.Or(language, b.Language)
	}
	ours := web.ReviewWords{Approved: "您好，您的申请已经通过（{amount}）。感谢您的来电。", Refused: "您好，您的申请没有通过。如有疑问，请再来电。"}
	if language == "en" {
		ours = web.ReviewWords{Approved: "Your request has been approved ({amount}). Thank you for calling.", Refused: "Your request could not be approved. Please call us if you have questions."}
	}
	return web.ReviewWords{Approved: cmp.Or(words.Approved, ours.Approved), Refused: cmp.Or(words.Refused, ours.Refused)}
}

// customerRows are the rows of all businesses' tables that are a customer's.
func (bs *bots) customerRows(same func(string) bool) map[string][]map[string]string {
	out := map[string][]map[string]string{}
	for _, b := range bs.homes() {
		for name, rows := range b.CustomerRows(same) {
			out[name] = append(out[name], rows...)
		}
	}
	return out
}
