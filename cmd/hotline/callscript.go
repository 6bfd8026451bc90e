package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"hotline/internal/config"
	"hotline/internal/softphone"
	"hotline/internal/strict"
	"hotline/media/dsp"
	"hotline/media/wav"
	"hotline/tts"
	"hotline/tts/spoken"
)

// scriptTurn is one turn of a caller's script: one of Say, Play, Keys and Wait.
type scriptTurn struct {
	Say   string        `yaml:"say"`
	Play  string        `yaml:"play"`
	Keys  string        `yaml:"keys"`
	Wait  time.Duration `yaml:"wait"`
	Over  time.Duration `yaml:"over"`
	After time.Duration `yaml:"after"`
}

func (t *scriptTurn) check() error {
	n := 0
	for _, given := range []bool{t.Say != "", t.Play != "", t.Keys != "", t.Wait > 0} {
		if given {
			n++
		}
	}
	switch {
	case n != 1:
		return errors.New("give one of say, play, keys and wait")
	case t.Over > 0 && t.Wait > 0:
		return errors.New("who waits does not speak over anybody: leave out over")
	case strings.Trim(t.Keys, "0123456789*#ABCDabcd") != "":
		return fmt.Errorf("%q is no keys", t.Keys)
	}
	return nil
}

// A caller's script is a file, or lines of standard input, each a list of turns that
// is wanted when the far end has finished.
type callScript struct {
	speakers callers
	dir      string
	lines    <-chan string // nil for a file
	out      io.Writer
}

// openScript makes the caller of a script; "-" is standard input.
func openScript(ctx context.Context, c config.Config, path, voice string, in io.Reader, out io.Writer) (*softphone.Script, func(), error) {
	s := &callScript{speakers: callers{c: c, voice: voice, open: map[string]tts.Synthesizer{}}, dir: filepath.Dir(path), out: out}
	if path == "-" {
		lines := make(chan string)
		s.lines = lines
		go func() { // ends with standard input, or with the program
			defer close(lines)
			for sc := bufio.NewScanner(in); sc.Scan(); {
				lines <- sc.Text()
			}
		}()
		return &softphone.Script{Next: s.next}, s.speakers.close, nil
	}
	b, err := os.ReadFile(path) //nolint:gosec // the user names it
	if err != nil {
		return nil, nil, err
	}
	steps, err := s.read(ctx, path, b)
	if err != nil {
		s.speakers.close()
		return nil, nil, err
	}
	return &softphone.Script{Steps: steps}, s.speakers.close, nil
}

// next says that the far end has finished and reads what the caller does then.
func (s *callScript) next(ctx context.Context) ([]softphone.Step, error) {
	if _, err := fmt.Fprintln(s.out, `{"event": "finished"}`); err != nil {
		return nil, err
	}
	select {
	case line, ok := <-s.lines:
		if !ok {
			return nil, nil
		}
		return s.read(ctx, "standard input", []byte(line))
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// read makes the steps of some turns; what they say is spoken beforehand.
func (s *callScript) read(ctx context.Context, name string, b []byte) ([]softphone.Step, error) {
	root, problem := strict.Parse(b)
	if problem != nil {
		return nil, fmt.Errorf("%s:%d: %s", name, problem.Line, problem)
	}
	var turns []scriptTurn
	problems, lines := root.Decode(&turns)
	if len(problems) > 0 {
		return nil, fmt.Errorf("%s:%d: %s", name, problems[0].Line, problems[0])
	}
	if len(turns) == 0 {
		return nil, fmt.Errorf("%s: no turns", name)
	}
	var out []softphone.Step
	for i, t := range turns {
		step, err := s.speakers.step(ctx, t, s.dir)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, lines.Of(fmt.Sprintf("[%d]", i)), err)
		}
		out = append(out, step)
	}
	return out, nil
}

// callers are the voices of a script, by language.
type callers struct {
	c       config.Config
	voice   string
	open    map[string]tts.Synthesizer
	closers []func()
}

func (s *callers) close() {
	for _, f := range s.closers {
		f()
	}
}

func (s *callers) step(ctx context.Context, t scriptTurn, dir string) (softphone.Step, error) {
	step := softphone.Step{Keys: t.Keys, Over: t.Over, After: t.After + t.Wait}
	if err := t.check(); err != nil {
		return step, err
	}
	switch {
	case t.Play != "":
		if !filepath.IsAbs(t.Play) {
			t.Play = filepath.Join(dir, t.Play)
		}
		a, err := wav.ReadFile(t.Play)
		if err != nil {
			return step, err
		}
		step.Sound, step.Rate = a.Mono(), a.Rate
	case t.Say != "":
		sound, err := s.say(ctx, t.Say)
		if err != nil {
			return step, fmt.Errorf("saying %q: %w", t.Say, err)
		}
		step.Sound, step.Rate = sound, 8000
	}
	return step, nil
}

// pauses are marks inside a text: [700ms].
var pauses = regexp.MustCompile(`\[([0-9.]+m?s)\]`)

func (s *callers) say(ctx context.Context, text string) ([]int16, error) {
	language := languageOf(text)
	synth, ok := s.open[language]
	if !ok {
		local, done, err := localVoice(ctx, s.c, cmp.Or(s.voice, s.c.Speech.TTS.For(language)), language)
		if err != nil {
			return nil, err
		}
		s.closers = append(s.closers, done)
		synth = tts.Telephone{Next: &tts.Split{Normalize: spoken.Normalize, Next: local}}
		s.open[language] = synth
	}
	var out []int16
	for at := 0; at < len(text); {
		piece, pause, end := text[at:], time.Duration(0), len(text)
		if m := pauses.FindStringSubmatchIndex(text[at:]); m != nil {
			var err error
			if pause, err = time.ParseDuration(text[at+m[2] : at+m[3]]); err != nil {
				return nil, err
			}
			piece, end = text[at:at+m[0]], at+m[1]
		}
		if strings.TrimSpace(piece) != "" {
			sound, err := speakAll(ctx, synth, tts.Utterance{Text: piece, Voice: s.voice, Language: language, Rate: 1}, 8000)
			if err != nil {
				return nil, err
			}
			out = append(out, withoutEnds(sound)...)
		}
		out = append(out, make([]int16, int(pause.Milliseconds())*8)...)
		at = end
	}
	return out, nil
}

// withoutEnds takes the silence around speech away, so that a pause is as long as it
// says.
func withoutEnds(x []int16) []int16 {
	const n, quiet = 160, -45.0
	for len(x) >= n && dsp.LevelDB(x[:n]) < quiet {
		x = x[n:]
	}
	for len(x) >= n && dsp.LevelDB(x[len(x)-n:]) < quiet {
		x = x[:len(x)-n]
	}
	return x
}
