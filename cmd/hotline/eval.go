package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hotline/asr"
	"hotline/dialog"
	"hotline/internal/business"
	"hotline/internal/config"
	"hotline/media/wav"
)

func newEval(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "eval", Short: "Measure how well the bot hears and talks"}
	cmd.AddCommand(newEvalIntents(s), newEvalSpeech(s), newEvalDialogs(s), newEvalQuestions(s))
	return cmd
}

func newEvalSpeech(s *settings) *cobra.Command {
	var refs, language string
	var telephone, asJSON bool
	cmd := &cobra.Command{
		Use:   "speech --refs refs.tsv",
		Short: "Error rates of recognition on recordings with known texts",
		Long: `Recognises recordings as a call without a business would (8 kHz, voice detection,
the engine of the settings or of speech.urls, no vocabulary, no second pass) and tells how
much of the known texts is wrong: characters of Chinese (CER), words of other languages
(WER), punctuation and case apart. Each line of the TSV is a WAV file, a tab and what is
said in it. To compare engines, name one: HOTLINE_SPEECH_ASR=asr/sense-voice-small, or
HOTLINE_SPEECH_URLS=http://HOST:PORT.`,
		Example: "  hotline eval speech --refs recordings/refs.tsv --telephone",
		Args:    exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if refs == "" {
				return usageError{errors.New("eval speech needs --refs refs.tsv: lines of a file, a tab and its text")}
			}
			c, err := s.load()
			if err != nil {
				return err
			}
			list, err := readRefs(refs)
			if err != nil {
				return err
			}
			var report evalSpeech
			engines := map[string]*reading{} // one for each language: a model takes a second to load
			for _, ref := range list {
				lang := cmp.Or(language, languageOf(ref.text))
				if engines[lang] == nil {
					r, closeEngine, err := newReading(cmd.Context(), c, lang)
					if err != nil {
						return err
					}
					defer closeEngine()
					engines[lang] = r
				}
				if err := report.add(cmd, engines[lang], ref, telephone); err != nil {
					return err
				}
			}
			return report.print(cmd.OutOrStdout(), asJSON)
		},
	}
	cmd.Flags().StringVar(&refs, "refs", "", "TSV of files (relative to it) and what is said in them")
	cmd.Flags().StringVar(&language, "language", "", "zh or en (default: by the text)")
	cmd.Flags().BoolVar(&telephone, "telephone", false, "pass each file through an 8 kHz µ-law line first")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

type reference struct{ file, text string }

func readRefs(path string) (list []reference, err error) {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sc := bufio.NewScanner(f)
	for n := 1; sc.Scan(); n++ {
		if strings.TrimSpace(sc.Text()) == "" {
			continue
		}
		file, text, ok := strings.Cut(sc.Text(), "\t")
		if !ok {
			return nil, fmt.Errorf("%s:%d: no tab between the file and its text", path, n)
		}
		if !filepath.IsAbs(file) {
			file = filepath.Join(filepath.Dir(path), file)
		}
		list = append(list, reference{file, text})
	}
	return list, sc.Err()
}

// evalSpeech is the report; CER is over the Chinese files, WER over the others.
type evalSpeech struct {
	CER     *float64   `json:"cer"`
	WER     *float64   `json:"wer"`
	RTF     float64    `json:"rtf"`
	PerFile []evalFile `json:"per_file"`

	sound, took time.Duration
}

type evalFile struct {
	File string   `json:"file"`
	Text string   `json:"text"`
	Ref  string   `json:"ref"`
	CER  *float64 `json:"cer,omitempty"`
	WER  *float64 `json:"wer,omitempty"`

	edits, length int // in characters or in words
}

func (e *evalSpeech) add(cmd *cobra.Command, r *reading, ref reference, telephone bool) error {
	a, err := wav.ReadFile(ref.file)
	if err != nil {
		return err
	}
	began := time.Now()
	list, err := r.file(cmd.Context(), a, telephone)
	if err != nil {
		return fmt.Errorf("%s: %w", ref.file, err)
	}
	e.took += time.Since(began)
	e.sound += time.Duration(len(a.Mono())) * time.Second / time.Duration(a.Rate)
	f := evalFile{File: ref.file, Text: joinHeard(list), Ref: ref.text}
	words := languageOf(ref.text) != "zh"
	f.edits, f.length = asr.Errors(ref.text, f.Text, words)
	if words {
		v := asr.WER(ref.text, f.Text)
		f.WER = &v
	} else {
		v := asr.CER(ref.text, f.Text)
		f.CER = &v
	}
	e.PerFile = append(e.PerFile, f)
	return nil
}

// over is the rate of all files that have one: their edits in all of what was said.
func over(files []evalFile, rate func(evalFile) *float64) *float64 {
	edits, length, some := 0, 0, false
	for _, f := range files {
		if rate(f) != nil {
			edits, length, some = edits+f.edits, length+f.length, true
		}
	}
	if !some {
		return nil
	}
	m := float64(edits) / float64(max(1, length))
	return &m
}

func (e *evalSpeech) print(out io.Writer, asJSON bool) error {
	e.CER = over(e.PerFile, func(f evalFile) *float64 { return f.CER })
	e.WER = over(e.PerFile, func(f evalFile) *float64 { return f.WER })
	if e.sound > 0 {
		e.RTF = e.took.Seconds() / e.sound.Seconds()
	}
	if asJSON {
		return json.NewEncoder(out).Encode(e)
	}
	for _, f := range e.PerFile {
		v := f.CER
		if v == nil {
			v = f.WER
		}
		_, _ = fmt.Fprintf(out, "%5.1f %%  %s\n         %s\n         %s\n", 100**v, f.File, f.Ref, f.Text)
	}
	if e.CER != nil {
		_, _ = fmt.Fprintf(out, "CER %.1f %%\n", 100**e.CER)
	}
	if e.WER != nil {
		_, _ = fmt.Fprintf(out, "WER %.1f %%\n", 100**e.WER)
	}
	_, err := fmt.Fprintf(out, "real-time factor %.2f\n", e.RTF)
	return err
}

func newEvalDialogs(s *settings) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "dialogs DIR",
		Short: "Run a business's test conversations (its folder, or its dialogs folder)",
		Args:  exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.load()
			if err != nil {
				return err
			}
			return evalDialogs(cmd, c, args[0], asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func evalDialogs(cmd *cobra.Command, c config.Config, dir string, asJSON bool) error {
	if _, err := os.Stat(filepath.Join(dir, business.File)); err != nil {
		dir = filepath.Dir(filepath.Clean(dir))
	}
	b, report := business.Load(dir)
	if len(b.Lines) == 0 {
		return fmt.Errorf("%s has no line to talk on: %w", dir, report.Err())
	}
	meaning, closeIt := patiently(cmd.Context(), c, discard())
	defer closeIt()
	results, err := business.RunDialogs(cmd.Context(), b, func(l business.Line, now func() time.Time) (dialog.Engine, error) {
		made, err := newBot(l, meaning, trial(), nil, now)
		if err != nil {
			return nil, err
		}
		if err := made.elsewhere(l, discard()); err != nil {
			return nil, err
		}
		return made.talk, nil
	})
	if err != nil {
		return err
	}
	failed := 0
	for _, r := range results {
		if !r.Passed {
			failed++
		}
	}
	if asJSON {
		err = json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"passed": len(results) - failed, "failed": failed, "completed_tasks": business.CompletedTasks(results), "dialogs": results})
	} else {
		err = business.WriteDialogs(cmd.OutOrStdout(), results)
	}
	if err == nil && failed > 0 {
		return errSilent
	}
	return err
}
