package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hotline/asr"
	"hotline/asr/vad"
	"hotline/internal/config"
	"hotline/internal/models"
	"hotline/internal/speech"
	"hotline/media"
	"hotline/media/dsp"
	"hotline/media/g711"
	"hotline/media/wav"
)

// heard is one utterance of a file.
type heard struct {
	Start      float64 `json:"start_s"`
	End        float64 `json:"end_s"`
	Text       string  `json:"text"`
	Language   string  `json:"language,omitempty"`
	Confidence float64 `json:"confidence"`
	LogProb    float64 `json:"avg_logprob"`
	Engine     string  `json:"engine"`
	DecodeMS   int64   `json:"decode_ms"`
}

func newHear(s *settings) *cobra.Command {
	var language string
	var asJSON, telephone bool
	cmd := &cobra.Command{
		Use:   "hear f.wav",
		Short: "Recognise a recording as a call would",
		Args:  exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.load()
			if err != nil {
				return err
			}
			a, err := wav.ReadFile(args[0])
			if err != nil {
				return err
			}
			r, closeEngine, err := newReading(cmd.Context(), c, language)
			if err != nil {
				return err
			}
			defer closeEngine()
			list, err := r.file(cmd.Context(), a, telephone)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if asJSON {
				return json.NewEncoder(out).Encode(map[string]any{"file": args[0], "text": joinHeard(list), "utterances": list})
			}
			for _, h := range list {
				_, _ = fmt.Fprintf(out, "%6.2f–%6.2f  %.2f  %s\n", h.Start, h.End, h.Confidence, h.Text)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&language, "language", "", "zh or en (default: the engine decides)")
	cmd.Flags().BoolVar(&telephone, "telephone", false, "pass the file through an 8 kHz µ-law line first")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func joinHeard(list []heard) string {
	texts := make([]string, 0, len(list))
	for _, h := range list {
		texts = append(texts, h.Text)
	}
	return strings.Join(texts, " ")
}

// reading recognises files with the engines of this process, or by the workers
// that the settings name.
type reading struct {
	decoder  asr.Decoder
	language string
	detector func(rate int) (asr.Detector, error)
}

func newReading(ctx context.Context, c config.Config, language string) (*reading, func(), error) {
	r := &reading{language: language, detector: func(rate int) (asr.Detector, error) { return vad.NewEnergy(rate), nil }}
	set := models.Open(c.Models)
	var closers []io.Closer
	closeAll := func() {
		for _, cl := range closers {
			_ = cl.Close() // the process ends
		}
	}
	if dir, ok := set.Find("vad/silero-v6"); ok {
		silero, err := openSilero(dir)
		if err != nil {
			return nil, nil, err
		}
		closers = append(closers, silero)
		r.detector = func(rate int) (asr.Detector, error) { return silero.New(rate) }
	}
	if len(c.Speech.URLs) > 0 {
		ends, err := speechClients(c)
		if err != nil {
			return nil, nil, err
		}
		r.decoder, err = newDecoder(c, ends, discard())
		return r, closeAll, err
	}
	id, _, err := modelFor(set, models.ASR, c.Speech.ASR, cmp.Or(language, "zh"))
	if err != nil {
		closeAll()
		return nil, nil, err
	}
	dir, _ := set.Find(id)
	d, err := speech.Local(max(1, c.Speech.Threads), 1).ASR(ctx, id, dir)
	if err != nil {
		return nil, nil, err
	}
	if cl, ok := d.(io.Closer); ok {
		closers = append(closers, cl)
	}
	r.decoder = d
	return r, closeAll, nil
}

// file recognises a, as a call's audio.
func (r *reading) file(ctx context.Context, a wav.Audio, telephone bool) ([]heard, error) {
	samples := dsp.Resample(a.Mono(), a.Rate, lineRate)
	if telephone {
		samples = throughULaw(samples)
	}
	samples = append(samples, make([]int16, 3*lineRate)...) // silence that ends the last turn
	l, err := asr.NewListener(asr.ListenerConfig{
		Options:  asr.Options{Call: "file", Language: r.language, Unpaced: true, DecodeTimeout: time.Minute},
		Detector: r.detector, Decoder: r.decoder,
	})
	if err != nil {
		return nil, err
	}
	var list []heard
	var fault error
	err = l.Recognize(ctx, &tape{rate: lineRate, samples: samples}, func(x asr.Result) {
		switch {
		case x.Kind == asr.Fault:
			fault = x.Err
		case x.Kind == asr.Final && x.Text != "":
			list = append(list, heard{
				Start: x.Start.Seconds(), End: x.End.Seconds(), Text: x.Text, Language: x.Language, Confidence: x.Confidence,
				LogProb: x.LogProb, Engine: x.Engine, DecodeMS: x.Decode.Milliseconds(),
			})
		}
	})
	return list, cmp.Or(err, fault)
}

// lineRate is the rate at which a telephone line is heard, Hz.
const lineRate = 8000

// tape is a Reader of samples in memory.
type tape struct {
	rate    int
	samples []int16
}

func (t *tape) Rate() int { return t.rate }

func (t *tape) ReadFrame(f media.Frame) error {
	if len(t.samples) == 0 {
		return io.EOF
	}
	n := copy(f, t.samples)
	clear(f[n:])
	t.samples = t.samples[n:]
	return nil
}

// throughULaw is what G.711 leaves of the sound.
func throughULaw(x []int16) []int16 {
	coded := make([]byte, len(x))
	g711.EncodeULaw(coded, x)
	out := make([]int16, len(x))
	g711.DecodeULaw(out, coded)
	return out
}
