package business

import (
	"slices"
	"strings"
	"time"
)

// TicketType is a kind of ticket. Those that none declares are taken too, with no time.
type TicketType struct {
	// Name is what flows write as kind of a ticket.
	Name string `yaml:"name" json:"name"`
	// Title is what people read; the name without.
	Title string `yaml:"title" json:"title,omitempty"`
	// Fields are what such a ticket says.
	Fields []TicketField `yaml:"fields" json:"fields,omitempty"`
	// Due is how long there is to do it; no limit without.
	Due time.Duration `yaml:"due" json:"due,omitempty"`
	// Priority is "low", "normal", "high" or "urgent". normal.
	Priority string `yaml:"priority" json:"priority,omitempty"`
	// Team gets it first.
	Team string `yaml:"team" json:"team,omitempty"`
	// Escalate is what happens when it is late, in this order; without, it becomes more
	// urgent once.
	Escalate []TicketStep `yaml:"escalate" json:"escalate,omitempty"`
}

// TicketField is one that a ticket has.
type TicketField struct {
	Name  string `yaml:"name" json:"name"`
	Title string `yaml:"title" json:"title,omitempty"`
	// Required keeps people from leaving it out; the bot's tickets are taken as they are.
	Required bool `yaml:"required" json:"required,omitempty"`
}

// TicketStep is what happens to a ticket that is late.
type TicketStep struct {
	// After is how long after it was due.
	After time.Duration `yaml:"after" json:"after,omitempty"`
	Agent string        `yaml:"agent" json:"agent,omitempty"`
	Team  string        `yaml:"team" json:"team,omitempty"`
	// Priority is at least this; one more than it has without.
	Priority string `yaml:"priority" json:"priority,omitempty"`
}

// Reviews are decisions that flows prepare: coupons, refunds.
type Reviews struct {
	// Agents may decide beside supervisors.
	Agents []string `yaml:"agents" json:"agents,omitempty"`
	// Approved and Refused are what the caller is told where nobody writes something
	// else; {amount} is filled in.
	Approved string `yaml:"approved" json:"approved,omitempty"`
	Refused  string `yaml:"refused" json:"refused,omitempty"`
}

// Customers is where else customers are known.
type Customers struct {
	// Tables are look-up tables whose rows are shown in a customer's profile.
	Tables []CustomerTable `yaml:"tables" json:"tables,omitempty"`
}

// CustomerTable is a table with telephone numbers in a column.
type CustomerTable struct {
	Table string `yaml:"table" json:"table"`
	Phone string `yaml:"phone" json:"phone"`
}

// priorities in their order.
func priorities() []string { return []string{"low", "normal", "high", "urgent"} }

func (c checker) tickets() {
	b := c.business
	var agents, teams []string
	for _, a := range b.Agents {
		agents = append(agents, a.Name)
		if a.Team != "" && !slices.Contains(teams, a.Team) {
			teams = append(teams, a.Team)
		}
	}
	priority := func(at place, p string) {
		if p != "" && !slices.Contains(priorities(), p) {
			c.report.add(Error, at, "ticket_priority", p)
		}
	}
	seen := map[string]bool{}
	for i, t := range b.Tickets {
		at := c.key(pathOf("tickets", i))
		if strings.TrimSpace(t.Name) == "" || seen[t.Name] {
			c.report.add(Error, at, "ticket_name", i+1)
		}
		seen[t.Name] = true
		fields := map[string]bool{}
		for _, f := range t.Fields {
			if f.Name == "" || fields[f.Name] {
				c.report.add(Error, at, "ticket_field", t.Name)
			}
			fields[f.Name] = true
		}
		if t.Due < 0 || t.Due > 365*24*time.Hour {
			c.report.add(Error, at, "range", t.Due, 0, "8760h")
		}
		priority(at, t.Priority)
		c.known(at, t.Team, teams, "queue_team")
		last := time.Duration(0)
		for _, s := range t.Escalate {
			if s.After < last || s.After > 365*24*time.Hour {
				c.report.add(Error, at, "range", s.After, last, "8760h")
			}
			last = s.After
			priority(at, s.Priority)
			c.known(at, s.Team, teams, "queue_team")
			c.known(at, s.Agent, agents, "ticket_agent")
		}
	}
	for _, a := range b.Reviews.Agents {
		c.known(c.key("reviews.agents"), a, agents, "ticket_agent")
	}
	for i, t := range b.Customers.Tables {
		if _, ok := b.customerTable(t); !ok {
			c.report.add(Error, c.key(pathOf("customers.tables", i)), "customer_table", t.Table, t.Phone)
		}
	}
}

func (b *Business) customerTable(t CustomerTable) (rows []map[string]string, ok bool) {
	for _, table := range b.Tables {
		if table.Name == t.Table && slices.Contains(table.Columns, t.Phone) {
			for _, r := range table.Rows {
				rows = append(rows, r)
			}
			return rows, true
		}
	}
	return nil, false
}

// maxCustomerRows bounds what a profile shows of one table.
const maxCustomerRows = 20

// CustomerRows are the rows of the tables that are a customer's, by table: whose number
// is same.
func (b *Business) CustomerRows(same func(number string) bool) map[string][]map[string]string {
	out := map[string][]map[string]string{}
	for _, t := range b.Customers.Tables {
		rows, _ := b.customerTable(t)
		for _, r := range rows {
			if n := r[t.Phone]; n != "" && same(n) && len(out[t.Table]) < maxCustomerRows {
				out[t.Table] = append(out[t.Table], r)
			}
		}
	}
	return out
}
