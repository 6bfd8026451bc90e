package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"hotline/campaigns"
	"hotline/internal/alert"
	"hotline/internal/desk"
	"hotline/internal/event"
)

// Elsewhere are the other servers on the database that live. What they have stands on
// this one's wall; what is done to a call is done on the server that has it.
type Elsewhere interface {
	Nodes() []Node
}

// ElsewhereChanged is published when other servers have something new to show.
const ElsewhereChanged event.Kind = "elsewhere.changed"

// Node is another server.
type Node struct {
	Name      string    `json:"name"`
	Host      string    `json:"host" doc:"where it runs"`
	URL       string    `json:"url,omitempty" doc:"of its console, where its settings say so (http.url)"`
	StartedAt time.Time `json:"started_at"`
	Wall
}

// Wall is what a server tells the others.
type Wall struct {
	Version string      `json:"version"`
	Ready   bool        `json:"ready" doc:"takes calls"`
	Calls   int         `json:"calls" doc:"in progress"`
	Changes int64       `json:"changes" doc:"goes up with each thing that a wall shows"`
	Load    desk.Load   `json:"load"`
	Queue   []desk.View `json:"queue"`
	Agents  []Agent     `json:"agents" doc:"who has a telephone or a call there"`
	// Campaigns are how those stand there; nil before it has looked at them.
	Campaigns *campaigns.Standing `json:"campaigns,omitempty"`
}

type nodeItem struct {
	Name      string    `json:"name"`
	Here      bool      `json:"here" doc:"that one reads this from"`
	Host      string    `json:"host,omitempty"`
	URL       string    `json:"url,omitempty"`
	Version   string    `json:"version,omitempty"`
	StartedAt time.Time `json:"started_at,omitzero"`
	Ready     bool      `json:"ready"`
	Calls     int       `json:"calls" doc:"in progress; of other servers only"`
}

type nodesOutput struct {
	Body struct {
		Items []nodeItem `json:"items" doc:"this server first"`
	}
}

func (s *Server) nodeRoutes() {
	route(s, operation(http.MethodGet, "/nodes", "list-nodes", "The servers that share the database", "live"), s.listNodes)
}

func (s *Server) listNodes(context.Context, *struct{}) (*nodesOutput, error) {
	out := &nodesOutput{}
	ready := true
	if s.cfg.Ready != nil {
		ready, _ = s.cfg.Ready.Ready()
	}
	out.Body.Items = []nodeItem{{Name: s.cfg.Node, Here: true, Version: s.cfg.Version, Ready: ready}}
	for _, n := range s.elsewhere() {
		out.Body.Items = append(out.Body.Items, nodeItem{
			Name: n.Name, Host: n.Host, URL: n.URL, Version: n.Version, StartedAt: n.StartedAt, Ready: n.Ready, Calls: n.Calls,
		})
	}
	return out, nil
}

func (s *Server) elsewhere() []Node {
	if s.cfg.Elsewhere == nil {
		return nil
	}
	return s.cfg.Elsewhere.Nodes()
}

func names(nodes []Node) []string {
	out := make([]string, len(nodes))
	for i, n := range nodes {
		out[i] = n.Name
	}
	return out
}

// onServer says that something is to be done on the server that has the call.
func (s *Server) onServer(name string) error {
	nodes := s.elsewhere()
	i := slices.IndexFunc(nodes, func(n Node) bool { return n.Name == name })
	switch {
	case i < 0:
		return problem(http.StatusConflict, "server_gone", fmt.Sprintf("the server %q has this call and is not to be seen: it has ended, or cannot reach the database", name))
	case nodes[i].URL == "":
		return problem(http.StatusConflict, "elsewhere", fmt.Sprintf("the server %q (%s) has this call: do it in its console", name, nodes[i].Host))
	default:
		return problem(http.StatusConflict, "elsewhere", fmt.Sprintf("the server %q has this call: do it in its console, %s", name, nodes[i].URL))
	}
}

// here refuses what is wanted with a call that another server has.
func (s *Server) here(ctx context.Context, id string) error {
	if s.cfg.Elsewhere == nil {
		return nil
	}
	on, err := s.cfg.Store.CallsElsewhere(ctx, []string{id})
	if err != nil {
		return err
	}
	if name, ok := on[id]; ok {
		return s.onServer(name)
	}
	return nil
}

// placeCalls names the servers of calls that others have. Of a list of what is in progress it
// leaves out those of servers that are gone: they end when that server starts again.
func (s *Server) placeCalls(ctx context.Context, calls []Call, live bool) ([]Call, error) {
	if s.cfg.Elsewhere == nil {
		return calls, nil
	}
	var ids []string
	for _, c := range calls {
		if c.EndedAt.IsZero() {
			ids = append(ids, c.ID)
		}
	}
	on, err := s.cfg.Store.CallsElsewhere(ctx, ids)
	if err != nil || len(on) == 0 {
		return calls, err
	}
	there := names(s.elsewhere())
	for i := range calls {
		calls[i].Node = on[calls[i].ID]
	}
	if live {
		calls = slices.DeleteFunc(calls, func(c Call) bool { return c.Node != "" && !slices.Contains(there, c.Node) })
	}
	return calls, nil
}

// QueueItem is somebody who waits.
type QueueItem struct {
	desk.View

	Node string `json:"node,omitempty" doc:"the server that has him, where that is another one"`
}

// queueOf is who waits here and elsewhere. Each server has an order of its own, which is
// kept; between those who are next on theirs, who counts as having waited longest is first.
func (s *Server) queueOf(here []desk.View, load desk.Load) ([]QueueItem, desk.Load) {
	rest := [][]QueueItem{queueItems(here, "")}
	total := len(here)
	for _, n := range s.elsewhere() {
		rest = append(rest, queueItems(n.Queue, n.Name))
		total += len(n.Queue)
		load.Longest = max(load.Longest, n.Load.Longest)
		load.Ready += n.Load.Ready
		load.Serving += n.Load.Serving
	}
	out := make([]QueueItem, 0, total)
	for len(out) < total {
		next := -1
		for i, list := range rest {
			if len(list) > 0 && (next < 0 || list[0].waitsFrom().Before(rest[next][0].waitsFrom())) {
				next = i
			}
		}
		out = append(out, rest[next][0])
		rest[next] = rest[next][1:]
	}
	return out, load
}

func queueItems(views []desk.View, node string) []QueueItem {
	items := make([]QueueItem, len(views))
	for i, v := range views {
		items[i] = QueueItem{v, node}
	}
	return items
}

// waitsFrom is since when somebody counts as waiting.
func (q QueueItem) waitsFrom() time.Time { return q.Since.Add(-time.Duration(q.Head) * time.Second) }

// agentsOf are this server's agents as they are on whichever server they work.
func (s *Server) agentsOf(here []Agent) []Agent {
	at := make(map[string]int, len(here))
	for i, a := range here {
		at[a.Name] = i
	}
	for _, n := range s.elsewhere() {
		for _, a := range n.Agents {
			i, known := at[a.Name]
			if !known || here[i].Contacts > 0 || len(here[i].Calls) > 0 {
				continue
			}
			a.Node = n.Name
			here[i] = a
		}
	}
	return here
}

// agentsElsewhere are those who work on other servers.
func (s *Server) agentsElsewhere(ctx context.Context) []Agent {
	if s.cfg.Elsewhere == nil || s.cfg.Agents == nil {
		return nil
	}
	here, err := s.cfg.Agents.Agents(ctx)
	if err != nil {
		return nil // then they are taken to be here
	}
	return slices.DeleteFunc(s.agentsOf(here), func(a Agent) bool { return a.Node == "" })
}

// alertsFor is for how long alerts stay in the list, as [alert.Watch] keeps its own.
const (
	alertsFor  = time.Hour
	mostAlerts = 500
)

// alertsElsewhere are the alerts of other servers that live.
func (s *Server) alertsElsewhere(ctx context.Context) ([]alert.Alert, error) {
	return s.cfg.Store.AlertsElsewhere(ctx, names(s.elsewhere()), time.Now().Add(-alertsFor), mostAlerts)
}
