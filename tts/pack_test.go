package tts_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"hotline/media"
	"hotline/media/dsp"
	"hotline/tts"
	"hotline/tts/spoken"
	"hotline/tts/ttstest"
)

func TestPackSpeaksWhatWasRendered(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "kokoro", "zf_xiaobei")
	tone := &ttstest.Tone{}
	voice := tts.Utterance{Voice: "kokoro/zf_xiaobei", Language: "zh"}
	sentences := []string{"您好，这里是云上商城。", "运费是¥19.9。", "您好，这里是云上商城。"}
	done, err := tts.Render(t.Context(), tone, voice, spoken.Normalize, sentences, dir)
	require.NoError(t, err)
	require.Equal(t, 2, done.Made)
	index, err := os.ReadFile(filepath.Join(dir, tts.PackIndex))
	require.NoError(t, err)
	require.Contains(t, string(index), "运费是¥19.9。\t运费是十九块九", "a person can read it")

	packs, err := tts.OpenPacks(root)
	require.NoError(t, err)
	require.Len(t, packs, 1)
	require.Equal(t, 2, packs[0].Len())
	require.Empty(t, packs[0].Problems())
	live := &ttstest.Tone{}
	s := &tts.Split{Next: tts.Packed{Packs: packs, Next: live}, Normalize: spoken.Normalize}
	u := voice
	u.Text = sentences[0] + sentences[1]
	require.True(t, s.Rendered(u))
	w := &ttstest.Writer{Hz: 8000}
	require.NoError(t, s.Synthesize(t.Context(), u, w))
	require.Empty(t, live.Texts())
	require.Greater(t, w.Frames(), 60)
	u.Text = "这句没有。"
	require.False(t, s.Ready(u))
	require.NoError(t, s.Synthesize(t.Context(), u, &ttstest.Writer{Hz: 8000}))
	require.Len(t, live.Texts(), 1)
	u.Text, u.Voice = sentences[0], "other/voice"
	require.False(t, s.Ready(u), "another voice's pack")

	// Rendering again keeps what is there and removes what is gone.
	done, err = tts.Render(t.Context(), tone, voice, spoken.Normalize, sentences[:1], dir)
	require.NoError(t, err)
	require.Equal(t, 0, done.Made)
	require.Equal(t, 1, done.Kept)
	require.Equal(t, 1, done.Removed)
}

// What was rendered before it was stopped can be used; the next time goes on, and nothing
// is removed before all is there.
func TestRenderingGoesOn(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "v")
	voice := tts.Utterance{Voice: "v", Language: "zh"}
	_, err := tts.Render(t.Context(), &ttstest.Tone{}, voice, nil, []string{"从前那句。", "第一句。"}, dir)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	all := []string{"第一句。", "第二句。", "第三句。", "第四句。"}
	done, err := tts.Render(ctx, stopping{&ttstest.Tone{}, "第三句。", stop}, voice, nil, all, dir)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, done.Made)
	packs, err := tts.OpenPacks(root)
	require.NoError(t, err)
	require.Equal(t, 2, packs[0].Len(), "the first and the second")
	files, err := filepath.Glob(filepath.Join(dir, "*.opus"))
	require.NoError(t, err)
	require.Len(t, files, 3)

	done, err = tts.Render(t.Context(), &ttstest.Tone{}, voice, nil, all, dir)
	require.NoError(t, err)
	require.Equal(t, []int{2, 2, 1}, []int{done.Made, done.Kept, done.Removed})
}

// stopping is interrupted in the middle of a sentence.
type stopping struct {
	tts.Synthesizer
	at   string
	stop func()
}

func (s stopping) Synthesize(ctx context.Context, u tts.Utterance, w media.Writer) error {
	if u.Text == s.at {
		s.stop()
	}
	return s.Synthesizer.Synthesize(ctx, u, w)
}

func TestStaleAndMissingEntriesAreNamedNotUsed(t *testing.T) {
	dir := t.TempDir()
	voice := tts.Utterance{Voice: "v", Language: "zh"}
	_, err := tts.Render(t.Context(), &ttstest.Tone{}, voice, nil, []string{"第一句", "第二句", "第三句"}, dir)
	require.NoError(t, err)
	path := filepath.Join(dir, tts.PackIndex)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.Split(string(b), "\n")
	third := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "第三句") })
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(b), "\t第二句\n", "\t改过的第二句\n", 1)), 0o600))
	file, _, _ := strings.Cut(lines[third], "\t")
	require.NoError(t, os.Remove(filepath.Join(dir, file)))
	p, err := tts.OpenPack(dir)
	require.NoError(t, err)
	require.Equal(t, 1, p.Len())
	require.Len(t, p.Problems(), 2)
	require.Contains(t, p.Problems()[0], fmt.Sprintf("%s:%d: the text has changed", tts.PackIndex, third)) // the line before the third's, counted from one
	for text, want := range map[string]bool{"第一句": true, "第二句": false, "改过的第二句": false, "第三句": false} {
		require.Equal(t, want, tts.Packed{Packs: []*tts.Pack{p}}.Ready(tts.Utterance{Text: text, Voice: "v", Language: "zh"}), text)
	}
	_, err = tts.OpenPack(t.TempDir())
	require.ErrorIs(t, err, os.ErrNotExist)
	none, err := tts.OpenPacks(filepath.Join(dir, "nowhere"))
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestPackedKeepsTheContract(t *testing.T) {
	dir := t.TempDir()
	_, err := tts.Render(t.Context(), &ttstest.Tone{}, tts.Utterance{Voice: "v", Language: "en"}, nil, []string{"abcdefghijklmnop"}, dir)
	require.NoError(t, err)
	p, err := tts.OpenPack(dir)
	require.NoError(t, err)
	ttstest.Run(t, tts.Packed{Packs: []*tts.Pack{p}, Next: &ttstest.Tone{}}, ttstest.Options{Text: "abcdefghijklmnop", Language: "en", Voice: "v"})
}

func TestWarmerMakesSentencesWhileNobodyCalls(t *testing.T) {
	tone := &ttstest.Tone{}
	c := openCache(t, tone, tts.CacheConfig{})
	s := &tts.Split{Next: c, Normalize: spoken.Normalize}
	busy := 3
	w := tts.Warmer{Split: s, Pause: 1, Busy: func() bool { busy--; return busy > 0 }}
	wanted := []tts.Utterance{{Text: "运费是¥19.9。七天无理由退货。", Language: "zh"}, {Text: "七天无理由退货。", Language: "zh"}}
	done, err := w.Run(t.Context(), wanted)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.Equal(t, 2, done.Made)
	require.Equal(t, []string{"运费是十九块九。", "七天无理由退货。"}, tone.Texts())
	for _, u := range wanted {
		require.True(t, s.Rendered(u))
	}
	done, err = w.Run(t.Context(), wanted)
	require.NoError(t, err)
	require.Zero(t, done.Made)
}

// The first sentences are those that every caller hears: a voice that is still being
// loaded when they are wanted does not leave them out.
func TestWarmerComesBackToWhatFailed(t *testing.T) {
	tone := &ttstest.Tone{Err: errors.New("the model is still being loaded")}
	asked := 0
	tone.Begin = func(context.Context, tts.Utterance) {
		if asked++; asked == 2 {
			tone.Err = nil
		}
	}
	c := openCache(t, tone, tts.CacheConfig{})
	s := &tts.Split{Next: c, Normalize: spoken.Normalize}
	w := tts.Warmer{Split: s, Pause: 1}
	wanted := []tts.Utterance{{Text: "这里是张记家电。请说您要办的事。七天无理由退货。再见。", Language: "zh"}}
	done, err := w.Run(t.Context(), wanted)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.Equal(t, tts.Warmed{Made: 4}, done)
	require.Equal(t, []string{"这里是张记家电。", "请说您要办的事。", "这里是张记家电。", "七天无理由退货。", "再见。"}, tone.Texts())

	tone = &ttstest.Tone{Err: errors.New("there is no such voice")}
	c = openCache(t, tone, tts.CacheConfig{})
	w.Split = &tts.Split{Next: c, Normalize: spoken.Normalize}
	done, err = w.Run(t.Context(), wanted)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.Equal(t, tts.Warmed{Failed: 4}, done, "and it comes to an end")
}

// late says nothing for a while, and then a tone.
type late struct{ ttstest.Tone }

func (l *late) Synthesize(ctx context.Context, u tts.Utterance, dst media.Writer) error {
	for range 5 {
		if err := dst.WriteFrame(make(media.Frame, dst.Rate()/50)); err != nil {
			return err
		}
	}
	return l.Tone.Synthesize(ctx, u, dst)
}

func TestPackedSentencesBeginAtOnce(t *testing.T) {
	dir := t.TempDir()
	voice := tts.Utterance{Voice: "v", Language: "zh"}
	_, err := tts.Render(t.Context(), &late{}, voice, spoken.Normalize, []string{"您好。"}, filepath.Join(dir, "v"))
	require.NoError(t, err)
	packs, err := tts.OpenPacks(dir)
	require.NoError(t, err)
	u := voice
	u.Text = "您好。"
	var levels []float64
	w := &levelsOf{rate: 8000, to: &levels}
	require.NoError(t, (&tts.Split{Next: tts.Packed{Packs: packs}, Normalize: spoken.Normalize}).Synthesize(t.Context(), u, w))
	sound := slices.IndexFunc(levels, func(db float64) bool { return db > -40 })
	require.GreaterOrEqual(t, sound, 0)
	require.LessOrEqual(t, sound, 1, "a frame of silence at most")
	require.Greater(t, len(levels), 5)
}

type levelsOf struct {
	rate int
	to   *[]float64
}

func (l *levelsOf) Rate() int { return l.rate }

func (l *levelsOf) WriteFrame(f media.Frame) error {
	*l.to = append(*l.to, dsp.LevelDB(f))
	return nil
}
