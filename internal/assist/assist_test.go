package assist

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hotline/dialog"
	"hotline/dialog/emotion"
	"hotline/dialog/engine"
	"hotline/dialog/knowledge"
	"hotline/internal/business"
	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/internal/store"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lineOf is a line of one of the packs that are shipped.
func lineOf(t *testing.T, pack string) Line {
	t.Helper()
	b, report := business.Load(filepath.Join("..", "..", "examples", pack))
	require.NoError(t, report.Err())
	l := b.Lines[0]
	index, err := knowledge.New(l.Pairs(), l.KnowledgeOptions())
	require.NoError(t, err)
	c := l.EngineConfig(func() *knowledge.Index { return index })
	return Line{Language: l.Language, Pairs: c.Pairs, Flows: c.Flows(), Words: c.Words}
}

var packs = sync.OnceValue(func() map[string]Line { return map[string]Line{} })

var packsMu sync.Mutex

// pack is lineOf, read once.
func pack(t *testing.T, name string) Line {
	t.Helper()
	packsMu.Lock()
	defer packsMu.Unlock()
	if l, ok := packs()[name]; ok {
		return l
	}
	l := lineOf(t, name)
	packs()[name] = l
	return l
}

// listening is an ear that hears how the caller sounds, as his call would read it.
type listening struct {
	*ear

	mood emotion.Tracker
}

func listen(t *testing.T, line Line) *listening {
	t.Helper()
	moods, err := emotion.New(emotion.Config{Language: line.Language})
	require.NoError(t, err)
	return &listening{newEar("", line, "", nil), emotion.NewTracker(moods, emotion.Thresholds{})}
}

func (l *listening) warn(ctx context.Context, turn call.TurnRecord) []Warning {
	if turn.Speaker == "caller" {
		r := l.mood.Next(emotion.Turn{Text: turn.Text})
		turn.Mood = &r
	}
	return l.ear.warn(ctx, turn)
}

func caller(text string) call.TurnRecord { return call.TurnRecord{Speaker: "caller", Text: text} }
func agent(text string) call.TurnRecord  { return call.TurnRecord{Speaker: "agent", Text: text} }

func TestAnswersAreRankedShortAndLong(t *testing.T) {
	for _, c := range []struct{ pack, said, about string }{
		{"retail-zh", "我想问一下你们退货的运费是谁出啊", "运费"},
		{"retail-zh", "发票能不能开公司抬头", "发票"},
		{"retail-en", "who pays for the shipping if I send it back", "return"},
		{"retail-en", "can I get an invoice for my company", "invoice"},
	} {
		e := newEar("main", pack(t, c.pack), "", nil)
		e.name = ""
		s := e.suggest(t.Context(), caller(c.said))
		require.NotNil(t, s, c.said)
		require.NotEmpty(t, s.Answers, c.said)
		assert.LessOrEqual(t, len(s.Answers), 3)
		var all strings.Builder
		for i, a := range s.Answers {
			all.WriteString(strings.ToLower(a.Question + a.Long))
			assert.NotEmpty(t, a.Short)
			assert.LessOrEqual(t, len([]rune(a.Short)), max(len([]rune(a.Long)), 160))
			if i > 0 {
				assert.LessOrEqual(t, a.Score, s.Answers[i-1].Score, "best first")
			}
		}
		assert.Contains(t, all.String(), c.about, c.said)
	}
}

func TestSmallTalkLeavesWhatIsThere(t *testing.T) {
	for name, said := range map[string][]string{"retail-zh": {"嗯", "好的", "喂", "对对"}, "retail-en": {"yeah", "ok", "hello", "hm"}} {
		e := newEar("", pack(t, name), "", nil)
		for _, s := range said {
			assert.Nil(t, e.suggest(t.Context(), caller(s)), s)
		}
	}
}

func TestTheTaskOfTheBotIsGoneOnWith(t *testing.T) {
	before := []call.Event{
		{Kind: call.KindIntent, Data: map[string]any{"source": "flow"}},
		{Kind: call.KindFlowStep, Data: map[string]any{"flow": "complaint", "step": "steps[0]", "slots": map[string]any{"what": "快递员态度很差"}}},
	}
	e := newEar("", pack(t, "retail-zh"), "13800138000", before)
	s := e.first()
	require.NotNil(t, s)
	require.NotNil(t, s.Task)
	assert.Equal(t, "complaint", s.Task.Flow)
	slots := map[string]TaskSlot{}
	for _, x := range s.Task.Slots {
		slots[x.Name] = x
	}
	assert.Equal(t, "快递员态度很差", slots["what"].Value)
	assert.True(t, slots["callback"].Missing)
	assert.False(t, slots["order"].Missing, "it is optional")
	assert.Equal(t, "ask", s.Task.Next)
	require.NotEmpty(t, s.Phrases)
	assert.Equal(t, "ask", s.Phrases[len(s.Phrases)-1].Kind, "the flow's own question is the phrase to say")

	// The bot has answered three things since: the task is over.
	for range 3 {
		before = append(before, call.Event{Kind: call.KindIntent})
	}
	assert.Nil(t, newEar("", pack(t, "retail-zh"), "", before).first())
}

// A name, an address or other words are what was asked for, and are never guessed.
func TestWhatTheAgentAsksForFillsItsSlot(t *testing.T) {
	value := func(s *Suggestion, name string) string {
		require.NotNil(t, s)
		require.NotNil(t, s.Task)
		for _, x := range s.Task.Slots {
			if x.Name == name {
				return x.Value
			}
		}
		return "no slot"
	}
	for _, x := range []struct {
		pack, flow, slot string
		asks, says, want string
	}{
		{"retail-zh", "invoice", "company", "公司名称请您说一下。", "苏州远行科技有限公司", "苏州远行科技有限公司"},
		{"retail-zh", "invoice", "company", "我给您登记好了。", "苏州远行科技有限公司", ""},
		{"retail-zh", "invoice", "company", "请说一下公司的全称。", "嗯，我不太清楚", ""},
		{"dental-zh", "appointment", "patient", "就诊人叫什么名字呢？", "我叫王小明", "王小明"},
		{"repair-zh", "repair", "address", "麻烦您报一下小区和门牌号", "阳光花园3栋502", "阳光花园3栋502"},
		{"retail-zh", "exchange", "want", "您想换成哪个颜色或者型号呢？", "换成白色的", "白色"},
	} {
		e := newEar("", pack(t, x.pack), "", []call.Event{{Kind: call.KindFlowStep, Data: map[string]any{"flow": x.flow, "slots": map[string]any{"order": "0032"}}}})
		require.NotNil(t, e.first(), x.flow)
		e.asks(x.asks)
		e.suggest(t.Context(), caller(x.says))
		task, _ := e.step()
		assert.Contains(t, value(&Suggestion{Task: task}, x.slot), x.want, x.asks)
		if x.want == "" {
			assert.Empty(t, value(&Suggestion{Task: task}, x.slot), x.asks)
		}
	}
}

func TestSlotsAreFilledFromWhatTheCallerTellsTheAgent(t *testing.T) {
	e := newEar("", pack(t, "retail-zh"), "", []call.Event{{Kind: call.KindFlowStep, Data: map[string]any{"flow": "track"}}})
	first := e.first()
	require.NotNil(t, first)
	require.Equal(t, "ask", first.Task.Next)
	s := e.suggest(t.Context(), caller("订单号后四位是0 0 3 2"))
	require.NotNil(t, s)
	require.NotNil(t, s.Task)
	var filled strings.Builder
	for _, x := range s.Task.Slots {
		filled.WriteString(x.Value + " ")
	}
	assert.Contains(t, filled.String(), "0032")
	assert.NotEmpty(t, s.Task.Found, "the order was looked up in the business's table")
	assert.Equal(t, "done", s.Task.Next)
	assert.Contains(t, s.Phrases[0].Text, "中通", "what the bot would have said")
}

func TestAQuestionBesideANumberIsHeard(t *testing.T) {
	e := newEar("", pack(t, "retail-zh"), "", nil)
	s := e.suggest(t.Context(), caller("我的快递到哪了，后四位是0 0 3 2"))
	require.NotNil(t, s)
	require.NotNil(t, s.Task)
	assert.Equal(t, "track", s.Task.Flow, "the wish begins the task, and its number is taken")
	require.NotEmpty(t, s.Task.Found)
	assert.Equal(t, "202611190032", s.Task.Found[0]["订单号"])
	assert.Equal(t, "139****5678", s.Task.Found[0]["电话"])
}

func TestPromises(t *testing.T) {
	for _, c := range []struct {
		zh         bool
		said, kind string
	}{
		{true, "我保证今天到", guarantee},
		{true, "我向您保证明天一定给您退款", guarantee}, // as it is recognised, without a comma
		{true, "我跟您保证", guarantee},
		{true, "您放心，我们一定会处理好的", guarantee},
		{true, "这个肯定没问题", guarantee},
		{true, "我跟您打包票", guarantee},
		{true, "百分之百给您解决", guarantee},
		{true, "明天就给您退款", deadline},
		{true, "三个小时之内给您回电", deadline},
		{true, "我们双倍赔给您", money},
		{true, "给您全额退", money},
		{true, "我们全额退给您，免费给您换一个新的", money},
		{true, "这个我不能保证", ""},
		{true, "没办法跟您保证今天到", ""},
		{true, "这个不能对您保证", ""},
		{true, "当时是您保证东西没用过", ""},
		{true, "一般三天之内送到", ""},
		{true, "预计明天送到", ""},
		{true, "您能保证东西没用过吗？", ""},
		{true, "保证金是两百块", ""},
		{true, "好的，我帮您看一下", ""},
		{true, "请问您的订单号是多少", ""},
		{false, "I guarantee it will be there today", guarantee},
		{false, "I promise you, nothing will go wrong", guarantee},
		{false, "It will definitely arrive", guarantee},
		{false, "You have my word", guarantee},
		{false, "You'll have it tomorrow", deadline},
		{false, "We’ll call you back within two hours", deadline},
		{false, "We'll give you a full refund", money},
		{false, "I can't promise that", ""},
		{false, "I'm afraid we cannot guarantee delivery today", ""},
		{false, "It should usually arrive within three days", ""},
		{false, "Can you promise it was not used?", ""},
		{false, "Let me check that for you", ""},
		{false, "What's your order number?", ""},
		{false, "The warranty guarantee card is in the box", ""},
	} {
		got := ""
		if p := promises(c.said, c.zh); len(p) > 0 {
			got = p[0].kind
		}
		assert.Equal(t, c.kind, got, c.said)
	}
}

func kinds(w []Warning) string {
	var out []string
	for _, x := range w {
		out = append(out, x.Kind)
	}
	return strings.Join(out, " ")
}

func TestWarnings(t *testing.T) {
	for name, talk := range map[string][]struct {
		turn call.TurnRecord
		want string
	}{
		"retail-zh": {
			{caller("你好我想问一下快递到哪了"), ""},
			{agent("我保证今天到"), Promised},
			{agent("我保证今天到"), ""}, // told once
			{caller("再不处理我就去投诉你们"), Complaint},
			{caller("真的很生气，你们服务太差了"), ""}, // that was known
			{agent("您把银行卡密码告诉我一下"), Sensitive},
		},
		"retail-en": {
			{caller("hi I'd like to know where my parcel is"), ""},
			{agent("I guarantee it will be with you today."), Promised},
			{caller("I'm really angry about this"), Anger},
			{caller("I will report you to the consumer agency"), Complaint},
			{agent("Just tell me your credit card PIN and the security code"), Sensitive},
		},
	} {
		e := listen(t, pack(t, name))
		for _, c := range talk {
			assert.Equal(t, c.want, kinds(e.warn(t.Context(), c.turn)), c.turn.Text)
		}
	}
}

func TestWhatTheKnowledgeSaysIsNoPromiseOfTheAgents(t *testing.T) {
	index, err := knowledge.New([]knowledge.Pair{{ID: "refund", Question: "退款多久到账", Answer: "退款三个工作日之内到账。"}}, knowledge.Options{Language: "zh"})
	require.NoError(t, err)
	e := newEar("", Line{Language: "zh", Pairs: func() *knowledge.Index { return index }}, "", nil)
	assert.Empty(t, e.warn(t.Context(), agent("退款三个工作日之内到账")))
	assert.Equal(t, Promised, kinds(e.warn(t.Context(), agent("退款一个小时之内到账"))), "that is not what stands there")
	assert.Equal(t, Promised, kinds(e.warn(t.Context(), agent("我保证退款三个工作日之内到账"))), "a guarantee is one anyway")
}

// records is a store in memory.
type records struct {
	mu     sync.Mutex
	record call.Record
	turns  []call.TurnRecord
	events []call.Event
	drafts map[string]store.Draft
	block  chan struct{}
}

func (r *records) Call(context.Context, string) (call.Record, error) { return r.record, nil }
func (r *records) Turns(context.Context, string) ([]call.TurnRecord, error) {
	return r.turns, nil
}

func (r *records) Events(ctx context.Context, _ string) ([]call.Event, error) {
	if r.block != nil {
		select {
		case <-r.block:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return r.events, nil
}

func (r *records) KeepDraft(_ context.Context, id, agent string, d store.Draft) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.drafts == nil {
		r.drafts = map[string]store.Draft{}
	}
	r.drafts[id+"/"+agent] = d
	return nil
}

func small(t *testing.T) Line {
	t.Helper()
	index, err := knowledge.New([]knowledge.Pair{
		{ID: "refund", Question: "退款多久到账", Variants: []string{"退的钱什么时候到", "退款要几天"}, Answer: "退款三个工作日之内到账。"},
		{ID: "hours", Question: "你们几点上班", Variants: []string{"营业时间是几点"}, Answer: "早上九点到晚上九点。"},
	}, knowledge.Options{Language: "zh"})
	require.NoError(t, err)
	return Line{Language: "zh", Pairs: func() *knowledge.Index { return index }}
}

func TestACallIsFollowedWhileAPersonHasIt(t *testing.T) {
	line := small(t)
	synctest.Test(t, func(t *testing.T) {
		bus, db := &event.Bus{}, &records{record: call.Record{ID: "C", Line: "main", Language: "zh"}}
		a := New(Config{Bus: bus, Records: db, Line: func(string) (Line, bool) { return line, true }})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); a.Run(ctx) }()
		synctest.Wait()
		got := bus.Subscribe(Suggested, Warned, Drafted)
		next := func() string {
			synctest.Wait()
			var out []string
			for {
				select {
				case e := <-got.C():
					out = append(out, fmt.Sprintf("%s→%s", strings.TrimPrefix(string(e.Kind), "assist."), e.Data.(ForAgent).Recipient()))
				default:
					return strings.Join(out, " ")
				}
			}
		}
		say := func(r call.TurnRecord) {
			db.turns = append(db.turns, r)
			bus.Publish(event.Event{Kind: "call.turn", At: time.Now(), Call: "C", Data: r})
		}
		bridged := func(agent string) {
			bus.Publish(event.Event{Kind: "call.event", At: time.Now(), Call: "C", Data: call.Event{Kind: call.KindBridge, Data: map[string]any{"agent": agent}}})
		}

		say(caller("退款要几天"))
		assert.Empty(t, next(), "the bot has him")
		bridged("anna")
		say(caller("我的退款要几天能到"))
		assert.Equal(t, "suggested→anna", next())
		view, ok := a.View("C", "anna")
		require.True(t, ok)
		require.NotNil(t, view.Suggestion)
		assert.Equal(t, "refund", view.Suggestion.Answers[0].ID)
		_, ok = a.View("C", "bob")
		assert.False(t, ok, "it is nobody else's")
		say(agent("我保证今天到"))
		assert.Equal(t, "warned→anna", next())

		say(call.TurnRecord{Speaker: "bot", Text: "好的，请说订单号。"}) // she gave him back for a moment
		say(caller("退款要几天"))
		assert.Empty(t, next())

		bridged("bob")
		assert.Equal(t, "drafted→anna", next(), "she has left")
		say(caller("退款几天到账啊"))
		assert.Equal(t, "suggested→bob", next())
		bus.Publish(event.Event{Kind: "call.ended", At: time.Now(), Call: "C", Data: db.record})
		assert.Equal(t, "drafted→bob", next())
		assert.Len(t, db.drafts, 2)
		_, ok = a.View("C", "bob")
		assert.False(t, ok, "it is forgotten")
		stop()
		<-done
	})
}

// A slow disk, or a flood of sentences, delays nobody: what is too much is left out.
func TestWhatComesTooFastIsLeftOut(t *testing.T) {
	line := small(t)
	synctest.Test(t, func(t *testing.T) {
		bus, db := &event.Bus{}, &records{record: call.Record{ID: "C", Line: "main"}, block: make(chan struct{})}
		a := New(Config{Bus: bus, Records: db, Line: func(string) (Line, bool) { return line, true }, Late: 4 * time.Second})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); a.Run(ctx) }()
		synctest.Wait()
		bus.Publish(event.Event{Kind: "call.event", At: time.Now(), Call: "C", Data: call.Event{Kind: call.KindBridge, Data: map[string]any{"agent": "anna"}}})
		for range 200 {
			bus.Publish(event.Event{Kind: "call.turn", At: time.Now(), Call: "C", Data: caller("退款要几天")})
			synctest.Wait()
		}
		assert.GreaterOrEqual(t, a.Dropped(), int64(200-maxPending-1))
		got := bus.Subscribe(Suggested)
		time.Sleep(10 * time.Second)
		close(db.block)
		synctest.Wait()
		select {
		case e := <-got.C():
			t.Fatalf("%v came ten seconds late", e)
		default:
		}
		stop()
		<-done
	})
}

func TestOneCallsPanicHarmsNoOther(t *testing.T) {
	line := small(t)
	synctest.Test(t, func(t *testing.T) {
		bus, db := &event.Bus{}, &records{record: call.Record{ID: "C", Line: "main"}}
		a := New(Config{Bus: bus, Records: db, Line: func(string) (Line, bool) { return line, true }})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); a.Run(ctx) }()
		synctest.Wait()
		for _, id := range []string{"BAD", "GOOD"} {
			bus.Publish(event.Event{Kind: "call.event", At: time.Now(), Call: id, Data: call.Event{Kind: call.KindBridge, Data: map[string]any{"agent": "anna"}}})
		}
		synctest.Wait()
		a.talks["BAD"].ear.line.Pairs = func() *knowledge.Index { panic("a broken index") }
		got := bus.Subscribe(Suggested)
		for _, id := range []string{"BAD", "BAD", "BAD", "GOOD"} {
			bus.Publish(event.Event{Kind: "call.turn", At: time.Now(), Call: id, Data: caller("退款要几天")})
		}
		synctest.Wait()
		assert.Equal(t, "GOOD", (<-got.C()).Call)
		stop()
		<-done
	})
}

func TestDraft(t *testing.T) {
	for _, c := range []struct {
		pack  string
		turns []call.TurnRecord
		wants, told,
		open string
	}{
		{
			"retail-zh",
			[]call.TurnRecord{
				{Speaker: "bot", Text: "您好，请问有什么可以帮您？"},
				caller("喂你好"),
				caller("我买的耳机左边没声音了，想换一副"),
				agent("您好，我是小李。订单号是多少？"),
				caller("A1024"),
				agent("查到了。十五天之内有质量问题可以换新，运费我们出。"),
				caller("那什么时候能寄给我"),
				agent("我现在给您登记，明天仓库同事会给您寄出。"),
				caller("好的谢谢"),
				agent("不客气，再见。"),
			},
			"左边没声音", "十五天", "明天仓库同事",
		},
		{
			"retail-en",
			[]call.TurnRecord{
				{Speaker: "bot", Text: "Hello, how can I help?"},
				caller("Hi there"),
				caller("The left side of my earphones has no sound, I want to exchange them"),
				agent("I'm Anna. What's your order number?"),
				caller("It's A1024"),
				agent("Thank you. Within fifteen days you can exchange faulty goods and we pay the postage."),
				caller("When will I get the new ones?"),
				agent("I'll register it now, and a colleague will call you tomorrow."),
				caller("Thanks, bye"),
			},
			"left side", "fifteen days", "call you tomorrow",
		},
	} {
		line := pack(t, c.pack)
		db := &records{record: call.Record{ID: "C", Line: "main", Language: line.Language}, turns: c.turns}
		a := New(Config{Bus: &event.Bus{}, Records: db, Line: func(string) (Line, bool) { return line, true }})
		d, err := a.Draft(t.Context(), "C")
		require.NoError(t, err)
		assert.Contains(t, strings.Join(d.Wanted, "|"), c.wants)
		assert.Contains(t, strings.Join(d.Told, "|"), c.told)
		assert.Contains(t, strings.Join(d.Open, "|"), c.open)
		for _, part := range []string{c.wants, c.told, c.open} {
			assert.Contains(t, d.Summary, part)
		}
		require.NotNil(t, d.Ticket, "something is open")
		assert.Contains(t, d.Ticket.Summary, c.wants)
		assert.Equal(t, store.DraftLocal, d.By)
	}
}

func TestADraftOfNothingIsEmpty(t *testing.T) {
	a := New(Config{Bus: &event.Bus{}, Records: &records{record: call.Record{Language: "zh"}, turns: []call.TurnRecord{caller("喂"), agent("您好"), caller("打错了")}}, Line: func(string) (Line, bool) { return Line{}, false }})
	d, err := a.Draft(t.Context(), "C")
	require.NoError(t, err)
	assert.Empty(t, d.Summary)
	assert.Nil(t, d.Ticket)
}

// model writes what it is told to.
type model struct {
	text string
	err  error
}

func (m model) Call(dialog.Facts) engine.ModelCall { return m }
func (model) Answer(context.Context, engine.AnswerRequest, func(string) error) (engine.AnswerResult, error) {
	return engine.AnswerResult{}, nil
}
func (model) Value(context.Context, engine.ValueRequest) (string, error) { return "", nil }
func (m model) Summary(context.Context, []engine.Line) (string, error)   { return m.text, m.err }

func TestTheLanguageModelWritesTheSummaryWhereItCan(t *testing.T) {
	turns := []call.TurnRecord{caller("我的退款要几天能到"), agent("退款三个工作日之内到账。"), caller("好的")}
	for _, c := range []struct {
		m  model
		by string
	}{{model{text: "客户问退款，已告知三个工作日。"}, store.DraftByModel}, {model{}, store.DraftLocal}, {model{err: errors.New("down")}, store.DraftLocal}} {
		line := small(t)
		a := New(Config{Bus: &event.Bus{}, Records: &records{record: call.Record{Language: "zh"}, turns: turns}, Line: func(string) (Line, bool) { return line, true }, Model: c.m})
		d, err := a.Draft(t.Context(), "C")
		require.NoError(t, err)
		d = a.byModel(t.Context(), "C", d)
		assert.Equal(t, c.by, d.By)
		assert.NotEmpty(t, d.Summary)
		assert.NotEmpty(t, d.Wanted, "what is listed is always the call's own words")
	}
}
