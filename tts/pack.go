package tts

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hotline/media"
	"hotline/media/dsp"
	"hotline/media/opus"
)

// PackIndex is the name of the file that lists a pack's sentences: a few lines of
// "name: value", then lines of file, text as written and text as spoken, divided by
// tabs.
const PackIndex = "index.tsv"

// A Pack is a folder of sentences rendered beforehand in one voice. It is read
// only and safe for concurrent use.
type Pack struct {
	Voice    string
	Language string
	Rate     float64 // of the voice; 0 counts as 1

	dir      string
	files    map[string]string // path by key
	problems []string
}

// OpenPack reads a pack's index. An entry whose text no longer belongs to its file
// is not used; Problems lists those.
func OpenPack(dir string) (*Pack, error) {
	f, err := os.Open(filepath.Join(dir, PackIndex)) //nolint:gosec // a business' own folder
	if err != nil {
		return nil, fmt.Errorf("speech pack: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	p := &Pack{dir: dir, files: map[string]string{}}
	sc := bufio.NewScanner(f)
	sc.Buffer(make([]byte, 64<<10), 1<<20)
	for line := 1; sc.Scan(); line++ {
		p.readLine(line, strings.TrimRight(sc.Text(), "\r"))
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("speech pack %s: %w", dir, err)
	}
	if p.Voice == "" {
		return nil, fmt.Errorf("speech pack %s: %s does not say \"voice: …\"", dir, PackIndex)
	}
	return p, nil
}

// OpenPacks opens every pack below root, which holds a folder for each voice. A
// folder that is not there holds none.
func OpenPacks(root string) ([]*Pack, error) {
	var out []*Pack
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() != PackIndex {
			return err
		}
		p, err := OpenPack(filepath.Dir(path))
		if err != nil {
			return err
		}
		out = append(out, p)
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return out, err
}

func (p *Pack) readLine(number int, line string) {
	if line == "" || strings.HasPrefix(line, "#") {
		return
	}
	fields := strings.Split(line, "\t")
	if len(fields) == 1 {
		name, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimSpace(value); name {
		case "voice":
			p.Voice = value
		case "language":
			p.Language = value
		case "rate":
			p.Rate, _ = strconv.ParseFloat(value, 64) // a bad one finds no file
		}
		return
	}
	problem := func(format string, args ...any) {
		p.problems = append(p.problems, fmt.Sprintf("%s:%d: ", filepath.Join(p.dir, PackIndex), number)+fmt.Sprintf(format, args...))
	}
	if len(fields) != 3 {
		problem("three columns were expected, there are %d", len(fields))
		return
	}
	key := p.key(fields[2])
	if fields[0] != fileName(key) {
		problem("the text has changed since it was rendered: render it again")
		return
	}
	path := filepath.Join(p.dir, fields[0])
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		problem("%s is missing: render it again", fields[0])
		return
	}
	p.files[key] = path
}

// key leaves the voice out, which is the pack's.
func (p *Pack) key(spoken string) string {
	return Key(Utterance{Text: spoken, Voice: p.Voice, Language: p.Language, Rate: p.Rate})
}

func fileName(key string) string { return key[:16] + ".opus" }

// Len is the number of sentences that can be used.
func (p *Pack) Len() int { return len(p.files) }

// Problems are the entries that cannot be used, each with file, line and cure.
func (p *Pack) Problems() []string { return slices.Clone(p.problems) }

// find returns the file for u, if the pack's voice is the one asked for.
func (p *Pack) find(u Utterance) (string, bool) {
	if u.Style != "" || cmp.Or(u.Rate, 1) != cmp.Or(p.Rate, 1) {
		return "", false
	}
	if u.Voice != p.Voice && (u.Voice != "" || primary(u.Language) != primary(p.Language)) {
		return "", false
	}
	path, ok := p.files[p.key(u.Text)]
	return path, ok
}

// onset leaves out the silence before the first sound, but for a frame: who asked waits
// for it.
type onset struct {
	media.Writer
	held  media.Frame // silent
	begun bool
}

// WriteFrame implements media.Writer.
func (o *onset) WriteFrame(f media.Frame) error {
	switch {
	case o.begun:
	case dsp.LevelDB(f) <= silenceLevel:
		o.held = append(o.held[:0], f...)
		return nil
	default:
		o.begun = true
		if len(o.held) > 0 {
			if err := o.Writer.WriteFrame(o.held); err != nil {
				return err
			}
		}
	}
	return o.Writer.WriteFrame(f)
}

// Packed speaks from packs what they have, and the rest with Next. Text must be
// normalised above it, as it was when the pack was rendered.
type Packed struct {
	Packs []*Pack
	Next  Synthesizer
}

// Synthesize implements Synthesizer.
func (p Packed) Synthesize(ctx context.Context, u Utterance, dst media.Writer) error {
	if path, ok := p.find(u); ok {
		b, err := os.ReadFile(path) //nolint:gosec // listed in the pack
		if err == nil {
			var played bool
			played, err = playOpus(ctx, b, &onset{Writer: dst})
			if played || err == nil || ctx.Err() != nil {
				return err
			}
		}
		if p.Next == nil {
			return fmt.Errorf("speech pack: %s: %w", path, err)
		}
	}
	if p.Next == nil {
		return fmt.Errorf("speech pack: the sentence is not rendered: %w", ErrNoVoice)
	}
	return p.Next.Synthesize(ctx, u, dst)
}

// Ready implements Readier.
func (p Packed) Ready(u Utterance) bool {
	if _, ok := p.find(u); ok {
		return true
	}
	return p.Next != nil && Ready(p.Next, u)
}

func (p Packed) find(u Utterance) (string, bool) {
	for _, pack := range p.Packs {
		if path, ok := pack.find(u); ok {
			return path, true
		}
	}
	return "", false
}

// PackRate is the rate that packs are rendered at, Hz: all that a wideband line
// carries.
const PackRate = 16000

// Rendering says what Render did.
type Rendering struct {
	Made, Kept, Removed int
	Seconds             float64 // of sound, of those made
	Bytes               int64   // of the folder
}

// Render makes the folder dir of a pack: every sentence, as the voice of u (its
// Text is not used) says it through s, normalised by normalize. Files that are
// there already and still belong are kept, those of no sentence are removed, and
// the index is written last, also when ctx ends on the way: what is made by then can be
// used, and the next time goes on with the rest.
func Render(ctx context.Context, s Synthesizer, u Utterance, normalize func(text, language string) string, sentences []string, dir string) (Rendering, error) {
	var done Rendering
	if u.Voice == "" {
		return done, errors.New("render speech: name the voice")
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return done, fmt.Errorf("render speech: %w", err)
	}
	p := &Pack{Voice: u.Voice, Language: u.Language, Rate: u.Rate, dir: dir}
	var index strings.Builder
	fmt.Fprintf(&index, "# Sentences rendered beforehand: file, text as written, text as spoken.\nvoice: %s\nlanguage: %s\nrate: %g\n", u.Voice, u.Language, cmp.Or(u.Rate, 1))
	listed := map[string]bool{PackIndex: true}
	var stopped error
	for _, written := range sentences {
		written = strings.Join(strings.Fields(written), " ")
		spoken := written
		if normalize != nil {
			spoken = normalize(written, u.Language)
		}
		name := fileName(p.key(spoken))
		if canonical(spoken) == "" || listed[name] {
			continue
		}
		path := filepath.Join(dir, name)
		if b, err := os.ReadFile(path); err == nil && opus.Check(strings.NewReader(string(b))) == nil { //nolint:gosec // in our folder
			done.Kept++
			done.Bytes += int64(len(b))
		} else if stopped != nil {
			continue
		} else {
			u.Text = spoken
			sound := &Sound{SampleRate: PackRate}
			if err := cmp.Or(s.Synthesize(ctx, u, sound), context.Cause(ctx)); err != nil { // who is stopped may have said half of it
				err = fmt.Errorf("render %q: %w", written, err)
				if ctx.Err() == nil {
					return done, err
				}
				stopped = err
				continue
			}
			if len(sound.Samples) == 0 {
				return done, fmt.Errorf("render %q: the voice says nothing", written)
			}
			if err := opus.WriteFile(path, sound.Samples, PackRate); err != nil {
				return done, fmt.Errorf("render %q: %w", written, err)
			}
			done.Made++
			done.Seconds += float64(len(sound.Samples)) / PackRate
			if info, err := os.Stat(path); err == nil {
				done.Bytes += info.Size()
			}
		}
		listed[name] = true
		fmt.Fprintf(&index, "%s\t%s\t%s\n", name, written, spoken)
	}
	if err := replaceFile(filepath.Join(dir, PackIndex), index.String()); err != nil {
		return done, fmt.Errorf("render speech: %w", err)
	}
	if stopped != nil {
		return done, stopped
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.opus"))
	if err != nil {
		return done, err
	}
	for _, f := range files {
		if !listed[filepath.Base(f)] {
			if err := os.Remove(f); err != nil {
				return done, fmt.Errorf("render speech: %w", err)
			}
			done.Removed++
		}
	}
	return done, nil
}

func replaceFile(path, text string) error {
	tmp := path + ".new"
	if err := os.WriteFile(tmp, []byte(text), 0o644); err != nil { //nolint:gosec // a pack is public to the machine
		return err
	}
	return os.Rename(tmp, path)
}

// Sound collects what is spoken. It implements media.Writer.
type Sound struct {
	SampleRate int
	Samples    []int16
}

// Rate implements media.Writer.
func (s *Sound) Rate() int { return s.SampleRate }

// WriteFrame implements media.Writer.
func (s *Sound) WriteFrame(f media.Frame) error {
	s.Samples = append(s.Samples, f...)
	return nil
}
