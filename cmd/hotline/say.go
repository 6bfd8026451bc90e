package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"hotline/internal/config"
	"hotline/internal/models"
	"hotline/internal/speech"
	"hotline/media/wav"
	"hotline/tts"
	"hotline/tts/spoken"
)

func newSay(s *settings) *cobra.Command {
	var out, voiceName, language string
	var render, telephone bool
	var pace float64
	cmd := &cobra.Command{
		Use:   "say TEXT --out f.wav",
		Short: "Speak a text into a file, or render a business's fixed sentences",
		Long: `Speaks TEXT into a WAV file, as callers would hear it. With --render it makes the
folder speech/<voice>/ of each business: every fixed sentence of its lines, so that
a new installation speaks at once.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.load()
			if err != nil {
				return err
			}
			if render {
				return renderPacks(cmd.Context(), c, cmd.OutOrStdout())
			}
			if len(args) != 1 || out == "" {
				return usageError{fmt.Errorf("say needs a TEXT and --out f.wav, or --render")}
			}
			language = cmp.Or(language, languageOf(args[0]))
			synth, closeEngine, err := localVoice(cmd.Context(), c, cmp.Or(voiceName, c.Speech.TTS.For(language)), language)
			if err != nil {
				return err
			}
			defer closeEngine()
			rate := tts.PackRate
			var chain tts.Synthesizer = &tts.Split{Normalize: spoken.Normalize, Next: synth}
			if telephone {
				rate, chain = 8000, tts.Telephone{Next: chain}
			}
			samples, err := speakAll(cmd.Context(), chain, tts.Utterance{Text: args[0], Voice: voiceName, Language: language, Rate: pace}, rate)
			if err != nil {
				return err
			}
			return wav.WriteFile(out, wav.Audio{Rate: rate, Channels: [][]int16{samples}})
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "WAV file to write")
	cmd.Flags().StringVar(&voiceName, "voice", "", "MODEL or MODEL/SPEAKER (default the best that is installed)")
	cmd.Flags().StringVar(&language, "language", "", "zh or en (default: by the letters of TEXT)")
	cmd.Flags().BoolVar(&telephone, "telephone", false, "as a telephone carries it: 8 kHz, 300 to 3,400 Hz")
	cmd.Flags().Float64Var(&pace, "rate", 1, "how fast: 1.25 is a quarter faster than the voice's own pace")
	cmd.Flags().BoolVar(&render, "render", false, "render the fixed sentences of the businesses")
	return cmd
}

// languageOf guesses by the letters.
func languageOf(text string) string {
	for _, r := range text {
		if r >= 0x3400 && r <= 0x9fff {
			return "zh"
		}
	}
	return "en"
}

// localVoice opens the engine of a voice in this process, or asks the workers that
// are named in the settings.
func localVoice(ctx context.Context, c config.Config, name, language string) (tts.Synthesizer, func(), error) {
	if len(c.Speech.URLs) > 0 {
		ends, err := speechClients(c)
		if err != nil {
			return nil, nil, err
		}
		client, err := newClient(c, ends[0])
		return &tts.Leveled{Next: client}, func() {}, err
	}
	set := models.Open(c.Models)
	id, _, _ := strings.Cut(name, "/")
	if id == "" {
		best, ok := set.Best(models.TTS, language)
		if !ok {
			return nil, nil, fmt.Errorf("no voice for %q is installed: run hotline models pull", language)
		}
		id = best.ID
	}
	if !strings.HasPrefix(id, "tts/") {
		id = "tts/" + id
	}
	dir, ok := set.Find(id)
	if !ok {
		return nil, nil, fmt.Errorf("the voice %s is not installed: run hotline models pull %s, or hotline models list", id, id)
	}
	engine, err := speech.Local(max(1, c.Speech.Threads), 1).TTS(ctx, id, dir)
	if err != nil {
		return nil, nil, err
	}
	return &tts.Leveled{Next: engine}, func() {
		if cl, ok := engine.(io.Closer); ok {
			_ = cl.Close() // the process ends
		}
	}, nil
}

// renderPacks makes the rendered sentences of each line's voice.
func renderPacks(ctx context.Context, c config.Config, out io.Writer) error {
	bs, err := loadBots(c.Business, senses{}, nil, nil, discard()) //nolint:contextcheck // what it builds bounds its own time
	if err != nil {
		return err
	}
	done := map[string]bool{}
	for _, b := range bs.lines() {
		v := b.line.Voice
		if v == "" || done[b.line.Home.Dir+v] {
			continue
		}
		done[b.line.Home.Dir+v] = true
		var sentences []string
		for _, text := range b.engine.Load().Sentences() {
			sentences = append(sentences, tts.Sentences(text)...)
		}
		synth, closeEngine, err := localVoice(ctx, c, v, b.line.Language)
		if err != nil {
			return err
		}
		dir := filepath.Join(b.line.Home.Dir, "speech", strings.ReplaceAll(v, "/", "-"))
		r, err := tts.Render(ctx, synth, tts.Utterance{Voice: v, Language: b.line.Language, Rate: b.line.Rate}, spoken.Normalize, sentences, dir)
		closeEngine()
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(out, "%s: %d made, %d kept, %d removed; %.0f s of sound made, %.1f MB in all\n", dir, r.Made, r.Kept, r.Removed, r.Seconds, float64(r.Bytes)/1e6)
	}
	return nil
}
