package main

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strings"

	"hotline/internal/models"
	"hotline/internal/rules"
	"hotline/internal/web"
	"hotline/media/wav"
	"hotline/tts"
)

// listening lets people hear the lines' voices in the console.
type listening struct{ *server }

// maxSentences bounds the sentences that are told of for each line.
const maxSentences = 1000

// Voices is of web.Voices.
func (l listening) Voices(ctx context.Context) ([]web.Voice, error) {
	out, set := []web.Voice{}, models.Open(l.cfg.Models)
	for _, b := range l.bots.lines() {
		v := web.Voice{
			Line: b.line.Name, Title: b.home().Name, Language: b.line.Language, Voice: l.voiceOf(b), Chosen: b.said().Voice != "", Rate: b.said().Rate,
			Business: rules.Key(b.home().Dir), Named: b.said().RowName(), Choices: speakers(set, b.line.Language), Sentences: []web.VoiceSentence{},
		}
		for _, s := range b.said().Opening() {
			v.Sample += s.Text
			if b.line.Language == "en" {
				v.Sample += " "
			}
		}
		v.Sample = strings.TrimSpace(v.Sample)
		seen := map[string]bool{}
		for _, text := range b.engine.Load().Sentences() {
			for _, s := range tts.Sentences(text) {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				if seen[s] || len(seen) >= maxSentences {
					continue
				}
				seen[s] = true
				u := l.utterance(b, s, b.said().Rate)
				sentence := web.VoiceSentence{Text: s, State: web.VoiceMade}
				switch {
				case l.voice.packs.Rendered(u):
					sentence.State = web.VoiceRendered
				case l.voice.making.Rendered(u):
					sentence.State = web.VoiceKept
				}
				v.Sentences = append(v.Sentences, sentence)
			}
		}
		out = append(out, v)
	}
	return out, nil
}

// speakers are the voices of a language that are installed. Those of a model that speaks
// several begin with their language's letter, as Kokoro's do.
func speakers(set *models.Set, language string) []string {
	out := []string{}
	for _, m := range set.Installed() {
		if m.Kind() != models.TTS || !m.Speaks(language) {
			continue
		}
		name := strings.TrimPrefix(m.ID, "tts/")
		data, err := os.ReadFile(filepath.Join(m.Dir, "speakers.txt"))
		if err != nil {
			out = append(out, name) // it has one voice
			continue
		}
		for line := range strings.Lines(string(data)) {
			fields := strings.Fields(line)
			if len(fields) != 2 {
				continue
			}
			if of, _, lettered := strings.Cut(fields[1], "_"); lettered && len(of) == 2 && strings.HasPrefix(of, "z") != (language == "zh") {
				continue
			}
			out = append(out, name+"/"+fields[1])
		}
	}
	return out
}

func (l listening) utterance(b *bot, text string, rate float64) tts.Utterance {
	return tts.Utterance{Text: text, Voice: l.voiceOf(b), Language: b.line.Language, Rate: rate}
}

// Speak is of web.Voices: as callers hear it.
func (l listening) Speak(ctx context.Context, line, text, voice string, rate float64) ([]byte, bool, error) {
	b := l.bots.named(line)
	if b == nil {
		return nil, false, nil
	}
	if rate == 0 {
		rate = b.said().Rate
	}
	u := l.utterance(b, text, rate)
	u.Voice = cmp.Or(voice, u.Voice)
	samples, err := speakAll(ctx, l.voice.line, u, tts.PackRate)
	if err != nil {
		return nil, true, err
	}
	return wav.Encode(wav.Audio{Rate: tts.PackRate, Channels: [][]int16{samples}}), true, nil
}
