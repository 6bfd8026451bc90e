package flowedit_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline/dialog/flow"
	"hotline/internal/business"
	"hotline/internal/flowedit"
	"hotline/internal/store"
	"hotline/internal/web/webtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asked is another system that answers and counts.
type asked struct{ n int }

func (a *asked) Do(context.Context, flow.Request) flow.Response {
	a.n++
	return flow.Response{Rows: []flow.Row{{"state": "on its way"}}}
}

// bench is an editor of the packs.
type bench struct {
	*flowedit.Editor
	dir    string
	store  *store.Store
	system asked
}

const (
	english = "Cloud Lane"
	repair  = "repair-zh"
)

func edits(t *testing.T) *bench {
	t.Helper()
	b := &bench{dir: t.TempDir()}
	require.NoError(t, webtest.Businesses(b.dir))
	s, _, clean, err := webtest.OpenStore(t.Context(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, clean()) })
	b.store = s
	b.Editor = flowedit.New(flowedit.Config{
		Dirs: []string{filepath.Join(b.dir, "retail-en"), filepath.Join(b.dir, repair)}, Store: s, Engine: webtest.TrialEngine, Ask: &b.system,
	})
	return b
}

// track is the file of the task that is edited, as it lies on disk.
func (b *bench) track(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(b.dir, "retail-en", "flows", "track.yaml"))
	require.NoError(t, err)
	return string(data)
}

func edit(d flowedit.Document, by string) flowedit.Edit {
	return flowedit.Edit{Business: d.Business, Name: d.Name, By: by, Digest: d.Digest}
}

func TestATextIsSavedAndTakenBack(t *testing.T) {
	b := edits(t)
	d, err := b.Open(t.Context(), english, "track")
	require.NoError(t, err)
	first := d.Text
	require.Equal(t, b.track(t), first)
	require.NotEmpty(t, d.On)

	text := strings.Replace(first, "title: ", "title: our ", 1)
	saved, err := b.Save(t.Context(), edit(d, "li"), text)
	require.NoError(t, err)
	assert.Equal(t, text, b.track(t))
	assert.True(t, strings.HasPrefix(saved.Title, "our "), saved.Title)

	// Who edited the text before comes too late, and learns what is there.
	_, err = b.Save(t.Context(), edit(d, "wang"), first+"# mine\n")
	var conflict *flowedit.ConflictError
	require.ErrorAs(t, err, &conflict)
	assert.Equal(t, text, conflict.Now.Text)

	// Somebody edits the file with an editor of his own: that text is kept as well.
	path := filepath.Join(b.dir, "retail-en/flows/track.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text+"# by hand\n"), 0o600))
	_, err = b.Save(t.Context(), edit(saved, "li"), first)
	require.ErrorAs(t, err, &conflict)
	d, err = b.Open(t.Context(), english, "track")
	require.NoError(t, err)
	e := edit(d, "li")
	e.Note = "as it was"
	back, err := b.Restore(t.Context(), e, 1)
	require.NoError(t, err)
	assert.Equal(t, first, back.Text)
	assert.Equal(t, first, b.track(t))

	list, now, err := b.Versions(t.Context(), english, "track")
	require.NoError(t, err)
	assert.Equal(t, first, now.Text)
	var got []string
	for _, v := range list {
		got = append(got, v.State+" "+v.Author+" "+v.Note)
	}
	assert.Equal(t, []string{"saved li as it was", "file  ", "saved li ", "file  "}, got)
	assert.Equal(t, text+"# by hand\n", list[1].Body)
}

func TestATextThatDoesNotRunIsNotSaved(t *testing.T) {
	b := edits(t)
	d, err := b.Open(t.Context(), english, "track")
	require.NoError(t, err)
	text := strings.Replace(d.Text, "table: orders", "table: order", 1)
	require.NotEqual(t, text, d.Text)
	view, _, err := b.Check(t.Context(), english, "track", text)
	require.NoError(t, err)
	require.NotEmpty(t, view.Problems)
	assert.Positive(t, view.Problems[0].Line)
	assert.Empty(t, view.Graph.Nodes)
	_, err = b.Save(t.Context(), edit(d, "li"), text)
	var invalid *flowedit.InvalidError
	require.ErrorAs(t, err, &invalid)
	assert.Equal(t, "flows/track.yaml", invalid.Problems[0].File)

	// Another name breaks whoever calls it by the old one, and so does its end.
	text = strings.Replace(d.Text, "name: track", "name: trace", 1)
	_, err = b.Save(t.Context(), edit(d, "li"), text)
	require.ErrorAs(t, err, &invalid)
	assert.NotEqual(t, "flows/track.yaml", invalid.Problems[0].File)
	_, err = b.Delete(t.Context(), edit(d, "li"))
	require.ErrorAs(t, err, &invalid)
	assert.Equal(t, d.Text, b.track(t))

	_, err = b.Save(t.Context(), edit(d, "li"), d.Text+strings.Repeat("#", 1<<20))
	require.ErrorIs(t, err, flowedit.ErrLong)
}

func TestOfEditorsAtOnceOneSaves(t *testing.T) {
	b := edits(t)
	d, err := b.Open(t.Context(), english, "track")
	require.NoError(t, err)
	results := make(chan error, 4)
	for _, by := range []string{"a", "b", "c", "d"} {
		go func() {
			_, err := b.Save(t.Context(), edit(d, by), d.Text+"# "+by+"\n")
			results <- err
		}()
	}
	won := 0
	for range 4 {
		err := <-results
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, business.ErrFlowChanged)
	}
	assert.Equal(t, 1, won)
}

func TestATaskIsMadeTakenAwayAndBroughtBack(t *testing.T) {
	b := edits(t)
	for _, of := range []string{english, "邻里家修"} {
		for _, template := range flowedit.Templates() {
			name := "new-" + template
			e := flowedit.Edit{Business: of, Name: name, By: "li"}
			d, err := b.Create(t.Context(), e, `gift "wrap" `+template, template)
			require.NoError(t, err, "%s of %s", template, of)
			assert.Equal(t, `gift "wrap" `+template, d.Title)
			assert.NotEmpty(t, d.Graph.Nodes)
			for _, p := range d.Problems {
				assert.NotEqual(t, business.Error, p.Severity, p.String())
			}
			_, err = b.Create(t.Context(), e, "again", template)
			require.ErrorIs(t, err, flowedit.ErrExists)

			gone, err := b.Delete(t.Context(), edit(d, "wang"))
			require.NoError(t, err)
			_, err = b.Open(t.Context(), of, name)
			require.ErrorIs(t, err, flowedit.ErrNotFound)
			list, err := b.Deleted(t.Context())
			require.NoError(t, err)
			require.Len(t, list, 1)
			assert.Equal(t, gone, list[0])
			assert.Equal(t, "wang", gone.Author)
			back, err := b.Restore(t.Context(), flowedit.Edit{Business: of, Name: name, By: "li"}, gone.N)
			require.NoError(t, err)
			assert.Equal(t, d.Text, back.Text)
			list, err = b.Deleted(t.Context())
			require.NoError(t, err)
			assert.Empty(t, list)
		}
	}
	for _, name := range []string{"", "../x", "a/b", ".hidden", "a.b", strings.Repeat("x", 65)} {
		_, err := b.Create(t.Context(), flowedit.Edit{Business: english, Name: name}, "x", flowedit.TemplateNote)
		require.ErrorIs(t, err, flowedit.ErrName, name)
	}
}

const remote = `name: parcel
title: a parcel abroad
start:
  examples: [where's my overseas parcel, track my parcel abroad, overseas parcel please, follow a parcel overseas, parcel from abroad]
slots:
  - {name: parcel_no, title: parcel number, type: code, length: "4", ask: ["What are the four digits of the parcel?"]}
steps:
  - ask: parcel_no
  - lookup: {url: "https://parcels.example/p/{parcel_no}", as: parcel}
    none: [{say: I can't find it.}, {end: open}]
    failed:
      - say: Their system is down.
      - end: open
  - lookup: {url: "https://parcels.example/tell", method: POST, body: {no: "{parcel_no}"}, as: told}
    none: [{end: open}]
    failed:
      - say: "It is {parcel.state}."
      - end: done
  - end: done
`

func TestATrialHasNoConsequences(t *testing.T) {
	b := edits(t)
	d, err := b.Create(t.Context(), flowedit.Edit{Business: english, Name: "parcel", By: "li"}, "a parcel abroad", flowedit.TemplateNote)
	require.NoError(t, err)
	want := flowedit.Trial{Business: english, Name: "parcel", Text: remote}
	_, err = b.Try(t.Context(), want)
	require.ErrorIs(t, err, flowedit.ErrSystems, "a supervisor's text reaches no other system")
	_, err = b.Save(t.Context(), edit(d, "li"), remote)
	require.ErrorIs(t, err, flowedit.ErrSystems)

	want.Systems = true
	opened, err := b.Try(t.Context(), want)
	require.NoError(t, err)
	require.Len(t, opened.Turns, 1)
	require.NotEmpty(t, opened.Turns[0].Said)
	want.At, want.Line = opened.At, opened.Line
	want.Turns = []flowedit.TrialTurn{{Say: "where's my overseas parcel"}}
	one, err := b.Try(t.Context(), want)
	require.NoError(t, err)
	require.Len(t, one.Turns, 2)
	assert.Equal(t, opened.Turns[0].Said, one.Turns[0].Said)
	assert.Equal(t, "parcel", one.Turns[1].Flow)
	assert.Equal(t, "steps[0]", one.Turns[1].Step)
	assert.Contains(t, strings.Join(one.Turns[1].Said, " "), "four digits")

	want.Turns = append(want.Turns, flowedit.TrialTurn{Keys: "4471"})
	for range 2 {
		two, err := b.Try(t.Context(), want)
		require.NoError(t, err)
		last := two.Turns[2]
		assert.Contains(t, strings.Join(last.Said, " "), "It is on its way.")
		assert.Equal(t, []flowedit.TriedSlot{{Name: "parcel_no", Title: "parcel number", Value: "4471"}}, last.Slots)
		var kinds []string
		for _, a := range last.Acts {
			kinds = append(kinds, a.Kind)
		}
		assert.Contains(t, kinds, "asked")
		assert.Contains(t, kinds, "unasked", "what would tell another system something is not sent")
	}
	assert.Equal(t, 1, b.system.n, "the other system is asked once, however often the conversation is held anew")

	want.Text = strings.Replace(remote, "ask: parcel_no", "ask: parcel_nos", 1)
	_, err = b.Try(t.Context(), want)
	var invalid *flowedit.InvalidError
	require.ErrorAs(t, err, &invalid)
	want.Text, want.Turns = remote, make([]flowedit.TrialTurn, 200)
	_, err = b.Try(t.Context(), want)
	require.ErrorIs(t, err, flowedit.ErrLong)
}

// A place that a trial takes is free again in the next.
func TestATrialTakesNoPlace(t *testing.T) {
	b := edits(t)
	d, err := b.Open(t.Context(), english, "visit")
	require.NoError(t, err)
	want := flowedit.Trial{Business: english, Name: "visit", Text: d.Text, At: time.Date(2026, 3, 3, 10, 0, 0, 0, time.UTC)}
	want.Turns = []flowedit.TrialTurn{{Say: "I'd like to book a visit"}, {Silence: true}}
	first, err := b.Try(t.Context(), want)
	require.NoError(t, err)
	again, err := b.Try(t.Context(), want)
	require.NoError(t, err)
	assert.Equal(t, first, again)
}

func TestTheBusinesssConversationsAreHeldOverAText(t *testing.T) {
	b := edits(t)
	d, err := b.Open(t.Context(), english, "track")
	require.NoError(t, err)
	results, err := b.Dialogs(t.Context(), english, "track", d.Text, false)
	require.NoError(t, err)
	require.NotEmpty(t, results)
	passed := map[string]bool{}
	for _, r := range results { // without a model of meanings not all go as they must
		assert.Equal(t, r.Passed, r.Before)
		passed[r.Name] = r.Passed
	}
	f, ok := business.ParseFlow(d.Text)
	require.True(t, ok)
	mute := "name: track\ntitle: " + f.Title + "\nskill: " + f.Skill + "\nstart: {examples: [pink elephants on parade, pink elephants again]}\nsteps: [{say: Nothing to see.}, {end: done}]\n"
	results, err = b.Dialogs(t.Context(), english, "track", mute, false)
	require.NoError(t, err)
	broken := 0
	for _, r := range results {
		assert.Equal(t, passed[r.Name], r.Before, r.Name)
		if !r.Passed && r.Before {
			broken++
			assert.Positive(t, r.Line)
		}
	}
	assert.Positive(t, broken)
	assert.Equal(t, d.Text, b.track(t))
}
