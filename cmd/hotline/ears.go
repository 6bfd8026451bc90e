package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"hotline/asr"
	"hotline/asr/funasr"
	"hotline/asr/onnx"
	asropenai "hotline/asr/openai"
	"hotline/asr/vad"
	"hotline/dialog"
	"hotline/internal/call"
	"hotline/internal/config"
	"hotline/internal/event"
	"hotline/internal/models"
	"hotline/internal/speech"
	"hotline/media"
)

// ears are what hears: voice detection here, decoding in speech workers.
type ears struct {
	cfg       config.Config
	log       *slog.Logger
	endpoints []speech.Endpoint
	own       string   // socket of the worker that serve starts; "" where others are named
	funasr    []string // streaming servers that hear in place of the workers
	trusted   *x509.CertPool
	next      atomic.Uint32
	pool      *asr.Pool
	silero    *vad.Silero // nil: loudness alone
	state     atomic.Pointer[speech.State]
}

func newEars(c config.Config, log *slog.Logger) (*ears, error) {
	e := &ears{cfg: c, log: log}
	var addresses []string
	for _, u := range c.Speech.URLs {
		if strings.HasPrefix(u, "ws://") || strings.HasPrefix(u, "wss://") {
			e.funasr = append(e.funasr, u)
		} else {
			addresses = append(addresses, u)
		}
	}
	if len(addresses) == 0 {
		e.own = filepath.Join(absolute(c.Data.Dir), "speech.sock")
		addresses = []string{"unix:" + e.own}
	}
	var err error
	if e.trusted, err = speechAuthorities(c); err != nil {
		return nil, err
	}
	if e.endpoints, err = speech.Clients(addresses, e.trusted); err != nil {
		return nil, err
	}
	d, err := newDecoder(c, e.endpoints, log)
	if err != nil {
		return nil, err
	}
	e.pool = asr.NewPool(d, asr.PoolConfig{
		Workers: c.Speech.Workers * len(e.endpoints), Log: log,
	})
	if dir, ok := models.Open(c.Models).Find("vad/silero-v6"); ok {
		if e.silero, err = openSilero(dir); err != nil {
			log.Warn("voice is detected by loudness alone", "error", err)
		}
	}
	return e, nil
}

// newDecoder decodes by the speech servers, which share the load.
func newDecoder(c config.Config, endpoints []speech.Endpoint, log *slog.Logger) (asr.Decoder, error) {
	b := asr.BalanceConfig{Log: log}
	for _, p := range endpoints {
		cfg := asropenai.Config{BaseURL: p.BaseURL, HTTPClient: p.HTTP, APIKey: c.Speech.APIKey.Reveal()}
		if len(c.Speech.URLs) > 0 { // our own worker has read the settings itself
			cfg.Models = c.Speech.ASR
		}
		d, err := asropenai.New(cfg)
		if err != nil {
			return nil, err
		}
		b.Backends = append(b.Backends, asr.Backend{Name: p.Name, Decoder: d})
	}
	return asr.NewBalance(b)
}

func openSilero(dir string) (*vad.Silero, error) {
	lib, err := onnx.Find()
	if err != nil {
		return nil, err
	}
	if err := onnx.Start(lib); err != nil {
		return nil, err
	}
	return vad.OpenSilero(dir)
}

func (e *ears) close() {
	if e.silero != nil {
		if err := e.silero.Close(); err != nil {
			e.log.Error("closing the voice detector", "error", err)
		}
	}
}

func (e *ears) run(ctx context.Context) error { return e.pool.Run(ctx) }

// detector makes the voice detector of one call.
func (e *ears) detector(rate int) (asr.Detector, error) {
	energy := vad.NewEnergy(rate)
	if e.silero == nil {
		return energy, nil
	}
	d, err := e.silero.New(rate)
	if err != nil {
		return nil, fmt.Errorf("making a voice detector: %w", err)
	}
	return vad.WithFallback(d, energy, e.log), nil
}

// listener makes the recogniser of one side of a call.
func (e *ears) listener(h call.Hearing) asr.Recognizer {
	o := asr.Options{Call: h.Call, Language: h.Language}
	if h.Listener != nil {
		// Nobody tells a bot a thing for so long without a pause: it is a television.
		o.MaxTurn = 45 * time.Second
		o.Vocabulary, o.Patience, o.Suggest = h.Listener.Vocabulary(), h.Listener.Patience, h.Listener.Suggest
		if x, ok := h.Listener.(dialog.Expecter); ok {
			o.Expect = x.Expect
		}
		if x, ok := h.Listener.(dialog.Polyglot); ok {
			o.Languages = x.Languages
		}
	}
	if len(e.funasr) > 0 {
		return e.streaming(h, o)
	}
	l, err := asr.NewListener(asr.ListenerConfig{Options: o, Detector: e.detector, Decoder: e.pool, Log: e.log})
	if err != nil {
		return deaf{err}
	}
	return l
}

// streaming hears by a FunASR server; calls take turns with several.
func (e *ears) streaming(h call.Hearing, o asr.Options) asr.Recognizer {
	r, err := funasr.New(funasr.Config{
		URL: e.funasr[int(e.next.Add(1))%len(e.funasr)], Detector: e.detector, Vocabulary: o.Vocabulary, Patience: o.Patience,
		Call: h.Call, Language: h.Language, Authorities: e.trusted, Log: e.log,
	})
	if err != nil {
		return deaf{err}
	}
	return r
}

// runWorker keeps the speech worker of our own running, where there is one.
func (s *server) runWorker(ctx context.Context) error {
	e := s.ears
	if e.own == "" {
		<-ctx.Done()
		return nil
	}
	return speech.Supervise(ctx, speech.Supervision{
		Env: workerEnv(s.cfg), Socket: e.own, Logger: s.log,
		OnState: func(st speech.State) {
			e.state.Store(&st)
			s.bus.Publish(event.Event{Kind: "speech.state", At: st.Since, Data: map[string]any{"phase": st.Phase, "restarts": st.Restarts}})
		},
	})
}

// workerState is how our own worker is.
func (e *ears) workerState() speech.State {
	if st := e.state.Load(); st != nil {
		return *st
	}
	return speech.State{Phase: speech.Starting, Since: time.Now()}
}

// deaf is the recogniser of a call that cannot have one.
type deaf struct{ err error }

// Recognize implements asr.Recognizer: it says once that nothing can be heard, so
// that the dialogue goes to keys or a person, and reads on.
func (d deaf) Recognize(_ context.Context, src media.Reader, emit func(asr.Result)) error {
	emit(asr.Result{Kind: asr.Fault, Err: d.err})
	f := make(media.Frame, src.Rate()/50)
	for {
		if err := src.ReadFrame(f); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// workerEnv tells the worker the settings that it shares with us.
func workerEnv(c config.Config) []string {
	var env []string
	set := func(key, value string) {
		if value != "" {
			env = append(env, config.Prefix+key+"="+value)
		}
	}
	set("MODELS", strings.Join(c.Models, string(filepath.ListSeparator)))
	set("SPEECH_ASR", c.Speech.ASR.String())
	set("SPEECH_TTS", c.Speech.TTS.String())
	set("LOG_LEVEL", c.Log.Level)
	set("LOG_FORMAT", c.Log.Format)
	return env
}

// speech makes ears and voice.
func (s *server) speech() (err error) {
	if s.ears, err = newEars(s.cfg, s.log); err != nil {
		return err
	}
	s.voice, err = newVoice(s.cfg, s.ears.endpoints, packRoots(s.bots.lines()), s.log)
	return err
}
