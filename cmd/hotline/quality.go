package main

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"hotline/internal/call"
)

// measured is a journal that counts how calls sounded and ended.
type measured struct {
	call.Journal

	ended              *prometheus.CounterVec
	mos, loss, jitter  *prometheus.HistogramVec
	roundTrip, ringing prometheus.Histogram
}

// measuring wraps a journal and registers what it counts.
func measuring(j call.Journal, r *prometheus.Registry) *measured {
	vec := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "hotline", Name: name, Help: help + " By whose ears: here or there (as the far end reports).", Buckets: buckets,
		}, []string{"heard"})
	}
	one := func(name, help string, buckets []float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "hotline", Name: name, Help: help, Buckets: buckets})
	}
	m := &measured{
		Journal: j,
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "hotline", Name: "calls_ended_total", Help: "Calls that are over.",
		}, []string{"direction", "outcome", "cause"}),
		mos:       vec("call_mos", "Mean opinion score of a call, estimated by the E-model.", []float64{2, 2.6, 3.1, 3.6, 3.8, 4, 4.2, 4.35}),
		loss:      vec("call_loss_ratio", "Share of a call's sound packets that were not heard.", []float64{.001, .005, .01, .02, .05, .1, .2}),
		jitter:    vec("call_jitter_seconds", "Jitter of a call's sound packets.", []float64{.002, .005, .01, .02, .04, .08, .16}),
		roundTrip: one("call_round_trip_seconds", "Round trip of a call's sound packets.", []float64{.01, .03, .1, .2, .4, .8}),
		ringing:   one("call_ringing_seconds", "From the beginning of a call to its answer.", []float64{.01, .1, 1, 3, 6, 12, 25, 60}),
	}
	r.MustRegister(m.ended, m.mos, m.loss, m.jitter, m.roundTrip, m.ringing)
	return m
}

// End implements call.Journal.
func (m *measured) End(ctx context.Context, r call.Record) error {
	m.ended.WithLabelValues(r.Direction, string(r.Outcome), r.EndCause).Inc()
	if !r.AnsweredAt.IsZero() {
		m.ringing.Observe(r.AnsweredAt.Sub(r.StartedAt).Seconds())
	}
	q := r.Media
	if q.MOS > 0 { // enough was heard to judge
		m.mos.WithLabelValues("here").Observe(q.MOS)
		m.loss.WithLabelValues("here").Observe(q.LossRate)
		m.jitter.WithLabelValues("here").Observe(q.JitterMS / 1000)
	}
	if q.FarReports > 0 {
		m.loss.WithLabelValues("there").Observe(q.FarLossRate)
		m.jitter.WithLabelValues("there").Observe(q.FarJitterMS / 1000)
		if q.FarMOS > 0 {
			m.mos.WithLabelValues("there").Observe(q.FarMOS)
		}
		if q.RoundTripMS > 0 {
			m.roundTrip.Observe(q.RoundTripMS / 1000)
		}
	}
	return m.Journal.End(ctx, r)
}
