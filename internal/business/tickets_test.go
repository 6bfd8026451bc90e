package business_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/business"
)

// The rules that docs/tickets.md shows are read as they are meant.
func TestTicketRules(t *testing.T) {
	dir := staffed(t, `tickets:
  - name: 投诉
    title: 客户投诉
    due: 2h
    priority: high
    team: front
    fields: [{name: 经过, required: true}, {name: 单号, title: 订单号}]
    escalate: [{after: 0s}, {after: 4h, agent: wang, team: back, priority: urgent}]
reviews:
  agents: [li]
customers:
  tables: [{table: orders, phone: 电话}]
`)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "tables"), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tables", "orders.csv"), []byte("单号,电话\nA1,13800138000\nA2,13900139000\n"), 0o600))
	b, report := business.Load(dir)
	for _, p := range report.Problems {
		assert.NotEqual(t, business.Error, p.Severity, p.Text("en"))
	}
	require.Len(t, b.Tickets, 1)
	assert.Equal(t, 2*time.Hour, b.Tickets[0].Due)
	assert.Equal(t, "wang", b.Tickets[0].Escalate[1].Agent)
	rows := b.CustomerRows(func(n string) bool { return n == "13800138000" })
	assert.Equal(t, map[string][]map[string]string{"orders": {{"单号": "A1", "电话": "13800138000"}}}, rows)
}

func TestRulesOfTicketsAreChecked(t *testing.T) {
	dir := staffed(t, `tickets:
  - name: 投诉
    due: 2h
    priority: urgnt
    team: 市场
    escalate: [{after: 2h, agent: zhao}, {after: 1h}]
  - name: 投诉
    fields: [{name: 订单}, {name: 订单}]
reviews:
  agents: [nobody]
customers:
  tables: [{table: orders, phone: 手机}]
`)
	_, report := business.Load(dir)
	codes := map[string]int{}
	for _, p := range report.Problems {
		codes[p.Code]++
	}
	for code, n := range map[string]int{"ticket_priority": 1, "queue_team": 1, "ticket_agent": 2, "range": 1, "ticket_name": 1, "ticket_field": 1, "customer_table": 1} {
		assert.Equal(t, n, codes[code], "%s in %v", code, report.Problems)
	}
}

// An account that the store cannot keep would keep the server from starting.
func TestAccountsOfAgentsAreChecked(t *testing.T) {
	for name, wanted := range map[string]bool{"agent1": true, "张师傅": true, "wang.li-2": true, "张 师傅": false, "a/b": false, "-x": false} {
		dir := t.TempDir()
		settings := "name: 小店\nlanguage: zh\nskills: [{name: service, title: 客服}]\nagents: [{name: \"" + name + "\", skills: [service]}]\n"
		require.NoError(t, os.WriteFile(filepath.Join(dir, "business.yaml"), []byte(settings), 0o600))
		_, report := business.Load(dir)
		found := ""
		for _, p := range report.Problems {
			if p.Field == "agents[0].name" {
				found = p.Text("zh")
			}
		}
		assert.Equal(t, wanted, found == "", "%q: %s", name, found)
		if !wanted {
			assert.Contains(t, found, "title", "it says where the name that people see goes")
		}
	}
}
