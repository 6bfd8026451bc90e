package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"hotline/internal/speech"
)

// measure registers what an operator watches.
func (s *server) measure() {
	gauge := func(name, help string, f func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "hotline", Name: name, Help: help}, f)
	}
	counter := func(name, help string, f func() float64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "hotline", Name: name, Help: help}, f)
	}
	s.metrics.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		gauge("calls", "Calls in progress.", func() float64 { live, _, _ := s.manager.Counts(); return float64(live) }),
		counter("calls_total", "Calls taken since the start.", func() float64 { _, n, _ := s.manager.Counts(); return float64(n) }),
		counter("calls_refused_total", "Calls refused since the start.", func() float64 { _, _, n := s.manager.Counts(); return float64(n) }),
		gauge("rtp_ports", "Pairs of RTP ports in use.", func() float64 { return float64(s.ports.InUse()) }),
		gauge("media_sessions", "Audio sessions on the clock.", func() float64 { return float64(s.clock.Sessions()) }),
		gauge("sip_legs", "SIP legs.", func() float64 { return float64(s.sip.Stats().Legs) }),
		gauge("sip_transactions", "SIP transactions.", func() float64 {
			st := s.sip.Stats()
			return float64(st.ServerTransactions + st.ClientTransactions)
		}),
		gauge("asr_waiting", "Utterances that wait for a decode.", func() float64 { return float64(s.ears.pool.Stats().Waiting) }),
		counter("asr_decoded_total", "Utterances decoded.", func() float64 { return float64(s.ears.pool.Stats().Decoded) }),
		counter("asr_overloaded_total", "Utterances turned away for load.", func() float64 { return float64(s.ears.pool.Stats().Overloaded) }),
		counter("tts_cache_hits_total", "Clauses that were spoken before.", func() float64 { return float64(s.voice.cache.Stats().Hits) }),
		counter("tts_cache_misses_total", "Clauses that had to be made.", func() float64 { return float64(s.voice.cache.Stats().Misses) }),
		gauge("speech_worker_ready", "1 while the speech worker of our own hears.", func() float64 {
			if s.ears.own != "" && s.ears.workerState().Phase != speech.Ready {
				return 0
			}
			return 1
		}),
		counter("speech_worker_restarts_total", "Restarts of the speech worker.", func() float64 { return float64(s.ears.workerState().Restarts) }),
	)
}
