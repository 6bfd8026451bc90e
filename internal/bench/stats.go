package bench

import (
	"encoding/json"
	"math"
	"slices"
	"time"
)

// Spread says how values lie.
type Spread struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	Max float64 `json:"max"`
}

// spread sorts values.
func spread(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	slices.Sort(values)
	at := func(q float64) float64 {
		i := int(math.Ceil(q*float64(len(values)))) - 1
		return round1(values[max(0, min(i, len(values)-1))])
	}
	return Spread{P50: at(0.50), P95: at(0.95), Max: at(1)}
}

// percentileOf is the value that a share q of them does not exceed.
func percentileOf(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return round1(sorted[max(0, min(int(math.Ceil(q*float64(len(sorted))))-1, len(sorted)-1))])
}

func round1(v float64) float64 { return math.Round(v*10) / 10 }
func round3(v float64) float64 { return math.Round(v*1000) / 1000 }

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Line is one figure with what belongs to it, as it is printed.
type Line struct {
	Bench    string `json:"bench"` // "machine", "response", "pick_up", "barge_in", "noise", "media", "summary"
	Language string `json:"language,omitempty"`
	Calls    int    `json:"calls,omitempty"` // at once
	N        int    `json:"n,omitempty"`     // measurements
	// MS is what was measured, milliseconds.
	MS *Spread `json:"ms,omitempty"`
	// Marks are the limits by the name of what they limit; Pass whether all hold.
	Marks map[string]float64 `json:"marks,omitempty"`
	Pass  *bool              `json:"pass,omitempty"`
	// Others is how many cores programs took that are not of the bench.
	Others float64 `json:"others_cores"`
	// More is what only this bench has.
	More map[string]any `json:"more,omitempty"`
}

// judge sets Pass: every value that has a mark must not exceed it.
func (l *Line) judge(values map[string]float64) {
	pass := l.N > 0
	for name, limit := range l.Marks {
		if v, ok := values[name]; !ok || v > limit {
			pass = false
		}
	}
	l.Pass = &pass
}

// judgeSpread does so for marks on p50, p95 and max.
func (l *Line) judgeSpread() {
	l.judge(map[string]float64{"p50": l.MS.P50, "p95": l.MS.P95, "max": l.MS.Max})
}

func (b *Bench) print(l Line) error {
	if l.Pass != nil && !*l.Pass {
		b.missed = append(b.missed, l.name())
	}
	out, err := json.Marshal(l)
	if err != nil {
		return err
	}
	_, err = b.cfg.Out.Write(append(out, '\n'))
	return err
}
