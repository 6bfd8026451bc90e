package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"hotline/dialog/engine"
	"hotline/internal/call"
	"hotline/internal/config"
	"hotline/internal/models"
	"hotline/internal/speech"
	"hotline/media"
	"hotline/tts"
	"hotline/tts/espeak"
	"hotline/tts/openai"
	"hotline/tts/spoken"
)

// voice is what speaks: sentences of the packs, what was spoken before, the speech
// workers, and espeak-ng when all else fails.
type voice struct {
	split *tts.Split
	cache *tts.Cache
	line  tts.Synthesizer // for calls: band-limited
	// making is without the voice of last resort: what is made beforehand is made
	// by the line's own voice or not at all.
	making *tts.Split
	packs  *tts.Split // only the sentences of the packs
	opened *atomic.Pointer[[]*tts.Pack]
	again  chan struct{} // tells warm that the lines say other sentences
	log    *slog.Logger
}

// packed speaks from the packs of the moment.
type packed struct {
	packs *atomic.Pointer[[]*tts.Pack]
	next  tts.Synthesizer // nil: nothing else
}

func (p packed) now() tts.Packed { return tts.Packed{Packs: *p.packs.Load(), Next: p.next} }

// Synthesize implements tts.Synthesizer.
func (p packed) Synthesize(ctx context.Context, u tts.Utterance, dst media.Writer) error {
	return p.now().Synthesize(ctx, u, dst)
}

// Ready implements tts.Readier.
func (p packed) Ready(u tts.Utterance) bool { return p.now().Ready(u) }

// openPacks are the rendered sentences below some folders.
func openPacks(roots []string, log *slog.Logger) ([]*tts.Pack, error) {
	var packs []*tts.Pack
	for _, root := range roots {
		found, err := tts.OpenPacks(root)
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			for _, problem := range p.Problems() {
				log.Warn("a rendered sentence cannot be used", "problem", problem)
			}
		}
		packs = append(packs, found...)
	}
	return packs, nil
}

// reopen takes the packs below roots.
func (v *voice) reopen(roots []string) {
	packs, err := openPacks(roots, v.log)
	if err != nil {
		v.log.Warn("the rendered sentences cannot be read again, those of before are used", "error", err)
		return
	}
	v.opened.Store(&packs)
}

// rewarm has what the lines say now made beforehand.
func (v *voice) rewarm() {
	select {
	case v.again <- struct{}{}:
	default:
	}
}

// firstSound is how long a clause may take before the voice of last resort speaks
// it; a worker that was killed is back within half of it.
const firstSound = 10 * time.Second

func newVoice(c config.Config, endpoints []speech.Endpoint, packRoots []string, log *slog.Logger) (*voice, error) {
	packs, err := openPacks(packRoots, log)
	if err != nil {
		return nil, err
	}
	workers := &tts.Fallback{Share: true, Log: log}
	for _, e := range endpoints {
		client, err := newClient(c, e)
		if err != nil {
			return nil, err
		}
		workers.Of = append(workers.Of, tts.Named{Name: e.Name, Synthesizer: client})
	}
	remote := tts.Retry{Next: workers.Of[0].Synthesizer, Again: passing}
	if len(workers.Of) > 1 {
		remote.Next = workers
	}
	cache, err := tts.NewCache(&tts.Leveled{Next: remote}, tts.CacheConfig{Dir: filepath.Join(c.Data.Dir, "speech"), Log: log})
	if err != nil {
		return nil, fmt.Errorf("opening the cache of spoken sentences: %w", err)
	}
	last := &tts.Fallback{Log: log, FirstFrame: firstSound, Of: []tts.Named{{Name: "worker", Synthesizer: cache}}}
	if e, err := espeak.New(espeak.Config{}); err == nil {
		last.Of = append(last.Of, tts.Named{Name: "espeak-ng", Synthesizer: &tts.Leveled{Next: e}})
	}
	v := &voice{cache: cache, log: log, opened: &atomic.Pointer[[]*tts.Pack]{}, again: make(chan struct{}, 1)}
	v.opened.Store(&packs)
	v.split = &tts.Split{Normalize: spoken.Normalize, Next: packed{v.opened, last}}
	v.making = &tts.Split{Normalize: spoken.Normalize, Next: packed{v.opened, cache}}
	v.packs = &tts.Split{Normalize: spoken.Normalize, Next: packed{v.opened, nil}}
	v.line = tts.Telephone{Next: v.split}
	return v, nil
}

// newClient speaks by one worker.
func newClient(c config.Config, e speech.Endpoint) (*openai.Client, error) {
	return openai.New(openai.Config{BaseURL: e.BaseURL, HTTPClient: e.HTTP, APIKey: c.Speech.APIKey.Reveal()})
}

// passing tells whether a worker's error may go away by itself: it is being
// restarted, or has too much to do.
func passing(err error) bool {
	var status *openai.StatusError
	return !errors.As(err, &status) || status.Code >= 500 || status.Code == 429
}

func (v *voice) close() {
	if err := v.cache.Close(); err != nil {
		v.log.Error("closing the cache of spoken sentences", "error", err)
	}
}

// warm makes what the lines will say, most asked first, while no call needs the
// cores, and begins anew when they say other sentences, until ctx ends.
func (v *voice) warm(ctx context.Context, s *server) {
	for ctx.Err() == nil {
		within, stop := context.WithCancel(ctx)
		var making sync.WaitGroup
		making.Go(func() { v.warmOnce(within, s) })
		select {
		case <-ctx.Done():
		case <-v.again:
		}
		stop()
		making.Wait()
	}
}

func (v *voice) warmOnce(ctx context.Context, s *server) {
	var wanted []tts.Utterance
	for _, b := range s.bots.lines() {
		for _, text := range b.engine.Load().Sentences() {
			wanted = append(wanted, tts.Utterance{Text: text, Voice: s.voiceOf(b), Language: b.line.Language, Rate: b.said().Rate})
		}
		wanted = append(wanted, s.receptionSentences(b)...)
	}
	w := tts.Warmer{Split: v.making, Log: v.log, Busy: func() bool {
		live, _, _ := s.manager.Counts()
		return live > 0 || s.ears.own != "" && s.ears.workerState().Phase != speech.Ready
	}}
	if done, err := w.Run(ctx, wanted); err == nil {
		v.log.Info("the fixed sentences are ready", "ready", done.Ready, "made", done.Made, "failed", done.Failed)
	}
}

// samples renders what the announcement line repeats.
func (v *voice) samples(ctx context.Context, b *bot, rate int) ([]int16, error) {
	opening := b.said().Opening()
	if len(opening) == 0 {
		return nil, nil
	}
	return speakAll(ctx, v.line, tts.Utterance{Text: opening[0].Text, Voice: b.said().Voice, Language: b.line.Language, Rate: b.said().Rate}, rate)
}

// voiceOf is the line's voice, or the best that is installed.
func (s *server) voiceOf(b *bot) string {
	if v := b.said().Voice; v != "" {
		return v
	}
	if m := s.cfg.Speech.TTS.For(b.line.Language); m != "" {
		return m
	}
	if c, ok := models.Open(s.cfg.Models).Best(models.TTS, b.line.Language); ok {
		return c.ID
	}
	return ""
}

// prepare makes the sound of what will probably be said.
func (v *voice) prepare(ctx context.Context, u tts.Utterance) {
	if tts.Ready(v.making, u) {
		return
	}
	if err := v.making.Synthesize(ctx, u, &collector{rate: tts.PackRate}); err != nil && ctx.Err() == nil {
		v.log.Debug("preparing a reply", "error", err)
	}
}

// lines makes what calls need of each bot.
func (s *server) lines() {
	set := models.Open(s.cfg.Models)
	for _, b := range s.bots.lines() {
		s.tellModels(set, b)
		b.answers.Store(s.answering(b))
	}
}

// answering is what calls need of a bot, as its business says now.
func (s *server) answering(b *bot) *call.Line {
	limits, said := b.limits(), b.said()
	p := b.engine.Load().Phrases()
	line := &call.Line{
		Name: b.line.Name, Title: said.Home.Name, Language: b.line.Language, Voice: s.voiceOf(b),
		Rate: said.Rate, Engine: b.talk, Straight: s.rolledOut(b), Music: s.music(said.Home),
		Hear: s.ears.listener, Speak: s.voice.line, Prepare: s.voice.prepare,
		Silence: limits.Silence, MaxDuration: limits.MaxCall, MaxHold: s.cfg.Call.MaxHold, Message: b.messageLimit,
		Answer:   call.Answering{Ring: said.Answer.Ringing, Early: said.Early()},
		Greeting: said.Outbound.Greeting, Unrecorded: said.Recording.Off,
		Filler: first(p[engine.KeyFiller]), Hold: first(p[engine.KeyHoldOn]), Farewell: first(p[engine.KeyTooLong]), Closing: first(p[engine.KeyClosing]), Goodbye: first(p[engine.KeyCalledGoodbye]),
	}
	s.polyglot(b, line)
	return line
}

// tellModels says by what a line hears and speaks, and what is missing.
func (s *server) tellModels(set *models.Set, b *bot) {
	if len(s.cfg.Speech.URLs) > 0 {
		s.log.Info("a line is served", "line", b.line.Name, "language", b.line.Language, "hears_by", s.cfg.Speech.URLs, "voice", s.voiceOf(b))
		return
	}
	hears, why, err := modelFor(set, models.ASR, s.cfg.Speech.ASR, b.line.Language)
	if err != nil {
		s.log.Error("a line hears nothing: its callers have the keypad only", "line", b.line.Name, "language", b.line.Language, "error", err, "voice", s.voiceOf(b))
		return
	}
	s.log.Info("a line is served", "line", b.line.Name, "language", b.line.Language, "hears_by", hears, "because", why, "voice", s.voiceOf(b))
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// packRoots are the folders of rendered sentences of the businesses that answer lines.
func packRoots(lines []*bot) []string {
	var out []string
	for _, l := range lines {
		b := l.home()
		if root := filepath.Join(b.Dir, "speech"); !slices.Contains(out, root) {
			out = append(out, root)
		}
	}
	return out
}
