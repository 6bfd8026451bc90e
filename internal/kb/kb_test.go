package kb_test

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog/knowledge"
	"hotline/internal/audit"
	"hotline/internal/business"
	"hotline/internal/kb"
	"hotline/internal/seal"
	"hotline/internal/store"
	"hotline/internal/testdata"
)

const shopYAML = `name: 小店
assistant: 小云
language: zh
timezone: Asia/Shanghai
lines: [{name: main, numbers: ["8000"], default: true, greeting: 请讲。, disclosure: {text: 我是智能助手。}}]
escalation: {skill: service}
skills: [{name: service, title: 客服}]
agents: [{name: a1, title: 王芳, skills: [service]}]
`

const shopCSV = "编号,问题,答案,相似问\nhours,几点营业,早上十点开门。,几点开门|什么时候开门\nship,运费多少,满五十免运费。,邮费怎么算|快递费多少\nback,怎么退货,七天内可以退货。,我要退货|东西不想要了\n"

// stage is a business with its base.
type stage struct {
	*testing.T
	dir  string
	db   *store.Store
	base *kb.Base
	live *knowledge.Live
	log  *testdata.Log

	audited atomic.Int64
}

func begin(t *testing.T) *stage {
	t.Helper()
	s := &stage{T: t, dir: filepath.Join(t.TempDir(), "shop"), log: &testdata.Log{}}
	s.write("business.yaml", shopYAML)
	s.write("knowledge/q.csv", shopCSV)
	sealer, _, err := seal.LoadOrCreate(filepath.Join(t.TempDir(), "master.key"))
	require.NoError(t, err)
	s.db, err = store.Open(t.Context(), store.Config{URL: filepath.Join(t.TempDir(), "h.db"), Sealer: sealer})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.db.Close()) })
	s.start()
	return s
}

// start is a start of the server.
func (s *stage) start() {
	s.Helper()
	b, report := business.Load(s.dir)
	require.NoError(s, report.Err())
	x, err := knowledge.New(b.Lines[0].Pairs(), b.Lines[0].KnowledgeOptions())
	require.NoError(s, err)
	s.live = knowledge.NewLive(x)
	s.base, err = kb.New(s.Context(), kb.Config{
		Store: s.db, Log: slog.New(slog.NewTextHandler(s.log, nil)), Audit: func(audit.Entry) { s.audited.Add(1) }, Every: 20 * time.Millisecond,
	}, []kb.Line{{Line: b.Lines[0], Live: s.live}})
	require.NoError(s, err)
}

func (s *stage) write(name, text string) {
	s.Helper()
	path := filepath.Join(s.dir, name)
	require.NoError(s, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(s, os.WriteFile(path, []byte(text), 0o600))
}

func (s *stage) read(name string) string {
	s.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, name))
	require.NoError(s, err)
	return string(data)
}

// answer is what a caller hears.
func (s *stage) answer(text string) string {
	if top := s.live.Load().Find(s.Context(), knowledge.Query{Text: text}).Top(); top != nil && top.Score > 0.5 {
		return top.Pair.Say()
	}
	return ""
}

func (s *stage) item(id string) kb.Item {
	s.Helper()
	i, err := s.base.Get("", id)
	require.NoError(s, err)
	return i
}

// edit saves another answer as a draft.
func (s *stage) edit(id, answer string) kb.Item {
	s.Helper()
	i := s.item(id)
	row := i.Row
	row.Answer = answer
	i, err := s.base.Save(s.Context(), "", row, kb.Edit{By: "li", Version: i.Version})
	require.NoError(s, err)
	return i
}

func (s *stage) publish(id string) kb.Item {
	s.Helper()
	i, err := s.base.Publish(s.Context(), "", id, false, kb.Edit{By: "li", Version: -1})
	require.NoError(s, err)
	return i
}

func TestADraftIsHeardOnceItIsPublished(t *testing.T) {
	s := begin(t)
	i := s.edit("hours", "早上九点开门。")
	assert.Equal(t, kb.Draft, i.State)
	assert.Equal(t, "早上十点开门。", s.answer("几点营业"))
	_, err := s.base.Submit(t.Context(), "", "hours", kb.Edit{By: "li", Version: i.Version})
	require.NoError(t, err)
	_, err = s.base.Submit(t.Context(), "", "hours", kb.Edit{By: "li", Version: -1})
	require.ErrorIs(t, err, kb.ErrState)
	_, err = s.base.Reject(t.Context(), "", "hours", kb.Edit{By: "wang", Note: "不对", Version: -1})
	require.NoError(t, err)
	assert.Equal(t, "不对", s.item("hours").Note)

	i = s.publish("hours")
	assert.True(t, i.Live && i.Unwritten && !i.Conflict)
	assert.Equal(t, "早上九点开门。", s.answer("几点营业"))
	_, err = s.base.Save(t.Context(), "", i.Row, kb.Edit{By: "late", Version: 1})
	require.ErrorIs(t, err, store.ErrStale)

	list, err := s.base.Versions(t.Context(), "", "hours")
	require.NoError(t, err)
	var states []string
	for _, v := range list {
		states = append(states, v.State)
		assert.False(t, v.At.IsZero())
	}
	assert.Equal(t, []string{"published", "draft", "review", "draft", "file"}, states)

	// Undo: the file's text comes back, and after a restart too.
	_, err = s.base.Restore(t.Context(), "", "hours", 1, true, kb.Edit{By: "li", Version: i.Version})
	require.NoError(t, err)
	assert.Equal(t, "早上十点开门。", s.answer("几点营业"))
	s.edit("ship", "一律五元。")
	s.publish("ship")
	s.start()
	assert.Equal(t, "一律五元。", s.answer("运费多少"))
	assert.EqualValues(t, 7, s.audited.Load())
}

func TestNewQuestionsAndWithdrawnOnes(t *testing.T) {
	s := begin(t)
	i, err := s.base.Create(t.Context(), "", business.Row{Question: "有停车场吗", Answer: "门口有停车场。", Variants: []string{"能停车吗"}}, kb.Edit{By: "li"})
	require.NoError(t, err)
	assert.False(t, i.Live)
	_, err = s.base.Create(t.Context(), "", business.Row{ID: "hours", Question: "x", Answer: "y"}, kb.Edit{By: "li"})
	require.ErrorIs(t, err, store.ErrStale)
	s.publish(i.Row.ID)
	assert.Equal(t, "门口有停车场。", s.answer("能停车吗"))

	_, err = s.base.Withdraw(t.Context(), "", "back", kb.Edit{By: "li", Version: 0})
	require.NoError(t, err)
	assert.Empty(t, s.answer("怎么退货"))
	done, err := s.base.Write(t.Context(), "", "li")
	require.NoError(t, err)
	assert.Equal(t, []string{"knowledge/q.csv", "knowledge/console.csv"}, done.Files)
	assert.NotContains(t, s.read("knowledge/q.csv"), "back")
	assert.Contains(t, s.read("knowledge/console.csv"), "能停车吗")
	assert.False(t, s.item(i.Row.ID).Unwritten)

	// What is published must be fit for it.
	_, err = s.base.Create(t.Context(), "", business.Row{ID: "empty", Question: "空的"}, kb.Edit{By: "li"})
	require.NoError(t, err)
	var invalid *kb.InvalidError
	_, err = s.base.Publish(t.Context(), "", "empty", false, kb.Edit{Version: -1})
	require.ErrorAs(t, err, &invalid)
	_, err = s.base.Discard(t.Context(), "", "empty", kb.Edit{Version: -1})
	require.NoError(t, err)
	p, err := s.base.List(kb.Filter{})
	require.NoError(t, err)
	assert.Equal(t, 3, p.Total)
}

func TestAFileThatChangedMeanwhileIsAConflictAndBothTextsStay(t *testing.T) {
	s := begin(t)
	s.edit("hours", "九点开门。")
	s.publish("hours")
	s.write("knowledge/q.csv", strings.Replace(shopCSV, "早上十点", "早上十一点", 1))
	require.NoError(t, s.base.Reload(t.Context(), ""))
	i := s.item("hours")
	assert.True(t, i.Conflict)
	assert.Equal(t, "早上十一点开门。", i.File.Answer)
	assert.Equal(t, "九点开门。", s.answer("几点营业"), "what was published stays in force")
	done, err := s.base.Write(t.Context(), "", "li")
	require.NoError(t, err)
	assert.Equal(t, []string{"hours"}, done.Conflicts)
	assert.Contains(t, s.read("knowledge/q.csv"), "早上十一点")

	_, err = s.base.Resolve(t.Context(), "", "hours", true, kb.Edit{By: "li", Version: -1})
	require.NoError(t, err)
	assert.False(t, s.item("hours").Conflict)
	assert.Equal(t, "早上十一点开门。", s.answer("几点营业"))
	list, err := s.base.Versions(t.Context(), "", "hours")
	require.NoError(t, err)
	var texts []string
	for _, v := range list {
		texts = append(texts, kb.Text(v).Answer)
	}
	assert.Subset(t, texts, []string{"早上十点开门。", "九点开门。", "早上十一点开门。"})

	// A draft begun before the file changed is not published over it unseen.
	s.edit("ship", "五元。")
	s.write("knowledge/q.csv", strings.Replace(shopCSV, "满五十", "满一百", 1))
	require.NoError(t, s.base.Reload(t.Context(), ""))
	_, err = s.base.Publish(t.Context(), "", "ship", false, kb.Edit{By: "li", Version: -1})
	require.ErrorIs(t, err, kb.ErrConflict)
	_, err = s.base.Publish(t.Context(), "", "ship", true, kb.Edit{By: "li", Version: -1})
	require.NoError(t, err)
	assert.Equal(t, "五元。", s.answer("运费多少"))
}

func TestWhatIsWrittenIsTheFilesAgain(t *testing.T) {
	s := begin(t)
	s.edit("hours", "九点开门。")
	s.publish("hours")
	_, err := s.base.Write(t.Context(), "", "li")
	require.NoError(t, err)
	assert.Equal(t, strings.Replace(shopCSV, "早上十点", "九点", 1), s.read("knowledge/q.csv"))
	assert.False(t, s.item("hours").Unwritten)
	s.write("knowledge/q.csv", strings.Replace(shopCSV, "早上十点", "早上八点", 1))
	require.NoError(t, s.base.Reload(t.Context(), ""))
	assert.False(t, s.item("hours").Conflict)
	assert.Equal(t, "早上八点开门。", s.answer("几点营业"))
	s.start()
	assert.Equal(t, "早上八点开门。", s.answer("几点营业"))
}

func TestFilesAreFollowedAndABadOneLeavesTheOldInForce(t *testing.T) {
	s := begin(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.base.Run(ctx, nil) }()
	defer func() { cancel(); <-done }()
	s.write("knowledge/q.csv", strings.Replace(shopCSV, "早上十点", "早上八点", 1))
	require.Eventually(t, func() bool { return s.answer("几点营业") == "早上八点开门。" }, 20*time.Second, 10*time.Millisecond)
	s.write("knowledge/q.csv", strings.Replace(shopCSV, "满五十", "不要钱", 1)+"a,\"b\nc,d,e,f,g,h,i\n")
	s.write("knowledge/more.csv", "问题,答案\n有发票吗,有发票。\n")
	require.Eventually(t, func() bool { return s.answer("有发票吗") == "有发票。" }, 20*time.Second, 10*time.Millisecond)
	assert.Equal(t, "早上八点开门。", s.answer("几点营业"))
	assert.Equal(t, "满五十免运费。", s.answer("运费多少"))
	assert.Regexp(t, `file=knowledge/q.csv line=\d+`, s.log.String())
}

// What begins a task counts as a question, also once the base keeps the knowledge and
// the tasks change.
func TestTasksBeginByTheirSentences(t *testing.T) {
	s := begin(t)
	const task = "title: 退货\nstart: {examples: [%s]}\nsteps: [{say: 好的。}, {end: done}]\n"
	s.write("flows/back.yaml", fmt.Sprintf(task, "我想把鞋子退掉"))
	s.start()
	top := func(text string) string {
		if m := s.live.Load().Find(t.Context(), knowledge.Query{Text: text}).Top(); m != nil && m.Exact {
			return m.Pair.Flow
		}
		return ""
	}
	assert.Equal(t, "back", top("我想把鞋子退掉"))
	s.edit("hours", "早上九点开门。")
	s.publish("hours")
	assert.Equal(t, "back", top("我想把鞋子退掉"))

	s.write("flows/back.yaml", fmt.Sprintf(task, "帽子买错了想退"))
	b, report := business.Load(s.dir)
	require.NoError(t, report.Err())
	require.NoError(t, s.base.Rehome(t.Context(), b))
	assert.Equal(t, "back", top("帽子买错了想退"))
	assert.NotEqual(t, "back", top("我想把鞋子退掉"))
	assert.Equal(t, "早上九点开门。", s.answer("几点营业"))
}

// meanings are vectors of texts by their letters, counted.
type meanings struct{ n atomic.Int64 }

// of gives every language the same.
func of(m *meanings) knowledge.Embedders {
	return func(string) knowledge.Embedder { return m }
}

func (m *meanings) Embed(_ context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, t := range texts {
		m.n.Add(1)
		v := make([]float32, 32)
		for _, r := range t {
			h := fnv.New32a()
			_, _ = h.Write([]byte(string(r)))
			v[h.Sum32()%32]++
		}
		out[i] = v
	}
	return out, nil
}

func TestAChangeEmbedsOnlyWhatIsNew(t *testing.T) {
	s := begin(t)
	m := &meanings{}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.base.Run(ctx, of(m)) }()
	defer func() { cancel(); <-done }()
	require.Eventually(t, func() bool { return s.live.Load().Meaning() }, 20*time.Second, 10*time.Millisecond)
	before := m.n.Load()
	s.edit("hours", "九点开门。")
	s.publish("hours")
	assert.True(t, s.live.Load().Meaning())
	assert.Equal(t, before+1, m.n.Load(), "the answer's text alone is new")
}

func TestAnEditIsLearnedWithTheRestOnceEditsRest(t *testing.T) {
	s := begin(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.base.Run(ctx, of(&meanings{})) }()
	defer func() { cancel(); <-done }()
	learned := func() bool { x := s.live.Load(); return x.Meaning() && x.Settled() }
	require.Eventually(t, learned, 20*time.Second, 10*time.Millisecond)
	i, err := s.base.Create(t.Context(), "", business.Row{Question: "有停车场吗", Answer: "门口有停车场。", Variants: []string{"能停车吗"}}, kb.Edit{By: "li"})
	require.NoError(t, err)
	s.publish(i.Row.ID)
	assert.Equal(t, "门口有停车场。", s.answer("能停车吗"), "at once")
	require.Eventually(t, learned, 20*time.Second, 10*time.Millisecond)
	assert.Equal(t, "门口有停车场。", s.answer("能停车吗"))
	assert.Equal(t, "早上十点开门。", s.answer("几点营业"))
}

func TestAnImportIsTriedAndThenDone(t *testing.T) {
	s := begin(t)
	data := []byte("问题,答案\n几点营业,九点开门。\n有停车场吗,有。\n邮费怎么算呢,十元。\n")
	in, err := s.base.Import(t.Context(), "", "new.csv", data, true, false, kb.Edit{By: "li"})
	require.NoError(t, err)
	assert.False(t, in.Done)
	var out bytes.Buffer
	require.NoError(t, in.Report.Write(&out, "en", ""))
	assert.Contains(t, out.String(), `new.csv:4: question: it means much the same as "运费多少" at knowledge/q.csv:3, which has another answer`)
	assert.Equal(t, "早上十点开门。", s.answer("几点营业"))

	in, err = s.base.Import(t.Context(), "", "new.csv", data, false, true, kb.Edit{By: "li"})
	require.NoError(t, err)
	assert.True(t, in.Done)
	assert.Equal(t, "九点开门。", s.answer("几点开门"), "wordings that the file does not have stay")
	assert.Equal(t, "有。", s.answer("有停车场吗"))

	in, err = s.base.Import(t.Context(), "", "bad.csv", []byte("问题,答案\n没有答案,\n好的,好。\n"), false, true, kb.Edit{By: "li"})
	require.NoError(t, err)
	assert.False(t, in.Done)
	assert.Equal(t, 2, in.Report.Problems[0].Line)
	for _, format := range []string{"csv", "xlsx", "yaml"} {
		var b bytes.Buffer
		require.NoError(t, s.base.Export(&b, "", format))
		rows, report := business.ParseKnowledge("x."+format, b.Bytes())
		require.NoError(t, report.Err())
		assert.Len(t, rows, 5, format)
	}
}

func TestTheListIsFilteredAndPaged(t *testing.T) {
	s := begin(t)
	first, err := s.base.List(kb.Filter{Limit: 2})
	require.NoError(t, err)
	assert.Len(t, first.Items, 2)
	assert.Equal(t, 3, first.Total)
	rest, err := s.base.List(kb.Filter{Limit: 2, Cursor: first.Next})
	require.NoError(t, err)
	require.Len(t, rest.Items, 1)
	assert.Equal(t, "back", rest.Items[0].Row.ID)
	assert.Empty(t, rest.Next)
	_, err = s.base.List(kb.Filter{Cursor: "nowhere"})
	require.ErrorIs(t, err, store.ErrCursor)
	found, err := s.base.List(kb.Filter{Text: "快递费"})
	require.NoError(t, err)
	require.Len(t, found.Items, 1)
	s.edit("ship", "五元。")
	drafts, err := s.base.List(kb.Filter{State: kb.Draft})
	require.NoError(t, err)
	assert.Len(t, drafts.Items, 1)
	tried, err := s.base.Try(t.Context(), "", "main", "邮费怎么算", 3)
	require.NoError(t, err)
	assert.Equal(t, "ship", tried.Matches[0].Pair.ID)
}
