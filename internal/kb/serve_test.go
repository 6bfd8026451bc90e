package kb_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog/knowledge"
	"hotline/internal/business"
	"hotline/internal/kb"
)

// lineOf is the line of a folder, with an index of the files alone.
func (s *stage) lineOf(dir string) kb.Line {
	s.Helper()
	b, report := business.Load(dir)
	require.NoError(s, report.Err())
	l, ok := b.LineNamed("main")
	require.True(s, ok)
	x, err := knowledge.New(l.Pairs(), l.KnowledgeOptions())
	require.NoError(s, err)
	return kb.Line{Line: l, Live: knowledge.NewLive(x)}
}

func hears(ctx context.Context, l kb.Line, text string) string {
	if top := l.Live.Load().Find(ctx, knowledge.Query{Text: text}).Top(); top != nil && top.Score > 0.5 {
		return top.Pair.Say()
	}
	return ""
}

// A line that is added while the server runs knows what the console published, follows the
// files from then on and learns meanings; one that is taken away is left alone.
func TestLinesComeAndGo(t *testing.T) {
	s := begin(t)
	s.edit("hours", "早上九点开门。")
	s.publish("hours")
	first := kb.Line{Line: s.lineOf(s.dir).Line, Live: s.live}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.base.Run(ctx, of(&meanings{})) })
	t.Cleanup(func() { stop(); running.Wait() })

	second := s.lineOf(s.dir)
	second.Name = "second"
	other := filepath.Join(t.TempDir(), "other")
	(&stage{T: t, dir: other}).write("business.yaml", shopYAML)
	(&stage{T: t, dir: other}).write("knowledge/q.csv", "编号,问题,答案\nwater,有热水吗,全天有热水。\n")
	third := s.lineOf(other)
	third.Name = "third"
	require.NoError(t, s.base.Serve(ctx, []kb.Line{first, second, third}))
	assert.Equal(t, "早上九点开门。", hears(ctx, second, "几点营业"), "as it was published")
	assert.Equal(t, "全天有热水。", hears(ctx, third, "有热水吗"))
	require.Eventually(t, func() bool { return second.Live.Load().Meaning() && third.Live.Load().Meaning() }, 20*time.Second, 5*time.Millisecond, "it compares meanings too")

	s.write("knowledge/q.csv", shopCSV+"pay,怎么付款,扫一扫付款。,可以刷卡吗\n")
	require.Eventually(t, func() bool { return hears(ctx, second, "怎么付款") != "" }, 20*time.Second, 5*time.Millisecond, "it follows the files")

	require.NoError(t, s.base.Serve(ctx, []kb.Line{second}))
	(&stage{T: t, dir: other}).write("knowledge/q.csv", "编号,问题,答案\nwater,有热水吗,没有热水。\n")
	s.write("knowledge/q.csv", shopCSV+"pay,怎么付款,现金付款。,可以刷卡吗\n")
	require.Eventually(t, func() bool { return hears(ctx, second, "怎么付款") == "现金付款。" }, 20*time.Second, 5*time.Millisecond)
	assert.Equal(t, "扫一扫付款。", s.answer("怎么付款"), "what answers nobody is left alone")
	assert.Equal(t, "全天有热水。", hears(ctx, third, "有热水吗"))

	same := s.lineOf(other)
	same.Home.Dir = filepath.Join(t.TempDir(), filepath.Base(s.dir)) // a second folder of that name
	require.ErrorContains(t, s.base.Serve(ctx, []kb.Line{second, same}), "rename one")
	assert.Equal(t, "现金付款。", hears(ctx, second, "怎么付款"))
}
