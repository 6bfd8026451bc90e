package engine_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/dialog/internal/packtest"
	"hotline/dialog/knowledge"
)

func TestGreetingSaysFirstWhatMustBeHeard(t *testing.T) {
	s := begin(t, config(t, packtest.Hotel(t))).open()
	if len(s.acts) != 2 {
		t.Fatalf("%#v", s.acts)
	}
	first, second := s.acts[0].(dialog.Say), s.acts[1].(dialog.Say)
	if !first.MustHear || second.MustHear || !strings.Contains(first.Text, "录音") || !strings.HasSuffix(second.Text, "。") {
		t.Errorf("%#v", s.acts)
	}
}

func TestAnswers(t *testing.T) {
	c := hotel(t)
	s := c.say("请问早餐是几点到几点")
	if !strings.Contains(s.text(), "六点半到十点") || s.note.KnowledgeID != "breakfast" || !s.note.Resolved || s.note.Source != "knowledge" || len(s.note.Candidates) == 0 {
		t.Errorf("%+v", s)
	}
	// misheard: 停车 as 停扯
	if s := c.say("你们那里能停扯吗"); s.note.KnowledgeID != "parking" {
		t.Errorf("%+v", s)
	}
	if s := gym(t).say("what time do you open tomorrow"); s.note.KnowledgeID != "hours" {
		t.Errorf("%+v", s)
	}
}

// The weather in Paris is honestly not known, whatever the wording; then there are
// ways on.
func TestWhatIsNotKnown(t *testing.T) {
	for _, c := range []struct {
		call      *call
		weather   [2]string
		admit     []string
		ways      []string
		different string
	}{
		{hotel(t), [2]string{"明天巴黎天气怎么样", "我问巴黎明天会不会下雨"}, []string{"不知道", "没学过"}, []string{"人工", "回电", "留"}, "可以开发票吗"},
		{gym(t), [2]string{"what's the weather in Paris", "will it rain in Paris tomorrow"}, []string{"don't know", "not sure", "don't have an answer"}, []string{"person", "callback", "message"}, "do you have a sauna"},
	} {
		s := c.call.say(c.weather[0])
		if !slices.ContainsFunc(c.admit, func(w string) bool { return strings.Contains(s.text(), w) }) || s.note.Resolved || s.note.KnowledgeID != "" {
			t.Errorf("first: %+v", s)
		}
		again := c.call.say(c.weather[1])
		for _, w := range c.ways {
			if !strings.Contains(strings.ToLower(again.text()), w) {
				t.Errorf("second should offer %s: %s", w, again.text())
			}
		}
		if s := c.call.say(c.different); !s.note.Resolved {
			t.Errorf("a new question is answered: %+v", s)
		}
	}
}

func TestPersonPlease(t *testing.T) {
	c := hotel(t)
	c.say("退房最晚到几点")
	s := c.say("转人工")
	tr, ok := find[dialog.Transfer](s)
	if !ok || tr.Reason != "asked" || tr.Skill != "service" || !strings.Contains(tr.Summary, "退房") {
		t.Errorf("%+v", s)
	}
	c = hotel(t)
	c.say("发票怎么开啊")
	if tr, _ := find[dialog.Transfer](c.say("帮我找个人")); tr.Skill != "billing" {
		t.Errorf("the people for bills: %+v", tr)
	}
	if s := hotel(t).say("不用转人工,早餐几点"); s.has("transfer") || s.note.KnowledgeID != "breakfast" {
		t.Errorf("%+v", s)
	}
	g := gym(t)
	if s := g.say("let me talk to a real person"); !s.has("transfer") {
		t.Errorf("%+v", s)
	}
	if s := hotel(t).turn(dialog.Turn{Kind: dialog.Pressed, Keys: "0"}); !s.has("transfer") {
		t.Errorf("%+v", s)
	}
}

func TestWithoutPeople(t *testing.T) {
	cfg := config(t, packtest.Hotel(t))
	cfg.Open = func(time.Time, string) bool { return false }
	c := begin(t, cfg)
	c.open()
	s := c.say("转人工")
	if s.has("transfer") || !strings.Contains(s.text(), cfg.Hours) {
		t.Errorf("says when there are people: %+v", s)
	}
	s = c.say("那回电吧")
	if s.has("callback") || !strings.Contains(s.text(), "什么时候") && !strings.Contains(s.text(), "几点") {
		t.Errorf("asks when: %+v", s)
	}
	s = c.say("明天下午三点")
	if cb, ok := find[dialog.Callback](s); !ok || cb.When != "明天下午三点" || cb.Number != "" || !strings.Contains(s.text(), "明天下午三点") {
		t.Errorf("%+v", s)
	}
	if s := c.say("没有了"); !s.has("hangup") {
		t.Errorf("%+v", s)
	}
}

func TestCallbackAsksForAWithheldNumber(t *testing.T) {
	e, err := engine.New(config(t, packtest.Hotel(t)))
	if err != nil {
		t.Fatal(err)
	}
	conv, err := e.Begin(context.Background(), dialog.Facts{CallID: "x"})
	if err != nil {
		t.Fatal(err)
	}
	c := &call{t, conv}
	c.open()
	c.say("给我回个电话")
	if s := c.say("幺三八零"); s.has("callback") {
		t.Errorf("half a number: %+v", s)
	}
	if s := c.say("幺三八零零幺三八零零零"); !strings.Contains(s.text(), "138 0013 8000") {
		t.Errorf("the number is said again: %s", s.text())
	}
	if cb, ok := find[dialog.Callback](c.say("今天晚上")); !ok || cb.Number != "13800138000" {
		t.Errorf("%+v", cb)
	}
	conv, err = e.Begin(context.Background(), dialog.Facts{CallID: "y"})
	if err != nil {
		t.Fatal(err)
	}
	c = &call{t, conv}
	c.say("让人给我回电")
	if s := c.turn(dialog.Turn{Kind: dialog.Pressed, Keys: "4155550199#"}); !strings.Contains(s.text(), "415 555 0199") {
		t.Errorf("%+v", s)
	}
}

func TestAfterATransfer(t *testing.T) {
	c := hotel(t)
	c.say("转人工")
	if s := c.turn(dialog.Turn{Kind: dialog.Returned, Result: dialog.TransferDone}); !s.has("hangup") || !strings.Contains(s.text(), "再见") {
		t.Errorf("%+v", s)
	}
	c = hotel(t)
	c.say("转人工")
	s := c.turn(dialog.Turn{Kind: dialog.Returned, Result: dialog.TransferNoAnswer})
	for _, w := range []string{"等", "回电", "留言"} {
		if !strings.Contains(s.text(), w) {
			t.Errorf("offers %s: %s", w, s.text())
		}
	}
	if s := c.say("我再等等吧"); !s.has("transfer") {
		t.Errorf("waiting is another try: %+v", s)
	}
	c.turn(dialog.Turn{Kind: dialog.Returned, Result: dialog.TransferNoAgent})
	if s := c.turn(dialog.Turn{Kind: dialog.Pressed, Keys: "3"}); !s.has("message") {
		t.Errorf("by key: %+v", s)
	}
	if s := c.turn(dialog.Turn{Kind: dialog.Returned, Result: dialog.MessageTaken}); !s.has("say") || s.has("hangup") {
		t.Errorf("%+v", s)
	}
	if s := c.say("没了"); !s.has("hangup") {
		t.Errorf("%+v", s)
	}
	g := gym(t)
	g.say("agent")
	g.turn(dialog.Turn{Kind: dialog.Returned, Result: dialog.TransferNoAgent})
	if s := g.say("I'd rather you call me back"); !strings.Contains(s.text(), "time") {
		t.Errorf("%+v", s)
	}
	if cb, ok := find[dialog.Callback](g.say("tomorrow at three")); !ok || cb.When != "tomorrow at three" {
		t.Errorf("%+v", cb)
	}
}

func TestMisheardLadder(t *testing.T) {
	c := hotel(t)
	unheard := dialog.Turn{Kind: dialog.Unheard}
	first, second, third := c.turn(unheard), c.turn(unheard), c.turn(unheard)
	if first.text() == second.text() || !strings.Contains(second.text(), "按") || !third.has("transfer") {
		t.Errorf("%q, %q, %q", first.text(), second.text(), third.text())
	}
	c = hotel(t)
	if s := c.turn(dialog.Turn{Kind: dialog.Unheard, Lost: true}); !strings.Contains(s.text(), "按0") {
		t.Errorf("with hearing lost the keypad remains: %q", s.text())
	}
	// a text that the recogniser doubts and nothing matches is misheard, not unknown
	if s := hotel(t).turn(dialog.Turn{Kind: dialog.Spoke, Text: "塔拉米苏哇", Confidence: 0.2}); s.note.Intent != "unheard" {
		t.Errorf("%+v", s)
	}
}

func TestSilence(t *testing.T) {
	c := hotel(t)
	silent := dialog.Turn{Kind: dialog.Silent}
	a, b, d := c.turn(silent), c.turn(silent), c.turn(silent)
	if a.text() == b.text() || a.has("hangup") || b.has("hangup") || !d.has("hangup") {
		t.Errorf("%q, %q, %q", a.text(), b.text(), d.text())
	}
	c = hotel(t)
	c.say("有没有游泳池")
	if s := c.turn(silent); !strings.Contains(s.text(), "别的") {
		t.Errorf("behind an answer: %q", s.text())
	}
	if s := c.turn(silent); !s.has("hangup") {
		t.Errorf("%+v", s)
	}
	c = hotel(t)
	c.say("等一下我找一下订单")
	if s := c.turn(silent); s.has("hangup") {
		t.Errorf("who asked for a moment has one: %+v", s)
	}
}

func TestAskedOnceForMore(t *testing.T) {
	c := hotel(t)
	count := 0
	for _, text := range []string{"早餐几点", "嗯", "停车要钱吗", "好的", "有健身房吗", "哦", "谢谢"} {
		s := c.say(text)
		if strings.Contains(s.text(), "还有别的") {
			count++
		}
	}
	if count != 1 {
		t.Errorf("asked %d times", count)
	}
}

func TestRepeatingAndSlower(t *testing.T) {
	c := hotel(t)
	answer := c.say("游泳池开到几点").text()
	s := c.say("没听清,再说一遍")
	if !strings.Contains(s.text(), answer) {
		t.Errorf("%q", s.text())
	}
	s = c.say("说慢一点")
	if !strings.Contains(s.text(), answer) {
		t.Errorf("%q", s.text())
	}
	slow := false
	for _, a := range s.acts {
		if x, ok := a.(dialog.Say); ok && x.Slower {
			slow = true
		}
	}
	if !slow {
		t.Error("not slower")
	}
	if s := c.turn(dialog.Turn{Kind: dialog.Pressed, Keys: "*"}); !strings.Contains(s.text(), answer) {
		t.Errorf("%q", s.text())
	}
}

func TestWhichOfTwo(t *testing.T) {
	pairs := []knowledge.Pair{
		{ID: "a", Question: "门店几点开门", Topic: "门店营业时间", Answer: "门店十点开门。", Variants: []string{"店里什么时候开门"}},
		{ID: "b", Question: "仓库几点开门", Topic: "仓库营业时间", Answer: "仓库八点开门。", Variants: []string{"仓库什么时候开门"}},
		{ID: "c", Question: "怎么退货", Answer: "在订单里点退货。", Variants: []string{"我要退货"}},
	}
	for reply, want := range map[string]string{"第二个": "b", "前面那个": "a", "仓库": "b", "门店的": "a"} {
		c := begin(t, config(t, packtest.Pack{Language: "zh", Pairs: pairs}))
		c.open()
		s := c.say("你们几点开门")
		if s.note.Intent != "which" {
			t.Fatalf("%+v", s)
		}
		if !strings.Contains(s.text(), "门店营业时间") || !strings.Contains(s.text(), "仓库营业时间") {
			t.Fatalf("names both: %q", s.text())
		}
		if s.note.Candidates[0].ID == "b" && (reply == "第二个" || reply == "前面那个") { // the order as asked
			want = map[string]string{"a": "b", "b": "a"}[want]
		}
		if got := c.say(reply); got.note.KnowledgeID != want {
			t.Errorf("%s: %+v", reply, got)
		}
	}
}

// A caller who names no more than a subject is asked which of its questions it is.
func TestWhichOfThree(t *testing.T) {
	var pairs []knowledge.Pair
	for id, q := range map[string][2]string{
		"view": {"电子发票在哪里下载", "下载发票"}, "change": {"发票抬头写错了怎么改", "改抬头"}, "late": {"以前的发票还能补吗", "补发票"},
		"paper": {"发票可以要纸质的吗", "纸质发票"}, "when": {"发票几天能收到", "开票时间"},
		"content": {"发票上能写什么内容", "发票内容"}, "merge": {"几张发票能合成一张吗", "合开发票"}, "lost": {"发票丢了怎么办", "发票丢了"},
	} {
		pairs = append(pairs, knowledge.Pair{ID: id, Category: "发票", Question: q[0], Topic: q[1], Answer: q[1] + "的答案。"})
	}
	pairs = append(pairs, knowledge.Pair{ID: "shop", Category: "门店", Question: "门店在哪里", Answer: "在徐汇。"})
	slices.SortFunc(pairs, func(a, b knowledge.Pair) int { return strings.Compare(a.ID, b.ID) })
	for reply, nth := range map[string]int{"第一个": 0, "第二个": 1, "第三个": 2, "最后那个": 2} {
		c := begin(t, config(t, packtest.Pack{Language: "zh", Pairs: pairs}))
		c.open()
		s := c.say("我想问一下发票的问题")
		if s.note.Intent != "which" {
			t.Fatalf("%+v", s)
		}
		named := strings.FieldsFunc(s.text(), func(r rune) bool { return r == '，' })
		var ids []string
		for _, name := range named {
			for _, p := range pairs {
				if p.Topic == name {
					ids = append(ids, p.ID)
				}
			}
		}
		if len(ids) != 3 {
			t.Fatalf("%q %v", s.text(), s.note.Candidates)
		}
		if !slices.Equal(s.note.Asked, ids) {
			t.Errorf("asked about %v, noted %v", ids, s.note.Asked)
		}
		if got := c.say(reply); got.note.KnowledgeID != ids[nth] {
			t.Errorf("%s of %q: %+v", reply, s.text(), got)
		}
	}
}

// What a caller says last counts where he corrects himself in one breath.
func TestCorrectedInOneBreath(t *testing.T) {
	pairs := []knowledge.Pair{
		{ID: "return", Question: "我要退货", Answer: "在订单里点退货。", Variants: []string{"怎么退货", "东西不要了想退"}},
		{ID: "exchange", Question: "我要换货", Answer: "在订单里点换货。", Variants: []string{"怎么换货", "我想换一个"}},
		{ID: "invoice", Question: "怎么开发票", Answer: "在订单里点开票。", Variants: []string{"我要开发票"}},
	}
	for text, want := range map[string]string{
		"我要退货，不对，我要换货": "exchange", "我要换货，哦不对，是退货": "return", "我要退货不对我要换货": "exchange",
		"怎么换货，啊不，怎么开发票": "invoice", "颜色不对我要换货": "exchange",
	} {
		c := begin(t, config(t, packtest.Pack{Language: "zh", Pairs: pairs}))
		c.open()
		if s := c.say(text); s.note.KnowledgeID != want {
			t.Errorf("%s: %+v", text, s)
		}
	}
}

func TestFollowUps(t *testing.T) {
	c := hotel(t)
	c.say("可以带小狗入住吗")
	c.say("有没有自助洗衣机")
	if s := c.say("那停车呢"); s.note.KnowledgeID != "parking" {
		t.Errorf("%+v", s)
	}
	pairs := []knowledge.Pair{
		{ID: "return", Category: "退货", Question: "怎么退货", Answer: "在订单里点退货。", Variants: []string{"我要退货", "不想要了怎么退"}, FollowUp: "refund"},
		{ID: "refund", Category: "退货", Question: "退款多久到账", Topic: "退款时间", Answer: "三天到账。", Variants: []string{"退货的钱什么时候退"}},
		{ID: "fee", Category: "退货", Question: "退货运费谁出", Answer: "质量问题我们出。", Variants: []string{"退货要付运费吗"}},
		{ID: "ship", Category: "物流", Question: "发货运费多少", Answer: "满九十九包邮。", Variants: []string{"买东西要付运费吗"}},
		{ID: "time", Category: "物流", Question: "发货多久能到", Answer: "两三天。", Variants: []string{"多久送到"}},
	}
	for _, x := range []struct{ first, then, want string }{
		{"我想退货", "那运费呢", "fee"},
		{"发货多久能到", "那运费呢", "ship"},
		{"怎么退货啊", "那钱多久退", "refund"},
		{"我要退货", "要的", "refund"},
	} {
		c := begin(t, config(t, packtest.Pack{Language: "zh", Pairs: pairs}))
		c.open()
		c.say(x.first)
		if s := c.say(x.then); s.note.KnowledgeID != x.want {
			t.Errorf("%s, %s: %+v", x.first, x.then, s)
		}
	}
}

func TestInterrupted(t *testing.T) {
	c := hotel(t)
	c.say("有没有机场接送")
	heard := &dialog.Interruption{Heard: "有,单程一百二,提", Unheard: "前三小时跟前台约。", After: time.Second}
	s := c.turn(dialog.Turn{Kind: dialog.Spoke, Text: "停车要钱吗", Confidence: 1, Interrupted: heard})
	if s.note.KnowledgeID != "parking" {
		t.Errorf("the new question is answered: %+v", s)
	}
	for _, text := range []string{"你继续", "嗯", "有没有机场接送啊"} {
		c := hotel(t)
		c.say("有没有机场接送")
		s := c.turn(dialog.Turn{Kind: dialog.Spoke, Text: text, Confidence: 1, Interrupted: heard})
		if s.text() != "提前三小时跟前台约。" {
			t.Errorf("%s: goes on from the clause that was cut: %q", text, s.text())
		}
	}
}

// A question in two breaths, whose first half was answered in the pause, is one question.
func TestAnsweredInThePause(t *testing.T) {
	c := hotel(t)
	first := c.say("停车要钱吗")
	cut := &dialog.Interruption{Heard: "", Unheard: first.text(), After: 300 * time.Millisecond}
	s := c.turn(dialog.Turn{Kind: dialog.Spoke, Text: "我上个月来住过", Confidence: 1, Interrupted: cut})
	if s.note.KnowledgeID != first.note.KnowledgeID || s.text() != first.text() {
		t.Errorf("%+v after %q", s, first.text())
	}
	// What is a matter of its own is answered.
	s = c.turn(dialog.Turn{Kind: dialog.Spoke, Text: "有没有机场接送", Confidence: 1, Interrupted: cut})
	if s.note.KnowledgeID == "" || s.note.KnowledgeID == first.note.KnowledgeID {
		t.Errorf("%+v", s)
	}
	// Who has heard the answer and says what nobody knows is told so.
	first = c.say("停车要钱吗")
	cut = &dialog.Interruption{Heard: first.text(), Unheard: "", After: 4 * time.Second}
	if s = c.turn(dialog.Turn{Kind: dialog.Spoke, Text: "我上个月来住过", Confidence: 1, Interrupted: cut}); s.note.KnowledgeID != "" {
		t.Errorf("%+v", s)
	}
}

// Who speaks over "I'll put you through" is put through all the same.
func TestPromiseIsKept(t *testing.T) {
	cut := &dialog.Interruption{Heard: "好的，", Unheard: "这就为您转接人工客服。", After: 400 * time.Millisecond}
	for _, x := range []struct {
		text string
		want bool
	}{
		{"快一点我很着急", true},
		{"好的谢谢", true},
		{"你们那个停车场在哪里", true}, // he asked for a person, who can tell him that as well
		{"算了不用了", false},
		{"那你让他给我回电话吧", false},
	} {
		c := hotel(t)
		if s := c.say("转人工"); !s.has("transfer") {
			t.Fatalf("%+v", s)
		}
		s := c.turn(dialog.Turn{Kind: dialog.Spoke, Text: x.text, Confidence: 1, Interrupted: cut})
		if s.has("transfer") != x.want {
			t.Errorf("%s: %+v", x.text, s)
		}
	}
	c := hotel(t)
	c.say("转人工")
	if s := c.turn(dialog.Turn{Kind: dialog.Unheard, Interrupted: cut}); !s.has("transfer") {
		t.Errorf("words that were not understood: %+v", s)
	}
	if s := c.turn(dialog.Turn{Kind: dialog.Returned, Result: dialog.TransferNoAnswer}); s.has("transfer") {
		t.Errorf("nobody was there: %+v", s)
	}
	s := c.turn(dialog.Turn{Kind: dialog.Spoke, Text: "停车要钱吗", Confidence: 1, Interrupted: cut})
	if s.has("transfer") || s.note.KnowledgeID != "parking" {
		t.Errorf("that promise is over: %+v", s)
	}
}

func TestUpset(t *testing.T) {
	c := hotel(t)
	s := c.say("你们太过分了,我都说了三遍了")
	if !strings.Contains(s.text(), "人工") || !strings.Contains(s.text(), "抱歉") || s.note.Emotion != "angry" {
		t.Errorf("%+v", s)
	}
	if s := c.say("好"); !s.has("transfer") {
		t.Errorf("%+v", s)
	}
	c = hotel(t)
	c.say("什么破酒店")
	s = c.say("气死我了")
	if tr, ok := find[dialog.Transfer](s); !ok || tr.Reason != "upset" || !strings.Contains(tr.Summary, "激动") {
		t.Errorf("%+v", s)
	}
}

func TestGoodbyeIsFinal(t *testing.T) {
	for _, text := range []string{"再见", "谢谢再见", "没有了", "就这样吧拜拜"} {
		c := hotel(t)
		c.say("早餐几点")
		if s := c.say(text); !s.has("hangup") || len(s.kinds()) != 2 {
			t.Errorf("%s: %+v", text, s)
		}
	}
	if s := gym(t).say("ok bye"); !s.has("hangup") {
		t.Errorf("%+v", s)
	}
}

// "Thanks", and over the bot's goodbye: "and how do I …?"
func TestAQuestionOverTheGoodbyeIsAnswered(t *testing.T) {
	c := hotel(t)
	c.say("早餐几点")
	if s := c.say("再见"); !s.has("hangup") {
		t.Fatalf("%+v", s)
	}
	over := &dialog.Interruption{Heard: "", Unheard: "再见。"}
	s := c.turn(dialog.Turn{Kind: dialog.Spoke, Text: "对了，有没有游泳池", Confidence: 0.9, Interrupted: over})
	assert.NotEmpty(t, s.note.KnowledgeID)
	assert.False(t, s.has("hangup"), "%+v", s)
	if s = c.say("再见"); !s.has("hangup") {
		t.Errorf("%+v", s)
	}
	s = c.turn(dialog.Turn{Kind: dialog.Spoke, Text: "嗯好再见", Confidence: 0.9, Interrupted: over})
	assert.True(t, s.has("hangup"), "a goodbye over the goodbye is one: %+v", s)
}

func TestKeypad(t *testing.T) {
	c := hotel(t)
	if s := c.turn(dialog.Turn{Kind: dialog.Pressed, Keys: "2"}); s.note.KnowledgeID != "invoice" {
		t.Errorf("%+v", s)
	}
	if tr, ok := find[dialog.Transfer](c.turn(dialog.Turn{Kind: dialog.Pressed, Keys: "3"})); !ok || tr.Skill != "sales" || tr.Reason != "key" {
		t.Errorf("%+v", tr)
	}
	if s := hotel(t).turn(dialog.Turn{Kind: dialog.Pressed, Keys: "9"}); !strings.Contains(s.text(), "按1") {
		t.Errorf("%q", s.text())
	}
}

func TestPreviewIsWhatReplySays(t *testing.T) {
	for _, p := range []packtest.Pack{packtest.Hotel(t), packtest.Gym(t)} {
		c := begin(t, config(t, p))
		c.open()
		l := c.c.(dialog.Listener)
		for _, a := range p.Asked[:40] {
			want := l.Preview(a.Text)
			if again := l.Preview(a.Text); again != want {
				t.Fatalf("preview changed: %q, %q", want, again)
			}
			s := c.turn(dialog.Turn{Kind: dialog.Spoke, Text: a.Text, Confidence: 1})
			say, _ := find[dialog.Say](s)
			if say.Text != want {
				t.Errorf("%s: previewed %q, said %q", a.Text, want, say.Text)
			}
		}
	}
}

func TestPatience(t *testing.T) {
	c := hotel(t)
	l := c.c.(dialog.Listener)
	short, long := 450*time.Millisecond, time.Second
	for _, text := range []string{"早餐是几点到几点", "转人工", "再说一遍", "有没有游泳池", "停车要不要钱"} {
		if p := l.Patience(text, 0.9); p > short {
			t.Errorf("%s: %v", text, p)
		}
	}
	for _, text := range []string{"我想问一下", "幺三八零零", "我的订单号是", "那个", "因为"} {
		if p := l.Patience(text, 0.9); p < long {
			t.Errorf("%s: %v", text, p)
		}
	}
	if p := l.Patience("我昨天碰到一件怪事", 0.9); p <= short || p >= long {
		t.Errorf("%v", p)
	}
}

// A question that is surely known is answered at once, and not decoded a second time; a
// wish may go on (我要退货，可是…), and what is less sure is looked at again.
func TestWhatIsSurelyKnownIsNotWaitedFor(t *testing.T) {
	l := hotel(t).c.(dialog.Listener)
	for text, known := range map[string]bool{"早餐几点开始": true, "有没有游泳池": true, "这边的那个能不能用一下": false, "退房": false} {
		assert.Equal(t, known, l.Patience(text, 0.9) < 400*time.Millisecond, text)
		assert.Equal(t, known, len(l.Suggest(text, 4)) == 0, text)
	}
	l = gym(t).c.(dialog.Listener)
	assert.Less(t, l.Patience("What time do you close?", 0.9), 400*time.Millisecond)
	assert.Empty(t, l.Suggest("What time do you close?", 4))
}

func TestPatienceWithWholeQuestions(t *testing.T) {
	l := gym(t).c.(dialog.Listener)
	long := time.Second
	for _, text := range []string{"What should I do?", "How can I send something back to you?"} {
		if p := l.Patience(text, 0.9); p >= long {
			t.Errorf("%s: %v", text, p)
		}
	}
	for _, text := range []string{"What should I do if my", "Can I"} {
		if p := l.Patience(text, 0.9); p < long {
			t.Errorf("%s: %v", text, p)
		}
	}
}

func TestSentences(t *testing.T) {
	for _, p := range []packtest.Pack{packtest.Hotel(t), packtest.Gym(t)} {
		e, err := engine.New(config(t, p))
		if err != nil {
			t.Fatal(err)
		}
		list := e.Sentences()
		if len(list) < len(p.Pairs)+60 {
			t.Errorf("only %d", len(list))
		}
		if !strings.Contains(strings.Join(list[:2], ""), "录音") && p.Language == "zh" {
			t.Errorf("the disclosure is first: %q", list[:2])
		}
		seen := map[string]bool{}
		for _, s := range list {
			if strings.Contains(s, "{") || seen[s] {
				t.Errorf("%q", s)
			}
			seen[s] = true
		}
		if p.Language != "zh" {
			continue
		}
		// Asking back starts at once: every clause of it can be made beforehand.
		for _, key := range []engine.Key{engine.KeyConfirm, engine.KeyWhich, engine.KeyWhichOfThree} {
			for _, w := range engine.DefaultPhrases("zh")[key] {
				asked := strings.NewReplacer("{a}", p.Pairs[0].Name(), "{b}", p.Pairs[1].Name(), "{c}", p.Pairs[2].Name()).Replace(w)
				for clause := range strings.SplitAfterSeq(asked, "，") {
					if clause != "" && !seen[clause] {
						t.Errorf("%q of %q would be made while the caller waits", clause, asked)
					}
				}
			}
		}
	}
}

// What the bot says by itself is short, and nothing is worded in one way only.
func TestPhrasesAreShortAndVaried(t *testing.T) {
	for _, language := range []string{"zh", "en"} {
		for key, list := range engine.DefaultPhrases(language) {
			// the call itself says these, always the same
			if len(list) < 2 && key != engine.KeyFiller && key != engine.KeyHoldOn && key != engine.KeyClosing {
				t.Errorf("%s %s: one wording", language, key)
			}
			for _, w := range list {
				if n := strings.Count(w, "。") + strings.Count(w, "？") + strings.Count(w, ". ") + strings.Count(w, "? "); n > 3 {
					t.Errorf("%s %s: %d sentences: %s", language, key, n, w)
				}
				if n := len([]rune(w)); language == "zh" && n > 45 || n > 110 {
					t.Errorf("%s %s: %d characters: %s", language, key, n, w)
				}
			}
		}
	}
}

func TestPhrasesOfTheBusiness(t *testing.T) {
	cfg := config(t, packtest.Hotel(t))
	cfg.Phrases = engine.Phrases{engine.KeyRephrase: {"小店不懂这个。"}}
	c := begin(t, cfg)
	c.open()
	if s := c.say("明天巴黎天气怎么样"); s.text() != "小店不懂这个。" && !strings.Contains(s.text(), "不知道") && !strings.Contains(s.text(), "没学过") {
		t.Errorf("%q", s.text())
	}
	cfg.Phrases = engine.Phrases{"no_such": {"x"}}
	if _, err := engine.New(cfg); err == nil || !strings.Contains(err.Error(), "no_such") {
		t.Errorf("%v", err)
	}
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	x := config(t, packtest.Hotel(t))
	for want, c := range map[string]engine.Config{
		"knowledge": {Language: "zh"},
		"language":  {Pairs: x.Pairs},
		"menu key":  {Language: "zh", Pairs: x.Pairs, Menu: []engine.MenuItem{{Key: "0"}}},
	} {
		if _, err := engine.New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestReplyStopsWithItsContextAndAtErrors(t *testing.T) {
	c := hotel(t)
	ctx, cancel := context.WithCancelCause(context.Background())
	gone := errors.New("hung up")
	cancel(gone)
	if err := c.c.Reply(ctx, dialog.Turn{Kind: dialog.Spoke, Text: "早餐几点"}, func(dialog.Act) error { return nil }); !errors.Is(err, gone) {
		t.Errorf("%v", err)
	}
	n := 0
	full := errors.New("player full")
	err := c.c.Reply(context.Background(), dialog.Turn{Kind: dialog.Spoke, Text: "早餐几点"}, func(dialog.Act) error {
		n++
		if n == 2 {
			return full
		}
		return nil
	})
	if !errors.Is(err, full) || n != 2 {
		t.Errorf("%v after %d", err, n)
	}
}

func TestValidity(t *testing.T) {
	pairs := []knowledge.Pair{
		{ID: "sale", Question: "现在有什么活动", Answer: "满减。", ValidTo: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)},
		{ID: "hours", Question: "几点开门", Answer: "十点。"},
	}
	cfg := config(t, packtest.Pack{Language: "zh", Pairs: pairs})
	cfg.Now = at(12)
	c := begin(t, cfg)
	c.open()
	if s := c.say("现在有什么活动"); s.note.KnowledgeID == "sale" {
		t.Errorf("an expired pair: %+v", s)
	}
}

// What is dangerous is answered, not asked back about.
func TestUrgentIsNotAskedBack(t *testing.T) {
	for _, urgent := range []bool{false, true} {
		c := config(t, packtest.Hotel(t))
		c.Now = at(10)
		c.Thresholds = engine.Thresholds{Answer: 0.999, Clear: 0.999, Which: 0.999, Confirm: 0.01}
		if urgent {
			c.Urgent = []string{"餐饮"}
		}
		k := begin(t, c)
		k.open()
		s := k.say("那个早饭啥时候有啊")
		if got := s.note.KnowledgeID != ""; got != urgent {
			t.Errorf("urgent %t: %s", urgent, s.text())
		}
	}
}
