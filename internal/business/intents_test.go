package business_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/business"
)

func TestIntents(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o750))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("business.yaml", `
name: 小店
lines: [{name: main, number: "8000"}]
skills: [{name: service}]
escalation: {skill: service}
intents:
  angry: {skill: service}
  press: {skill: nobody}
  ghost: {skill: service}
`)
	write("intents/a.csv", "text,intent\n气死我了,angry\n想采访你们,press\n")
	write("intents/b.csv", "words,intent\nx,y\n")
	b, report := business.Load(dir)
	assert.Len(t, b.IntentExamples(), 2)
	require.Len(t, b.Lines, 1)
	said := map[string]int{}
	for _, p := range report.Problems {
		said[p.Code]++
	}
	assert.Equal(t, 1, said["intent_file"])
	assert.Equal(t, 1, said["intent_unknown"])
	assert.Equal(t, 1, said["skill_missing"])
	assert.Equal(t, "service", b.Lines[0].EngineConfig(nil).Routes.Skills["angry"])
}
