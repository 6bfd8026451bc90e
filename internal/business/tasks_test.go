package business_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"hotline/internal/business"
)

func TestCompletedTasksAreThoseWithoutAPerson(t *testing.T) {
	dir := folder(t, map[string]string{
		business.File:      small,
		"tables/shoes.csv": "单号,状态\n3017,修好了\n",
		"flows/shoes.yaml": "name: shoes\ntitle: 查修鞋\nstart: {examples: [我的鞋修好了吗, 查一下修鞋]}\nslots: [{name: slip, title: 单号, type: code, length: 4, ask: [请说单号。]}]\nsteps:\n  - ask: slip\n  - lookup: {table: shoes, where: {单号: '{slip}'}, as: 鞋}\n    none: {transfer: {}}\n  - say: '{鞋.状态}。'\n",
		"dialogs/d.yaml": `
- {name: done, turns: [{say: 我的鞋修好了吗}, {say: 三零幺七}]}
- {name: person, turns: [{say: 我的鞋修好了吗}, {say: 一一一一}]}
- {name: asks for one, turns: [{say: 我的鞋修好了吗}, {say: 转人工, expect: {act: transfer}}]}
- {name: left, turns: [{say: 我的鞋修好了吗}, {say: 算了}]}
- {name: no task, turns: [{say: 转人工}]}
- {name: never begun, turns: [{say: 今天星期几, expect: {flow: shoes}}]}
`,
	})
	b, _ := business.Load(dir)
	results, err := business.RunDialogs(t.Context(), b, engineOf(nil))
	require.NoError(t, err)
	require.Equal(t, business.TaskFigures{Tasks: 5, Completed: 1, Transferred: 2, Wanted: 1, Open: 2, Share: 0.5, ShareOfAll: 1.0 / 3}, business.CompletedTasks(results))
}
