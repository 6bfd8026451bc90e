package quality_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog/moderation"
	"hotline/internal/call"
	"hotline/internal/quality"
)

func TestShippedSheets(t *testing.T) {
	for _, language := range []string{"zh", "en"} {
		s := quality.Default(language)
		for _, bot := range []bool{true, false} {
			sheet := s.For("any", bot)
			require.NotNil(t, sheet, language)
			sum := 0
			for _, it := range sheet.Items {
				sum += it.Points
			}
			assert.Equal(t, 100, sum, "%s: %s", language, sheet.Name)
		}
	}
}

func TestSheetsThatAreWrong(t *testing.T) {
	for text, want := range map[string]string{
		"sheets: [{name: a, items: []}]":                                                           "1 to 60 items",
		"sheets: [{name: a, items: [{id: x, points: 10, rule: grreeting}]}]":                       "no rule",
		"sheets: [{name: a, items: [{id: x, points: 0}]}]":                                         "points are",
		"sheets: [{name: a, for: [robots], items: [{id: x, points: 1}]}]":                          "neither bot nor agents",
		"sheets: [{name: a, items: [{id: x, points: 1}, {id: x, points: 1}]}]":                     "id of its own",
		"sheets: [{name: a, items: [{id: x, points: 1}]}, {name: a, items: [{id: x, points: 1}]}]": "name of its own",
		"sheets: [{name: a, items: [{id: x, points: 1, rule: says}]}]":                             "needs phrases",
		"sheet: []": "sheet",
		"sheets: [": "",
	} {
		_, problems := quality.Parse([]byte(text))
		require.NotEmpty(t, problems, text)
		assert.Contains(t, problems[0].String(), want, text)
	}
}

// conversation is a call that an agent had: the bot discloses, hands over at 20 s.
func conversation(agent ...call.TurnRecord) quality.Record {
	turns := []call.TurnRecord{
		{Index: 1, Speaker: "bot", Text: "这里是云上商城，通话会录音。", StartMS: 0, EndMS: 4000},
		{Index: 2, Speaker: "caller", Text: "转人工", StartMS: 5000, EndMS: 6000},
	}
	for i, t := range agent {
		t.Index = 3 + i
		turns = append(turns, t)
	}
	return quality.Record{
		Call:  call.Record{ID: "C", Agent: "li", Recording: "x.wav", Outcome: call.Transferred},
		Turns: turns,
		Events: []call.Event{
			{Kind: call.KindQueue, MS: 7000, Data: map[string]any{"state": "waiting"}},
			{Kind: call.KindBridge, MS: 20000, Data: map[string]any{"agent": "li"}},
		},
	}
}

// What an agent says is judged in the language in which the call has gone on.
func TestForbiddenWordsOfTheCallersLanguage(t *testing.T) {
	words := map[string]*moderation.Matcher{}
	for _, l := range []string{"zh", "en"} {
		var problems []moderation.Problem
		words[l], problems = moderation.Load(l, nil)
		require.Empty(t, problems)
	}
	r := conversation(call.TurnRecord{Speaker: "agent", Text: "你这个傻逼", StartMS: 24000, EndMS: 25000})
	r.Words = words["en"]
	forbidden := func() quality.State {
		for _, f := range quality.Score(quality.Default("en").Sheets[0], r) {
			if f.Item == "forbidden" {
				return f.State
			}
		}
		return ""
	}
	assert.Equal(t, quality.Good, forbidden(), "the line's English words know nothing of it")
	r.In = func(language string) *moderation.Matcher { return words[language] }
	assert.Equal(t, quality.Failed, forbidden())
}

func TestWhatRulesFind(t *testing.T) {
	words, problems := moderation.Load("zh", nil)
	require.Empty(t, problems)
	sheet := quality.Default("zh").Sheets[0]
	says := func(speaker, text string, from, to int64) call.TurnRecord {
		return call.TurnRecord{Speaker: speaker, Text: text, StartMS: from, EndMS: to}
	}
	state := func(r quality.Record, item string) quality.Finding {
		r.Words = words
		for _, f := range quality.Score(sheet, r) {
			if f.Item == item {
				return f
			}
		}
		t.Fatal(item)
		return quality.Finding{}
	}
	hello := says("agent", "您好，很高兴为您服务。", 21000, 23000)
	for _, c := range []struct {
		name, item string
		record     quality.Record
		want       quality.State
	}{
		{"he greets", "greeting", conversation(hello), quality.Good},
		{"he does not", "greeting", conversation(says("agent", "什么事", 21000, 22000)), quality.Failed},
		{"he said nothing", "greeting", conversation(), quality.NotApplicable},
		{"the bot has disclosed", "disclosure", conversation(hello), quality.Good},
		{"nobody has", "disclosure", func() quality.Record { r := conversation(hello); r.Turns = r.Turns[2:]; return r }(), quality.Failed},
		{"cut before it was heard", "disclosure", func() quality.Record { r := conversation(hello); r.Turns[0].Heard = "这里是"; return r }(), quality.Failed},
		{"nothing was recorded", "disclosure", func() quality.Record { r := conversation(hello); r.Call.Recording = ""; return r }(), quality.NotApplicable},
		{"an insult", "forbidden", conversation(hello, says("agent", "你这个傻逼", 24000, 25000)), quality.Failed},
		{"none", "forbidden", conversation(hello), quality.Good},
		{"the caller's is his own", "forbidden", conversation(hello, says("caller", "你这个傻逼", 24000, 25000)), quality.Good},
		{"talks at once", "silence", conversation(hello, says("caller", "好", 25000, 26000)), quality.Good},
		{"once long", "silence", conversation(hello, says("caller", "好", 40000, 41000)), quality.Partly},
		{"twice long", "silence", conversation(hello, says("caller", "好", 40000, 41000), says("agent", "查到了", 60000, 61000)), quality.Failed},
		{"over him three times", "overtalk", conversation(hello,
			says("caller", "我想", 24000, 30000), says("agent", "等等", 25000, 28000),
			says("caller", "我想", 34000, 40000), says("agent", "等等", 35000, 38000),
			says("caller", "我想", 44000, 50000), says("agent", "等等", 45000, 48000)), quality.Partly},
		{"the caller talks over him", "overtalk", conversation(hello, says("caller", "等等", 22000, 25000)), quality.Good},
		{"he wrote nothing", "resolution", conversation(hello), quality.NotApplicable},
		{"he solved it", "resolution", func() quality.Record {
			r := conversation(hello)
			r.Events = append(r.Events, call.Event{Kind: "wrap_up", Data: map[string]any{"code": "solved"}})
			return r
		}(), quality.Good},
		{"is the reviewer's", "tone", conversation(hello), quality.Open},
	} {
		assert.Equal(t, c.want, state(c.record, c.item).State, "%s: %s", c.item, c.name)
	}

	held := conversation(hello, says("caller", "好", 60000, 61000))
	held.Events = append(held.Events, call.Event{Kind: call.KindHold, MS: 24000, Data: map[string]any{"state": "hold"}}, call.Event{Kind: call.KindHold, MS: 58000, Data: map[string]any{"state": "resume"}})
	f := state(held, "silence")
	assert.Equal(t, quality.Good, f.State, "music is no silence")
	assert.InDelta(t, 3, f.Seconds, 0.01)
	f = state(conversation(hello, says("agent", "你这个傻逼", 24000, 25000)), "forbidden")
	assert.Equal(t, []int64{24000}, f.AtMS)
	assert.NotEmpty(t, f.Category)
}

func TestTheBotsOwnCalls(t *testing.T) {
	sheet := quality.Default("zh").Sheets[1]
	r := quality.Record{
		Call: call.Record{Outcome: call.Resolved, Recording: "x"},
		Turns: []call.TurnRecord{
			{Speaker: "bot", Text: "您好，这里是云上商城，通话会录音。", StartMS: 0, EndMS: 3000},
			{Speaker: "caller", Text: "运费", StartMS: 4000, EndMS: 5000},
			{Speaker: "bot", Text: "满九十九包邮。", StartMS: 6000, EndMS: 8000},
		},
	}
	findings := quality.Score(sheet, r)
	score, known := quality.Total(sheet, findings)
	assert.True(t, known)
	assert.Equal(t, 100, score)
	r.Turns[0].Text = "您好，请讲。"
	score, _ = quality.Total(sheet, quality.Score(sheet, r))
	assert.Zero(t, score, "a knockout")
	_, known = quality.Total(sheet, nil)
	assert.False(t, known)
}

func TestWeeks(t *testing.T) {
	assert.Equal(t, "2026-W47", quality.Week(time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)))
	for _, year := range []int{2020, 2021, 2024, 2025, 2026, 2027} {
		for day := time.Date(year, 1, 1, 12, 0, 0, 0, time.UTC); day.Year() == year; day = day.AddDate(0, 0, 1) {
			from, to, err := quality.Days(quality.Week(day), time.UTC)
			require.NoError(t, err)
			assert.True(t, !day.Before(from) && day.Before(to), "%s: %s to %s", day, from, to)
			assert.Equal(t, time.Monday, from.Weekday())
		}
	}
	for _, bad := range []string{"", "2026", "2026-W00", "2026-W54", "2025-W53", "yesterday"} {
		_, _, err := quality.Days(bad, time.UTC)
		require.ErrorIs(t, err, quality.ErrWeek, bad)
	}
}
