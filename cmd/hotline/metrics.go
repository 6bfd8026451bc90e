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
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: "hotline", Name: "build_info", Help: "1, with the version that runs.", ConstLabels: prometheus.Labels{"version": buildVersion()},
		}, func() float64 { return 1 }),
		gauge("disk_free_bytes", "Room on the disk of the data folder; without it nothing is recorded.", func() float64 {
			free, err := freeRoom(s.cfg.Data.Dir)
			if err != nil {
				return 0
			}
			return float64(free)
		}),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		gauge("calls", "Calls in progress.", func() float64 { live, _, _ := s.manager.Counts(); return float64(live) }),
		counter("calls_total", "Calls taken since the start.", func() float64 { _, n, _ := s.manager.Counts(); return float64(n) }),
		counter("calls_refused_total", "Calls refused since the start.", func() float64 { _, _, n := s.manager.Counts(); return float64(n) }),
		counter("record_entries_lost_total", "Entries of call records that could not be written; the calls went on.", func() float64 { return float64(s.manager.EntriesLost()) }),
		counter("calls_not_admitted_total", "Calls refused with 503 before they began, for load.", func() float64 { return float64(s.load.Refused()) }),
		gauge("admitting", "1 while new calls are taken.", func() float64 {
			if len(s.load.State().Reasons) > 0 || s.manager.Draining() {
				return 0
			}
			return 1
		}),
		gauge("queue_waiting", "Callers who wait for a person.", func() float64 { return float64(s.desk.Load().Waiting) }),
		gauge("queue_longest_seconds", "How long one of them has waited.", func() float64 { return s.desk.Load().Longest.Seconds() }),
		gauge("agents_ready", "Agents who could take a call at once.", func() float64 { return float64(s.desk.Load().Ready) }),
		gauge("agents_serving", "Agents who take calls, one after another.", func() float64 { return float64(s.desk.Load().Serving) }),
		counter("assist_dropped_total", "Sentences that no suggestion was made for, for want of time.", func() float64 { return float64(s.assist.Dropped()) }),
		gauge("load_cpu_ratio", "Share of its processors that the server uses.", func() float64 { return s.load.State().CPU }),
		gauge("load_machine_ratio", "Share of the machine's processors in use at our priority.", func() float64 { return s.load.State().Machine }),
		gauge("load_memory_ratio", "Share of the memory in use, of the container or the machine.", func() float64 { return s.load.State().Memory }),
		gauge("load_files_ratio", "Share of the file descriptors in use.", func() float64 { return s.load.State().Files }),
		gauge("sound_late_seconds", "How late the clock of the calls' sound ticks, on average.", func() float64 { return s.load.State().Late.Seconds() }),
		gauge("sip_sources_blocked", "Addresses that nothing is read from.", func() float64 { return float64(s.sip.Stats().Blocked) }),
		counter("sip_dropped_total", "Messages that were not read or not answered: floods, scanners, blocked addresses.", func() float64 { return float64(s.sip.Stats().Dropped) }),
		counter("sip_panics_total", "Messages and calls that ended in a panic.", func() float64 { return float64(s.sip.Stats().Panics) }),
		gauge("sip_connections", "SIP connections.", func() float64 { return float64(s.sip.Stats().Connections) }),
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
