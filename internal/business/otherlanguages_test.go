package business_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog/engine"
	"hotline/dialog/knowledge"
	"hotline/internal/business"
)

func TestOtherLanguagesOfALine(t *testing.T) {
	of := func(other string) business.Report {
		_, r := business.Load(folder(t, map[string]string{"business.yaml": `
name: 云上商城
language: zh
voices: {zh: a, en: b}
lines:
  - name: chinese
    numbers: [8000]
    default: true
    other_languages: [` + other + `]
    disclosure: {text: 您好，这里是云上商城，我是智能助手，通话会录音。}
    greeting: 请说您要办的事。
  - name: english
    language: en
    disclosure: {text: "This is 云上商城, an automated assistant, and calls are recorded."}
    greeting: How can I help?
`}))
		return r
	}
	assert.NotContains(t, problems(of("english")), "other_languages")
	assert.Contains(t, problems(of("french")), "other_languages")
	assert.Contains(t, problems(of("chinese")), "other_languages")
	assert.Contains(t, problems(of("english, english")), "other_languages")
}

// What is said to who speaks another language than the line has nothing in it of the
// line's language, and everything is there that is checked of replies.
func TestReception(t *testing.T) {
	b, r := business.Load(folder(t, map[string]string{"business.yaml": `
name: 云上商城
language: zh
hours: {spoken: 早上九点到晚上九点, daily: 09:00-21:00}
lines:
  - name: chinese
    numbers: [8000]
    disclosure: {text: 您好，这里是云上商城，我是智能助手，通话会录音。}
    greeting: 请说您要办的事。
    menu: {"1": {say: 人工, skill: service}}
phrases: {one_language: [不会说]}
`}))
	require.NotEmpty(t, b.Lines, r)
	x, err := knowledge.New(nil, knowledge.Options{Language: "en"})
	require.NoError(t, err)
	c := b.Lines[0].Reception("en", knowledge.NewLive(x).Load)
	assert.NotNil(t, c.Words)
	assert.NotNil(t, c.Moods)
	e, err := engine.New(c)
	require.NoError(t, err)
	for _, s := range e.Sentences() {
		assert.NotRegexp(t, `\p{Han}`, s)
	}
}
