package bench

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"hotline/internal/business"
	"hotline/media"
	"hotline/media/dsp"
	"hotline/media/wav"
	"hotline/tts"
	ttsopenai "hotline/tts/openai"
)

//go:embed questions.csv
var questionsCSV string

// question is what a caller asks and the pair that answers it.
type question struct {
	language, pair, text string
	samples              []int16 // 8 kHz, one active level, without silence around
}

// Questions returns the questions of a language: known ones, in wordings of their own.
func questions(language string) ([]question, error) {
	rows, err := csv.NewReader(strings.NewReader(questionsCSV)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading the questions: %w", err)
	}
	var list []question
	for _, r := range rows[1:] {
		if r[0] == language {
			list = append(list, question{language: r[0], pair: r[1], text: r[2]})
		}
	}
	return list, nil
}

// unknown says which questions the business cannot be asked fairly: those that
// stand in it word for word, and those whose pair it does not have.
func unknown(list []question, b *business.Business) error {
	pairs, wordings := map[string]bool{}, map[string]string{}
	for _, row := range b.Knowledge {
		pairs[row.ID] = true
		wordings[bare(row.Question)] = row.ID
		for _, v := range row.Variants {
			wordings[bare(v)] = row.ID
		}
	}
	var errs []error
	for _, q := range list {
		if !pairs[q.pair] {
			errs = append(errs, fmt.Errorf("%s: the business has no pair %q", q.text, q.pair))
		}
		if id, ok := wordings[bare(q.text)]; ok {
			errs = append(errs, fmt.Errorf("%s: stands in pair %q word for word", q.text, id))
		}
	}
	return errors.Join(errs...)
}

// bare is a text without case, spaces and punctuation.
func bare(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}

// callers are the voices that ask, other ones than the bot's.
var callers = map[string][]string{
	"zh": {"kokoro-v1.0/zm_yunxi", "kokoro-v1.0/zf_xiaoyi", "kokoro-v1.0/zm_yunjian"},
	"en": {"kokoro-v1.0/am_michael", "kokoro-v1.0/af_heart", "kokoro-v1.0/bf_emma"},
}

const callerLevel = -22.0 // dBov, while active

// speak gives each question its sound, from the cache where it was made before.
//
// A voice takes seconds of a processor of its own, minutes where others want it; each that
// is made is told.
func speak(ctx context.Context, list []question, cache, worker string, made func(voice, of int)) error {
	client, err := ttsopenai.New(ttsopenai.Config{BaseURL: worker, Stall: 30 * time.Second})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(cache, 0o750); err != nil {
		return err
	}
	for i := range list {
		q := &list[i]
		voices := callers[q.language]
		voice := voices[i%len(voices)]
		sum := sha256.Sum256([]byte(voice + "\x00" + q.text))
		path := filepath.Join(cache, hex.EncodeToString(sum[:12])+".wav")
		a, err := wav.ReadFile(path)
		if err != nil {
			t := &tape{rate: 16000}
			if err := say(ctx, client, tts.Utterance{Text: q.text, Voice: voice, Language: q.language}, t); err != nil {
				return fmt.Errorf("making a caller's voice: %w", err)
			}
			a = wav.Audio{Rate: t.rate, Channels: [][]int16{t.samples}}
			if err := wav.WriteFile(path, a); err != nil {
				return err
			}
			made(i+1, len(list))
		}
		x := dsp.Resample(a.Mono(), a.Rate, 8000)
		dsp.NewTelephoneBand(8000).Process(x)
		q.samples = trim(dsp.Normalize(x, 8000, callerLevel))
		if len(q.samples) < 4000 {
			return fmt.Errorf("the caller's voice for %q is only %d samples long; remove %s", q.text, len(q.samples), path)
		}
	}
	return nil
}

// say waits for a worker that is still starting.
func say(ctx context.Context, s tts.Synthesizer, u tts.Utterance, t *tape) (err error) {
	for range 60 {
		t.samples = t.samples[:0]
		if err = s.Synthesize(ctx, u, t); err == nil || ctx.Err() != nil {
			return err
		}
		if sleep(ctx, 500*time.Millisecond) != nil {
			return err
		}
	}
	return err
}

// trim takes off the silence before and behind.
func trim(x []int16) []int16 {
	const n = 160
	for len(x) >= n && dsp.LevelDB(x[:n]) < voiced {
		x = x[n:]
	}
	for len(x) >= n && dsp.LevelDB(x[len(x)-n:]) < voiced {
		x = x[:len(x)-n]
	}
	return x
}

// tape keeps what is spoken.
type tape struct {
	rate    int
	samples []int16
}

func (t *tape) Rate() int { return t.rate }

func (t *tape) WriteFrame(f media.Frame) error {
	t.samples = append(t.samples, f...)
	return nil
}

// copySpeech keeps the server's spoken sentences from one run to the next.
func copySpeech(from, to string) error {
	entries, err := os.ReadDir(from)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o750); err != nil {
		return err
	}
	for _, e := range entries {
		src, dst := filepath.Join(from, e.Name()), filepath.Join(to, e.Name())
		if e.IsDir() {
			if err := copySpeech(src, dst); err != nil {
				return err
			}
			continue
		}
		if _, err := os.Stat(dst); err == nil || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if err := copyFile(src, dst); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(src, dst string) (err error) {
	in, err := os.Open(src) //nolint:gosec // of a folder of our own
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.CreateTemp(filepath.Dir(dst), ".copy")
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Close()); err != nil {
		return errors.Join(err, os.Remove(out.Name()))
	}
	return os.Rename(out.Name(), dst)
}

// voiced tells of a caller's voice that was made.
func (b *Bench) voiced(voice, of int) {
	b.cfg.Log.Info("a caller's voice was made", "voice", voice, "of", of)
}
