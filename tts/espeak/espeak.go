// Package espeak speaks with espeak-ng, the last resort: it is everywhere, needs
// no model and sounds like a machine.
//
// # Concepts
//
// espeak-ng runs as a child process for each utterance, never linked in: its
// licence is the GPL, and a crash stays outside. Its Chinese text front end is
// broken in some distributions, so Chinese goes to it as pinyin.
//
// # Concurrency
//
// A Voice is safe for concurrent use. Each Synthesize waits for its child, which
// is killed when ctx ends.
package espeak

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/mozillazg/go-pinyin"

	"hotline/media"
	"hotline/tts"
	"hotline/tts/spoken"
)

// Config of a Voice; the zero value works where espeak-ng is installed.
type Config struct {
	Path    string        // of the program; default "espeak-ng" of the search path
	Limit   time.Duration // longest run of one child; default 30 s
	English string        // espeak's voice; default "en-us", "en-gb" for en-GB
}

// ErrMissing says that the program is not there.
var ErrMissing = errors.New("espeak-ng is not installed: install the package espeak-ng")

// A Voice implements tts.Synthesizer for English and Chinese.
type Voice struct {
	cfg  Config
	path string
}

const (
	wordsPerMinute = 165
	maxText        = 4000 // runes
)

// New looks for the program.
func New(cfg Config) (*Voice, error) {
	name := cfg.Path
	if name == "" {
		name = "espeak-ng"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrMissing, err)
	}
	if cfg.Limit <= 0 {
		cfg.Limit = 30 * time.Second
	}
	return &Voice{cfg, path}, nil
}

// Synthesize implements tts.Synthesizer. Utterance.Voice is not used.
func (v *Voice) Synthesize(ctx context.Context, u tts.Utterance, dst media.Writer) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	voice, text := v.prepare(u)
	if !spoken.Sayable(text) {
		return nil
	}
	rate := u.Rate
	if rate <= 0 {
		rate = 1
	}
	running, cancel := context.WithTimeoutCause(ctx, v.cfg.Limit, fmt.Errorf("espeak-ng took longer than %v", v.cfg.Limit))
	defer cancel()
	cmd := exec.CommandContext(running, v.path, "--stdout", "--stdin", "-v", voice, "-s", strconv.Itoa(int(wordsPerMinute*min(max(rate, 0.5), 2)))) //nolint:gosec // the program's own arguments
	cmd.Stdin = strings.NewReader(text)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	cmd.WaitDelay = 500 * time.Millisecond
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("espeak-ng: %w", err)
	}
	if err := cmd.Start(); err != nil {
		if ctx.Err() != nil { // hung up before the program had begun
			return context.Cause(ctx)
		}
		return fmt.Errorf("espeak-ng: %w", err)
	}
	err = play(running, out, dst)
	late := errors.Is(running.Err(), context.DeadlineExceeded)
	if err != nil {
		cancel()
	}
	waited := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case late:
		return context.Cause(running)
	case errors.Is(err, errHeader):
		return fmt.Errorf("%w: %s", err, firstLine(complaint.String()))
	case err != nil:
		return err
	case waited != nil:
		return fmt.Errorf("espeak-ng: %w: %s", waited, firstLine(complaint.String()))
	}
	return nil
}

// prepare chooses espeak's voice and writes the text for it.
func (v *Voice) prepare(u tts.Utterance) (voice, text string) {
	text = spoken.Normalize(u.Text, u.Language)
	if rs := []rune(text); len(rs) > maxText {
		text = string(rs[:maxText])
	}
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return "cmn-latn-pinyin", toPinyin(text)
	}
	text = spoken.Adapt(text, spoken.Ability{Latin: func(string) bool { return true }})
	switch {
	case v.cfg.English != "":
		return v.cfg.English, text
	case strings.EqualFold(u.Language, "en-GB"):
		return "en-gb", text
	}
	return "en-us", text
}

// toPinyin writes Chinese as syllables with tone numbers.
func toPinyin(text string) string {
	text = spoken.Adapt(text, spoken.Ability{Chinese: true}) // letters as Chinese sounds
	args := pinyin.NewArgs()
	args.Style = pinyin.Tone3
	var out strings.Builder
	for _, r := range text {
		if unicode.Is(unicode.Han, r) {
			if p := pinyin.SinglePinyin(r, args); len(p) > 0 {
				s := p[0]
				if c := s[len(s)-1]; c < '1' || c > '5' {
					s += "5" // the neutral tone
				}
				out.WriteString(s + " ")
			}
			continue
		}
		switch r {
		case '，', '、', '：', '；':
			out.WriteString(", ")
		case '。', '！', '？':
			out.WriteString(". ")
		default:
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				out.WriteByte(' ')
			}
		}
	}
	return out.String()
}

var errHeader = errors.New("espeak-ng gave no sound")

// play reads the WAV that the child writes; its sizes mean nothing, since it did
// not know them when it wrote the header.
func play(ctx context.Context, r io.Reader, dst media.Writer) error {
	var head [44]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return fmt.Errorf("%w (%w)", errHeader, err)
	}
	rate := int(binary.LittleEndian.Uint32(head[24:]))
	if string(head[:4]) != "RIFF" || binary.LittleEndian.Uint16(head[22:]) != 1 || binary.LittleEndian.Uint16(head[34:]) != 16 || rate < 8000 || rate > 96000 {
		return fmt.Errorf("%w that is known", errHeader)
	}
	out := tts.NewFrames(dst, rate)
	buf := make([]byte, 8192)
	pcm := make([]int16, len(buf)/2)
	for {
		n, err := io.ReadFull(r, buf)
		for i := range n / 2 {
			pcm[i] = int16(binary.LittleEndian.Uint16(buf[2*i:]))
		}
		if n > 1 {
			if err := out.Write(ctx, pcm[:n/2]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return out.Flush(ctx)
		}
		if err != nil {
			return fmt.Errorf("espeak-ng: %w", err)
		}
	}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	if line == "" {
		return "no reason given"
	}
	return line
}
