package main

import (
	"context"
	"strings"

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
	out := []web.Voice{}
	for _, b := range l.bots.lines {
		v := web.Voice{
			Line: b.line.Name, Title: b.home().Name, Language: b.line.Language, Voice: l.voiceOf(b), Chosen: b.line.Voice != "", Rate: b.line.Rate,
			Sentences: []web.VoiceSentence{},
		}
		for _, s := range b.line.Opening() {
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
				u := l.utterance(b, s, b.line.Rate)
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

func (l listening) utterance(b *bot, text string, rate float64) tts.Utterance {
	return tts.Utterance{Text: text, Voice: l.voiceOf(b), Language: b.line.Language, Rate: rate}
}

// Speak is of web.Voices: as callers hear it.
func (l listening) Speak(ctx context.Context, line, text string, rate float64) ([]byte, bool, error) {
	b := l.bots.named(line)
	if b == nil {
		return nil, false, nil
	}
	if rate == 0 {
		rate = b.line.Rate
	}
	samples, err := speakAll(ctx, l.voice.line, l.utterance(b, text, rate), tts.PackRate)
	if err != nil {
		return nil, true, err
	}
	return wav.Encode(wav.Audio{Rate: tts.PackRate, Channels: [][]int16{samples}}), true, nil
}
