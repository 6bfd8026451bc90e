package campaigns

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Arm is what came of a variant.
type Arm struct {
	Name  string `json:"name"`
	Asked int    `json:"asked"` // contacts whose outcome is known, however they ended
	Met   int    `json:"met"`   // of those, how many reached a goal
}

// Interval is a range that holds the truth 95 times of 100.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Rate is a share and its interval by Wilson's score.
type Rate struct {
	Share float64 `json:"share"`
	Interval
}

// Decision is what may be concluded of two variants.
type Decision string

// The decisions.
const (
	NotYet   Decision = "not_yet"       // going on is needed; what is seen may be chance
	Better   Decision = "better"        // the best beats this one
	NoneSeen Decision = "no_difference" // as large as planned, and no difference was seen
)

// Contrast is a variant against the best.
type Contrast struct {
	Name       string   `json:"name"`
	Rate       Rate     `json:"rate"`
	Asked      int      `json:"asked"`
	Difference float64  `json:"difference"` // of the best and this
	Range      Interval `json:"range"`      // of the difference, by Newcombe; of one look
	Decision   Decision `json:"decision"`
	More       int      `json:"more"` // contacts that this variant and the best still need, each
}

// Comparison is variants against the best of them.
type Comparison struct {
	Best      string     `json:"best"`
	Rate      Rate       `json:"rate"`
	Asked     int        `json:"asked"`
	Against   []Contrast `json:"against"`
	Decision  Decision   `json:"decision"`  // Better when the best beats all others
	Planned   int        `json:"planned"`   // contacts of each variant for a decision in any case
	Effect    float64    `json:"effect"`    // the difference that so many show
	TooEarly  bool       `json:"too_early"` // stopping now would be deciding by chance
	Assurance float64    `json:"assurance"` // of being right whenever one looks: 0.95
}

// How large a difference is worth being found: a fifth of the share, and two points of a
// hundred at least.
const (
	worthRelative = 0.2
	worthAtLeast  = 0.02
	// z of 95 % on two sides, and of 80 % power on one.
	zSides = 1.959963984540054
	zPower = 0.8416212335729143
)

// Compare says which variant reached its goal most often, and whether that may be
// believed already. One may look as often as one likes: with a test for one look, every
// third comparison of equal variants would be stopped for a difference that is not
// there. It is false where there are not two variants with contacts.
func Compare(arms []Arm) (Comparison, bool) {
	arms = slices.DeleteFunc(slices.Clone(arms), func(a Arm) bool { return a.Asked <= 0 })
	if len(arms) < 2 {
		return Comparison{}, false
	}
	slices.SortStableFunc(arms, func(a, b Arm) int {
		return cmp.Compare(share(b), share(a))
	})
	best := arms[0]
	asked, met := 0, 0
	for _, a := range arms {
		asked, met = asked+a.Asked, met+a.Met
	}
	pooled := (float64(met) + 1) / (float64(asked) + 2)
	c := Comparison{Best: best.Name, Rate: Wilson(best.Met, best.Asked), Asked: best.Asked, Decision: Better, Assurance: 0.95}
	c.Effect = max(worthRelative*pooled, worthAtLeast)
	c.Planned = planned(pooled, c.Effect, len(arms)-1)
	undecided := false
	for _, a := range arms[1:] {
		k := contrast(best, a, c.Planned, len(arms)-1)
		switch k.Decision {
		case NotYet:
			undecided, c.Decision = true, NotYet
		case NoneSeen:
			if c.Decision == Better {
				c.Decision = NoneSeen
			}
		case Better:
		}
		c.Against = append(c.Against, k)
	}
	c.TooEarly = undecided
	return c, true
}

func share(a Arm) float64 { return float64(a.Met) / float64(max(a.Asked, 1)) }

func contrast(best, a Arm, plan, others int) Contrast {
	k := Contrast{Name: a.Name, Rate: Wilson(a.Met, a.Asked), Asked: a.Asked, Difference: share(best) - share(a), Range: Newcombe(best.Met, best.Asked, a.Met, a.Asked)}
	smaller := min(best.Asked, a.Asked)
	progress := min(float64(smaller)/float64(plan), 1)
	p := (float64(best.Met+a.Met) + 1) / (float64(best.Asked+a.Asked) + 2)
	deviation := math.Sqrt(p * (1 - p) * (1/float64(best.Asked) + 1/float64(a.Asked)))
	switch {
	case k.Difference/deviation >= bound(progress, others):
		k.Decision = Better
	case progress < 1:
		k.Decision, k.More = NotYet, plan-smaller
	default:
		k.Decision = NoneSeen
	}
	return k
}

// bound is how many standard deviations a difference must have when a part of the
// planned contacts is known, so that looking at every contact errs in one campaign of
// twenty: the boundary of O'Brien and Fleming with alpha spent continuously, a Brownian
// path that is to stay inside c until time 1, at c/sqrt(t). By the reflection principle
// the path leaves with 4(1-Φ(c)) at most. Several variants share the one in twenty
// (Bonferroni).
func bound(progress float64, others int) float64 {
	c := quantile(1 - 0.05/4/float64(others))
	return c / math.Sqrt(max(progress, 1e-6))
}

// planned is how many contacts of each variant find a difference 80 times of 100 in the
// end.
func planned(p, effect float64, others int) int {
	q := min(p+effect, 0.99)
	c := quantile(1 - 0.05/4/float64(others))
	n := (c + zPower) * (c + zPower) * (p*(1-p) + q*(1-q)) / (effect * effect)
	return int(math.Ceil(max(n, 100)))
}

// quantile of the standard normal distribution.
func quantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

// Wilson is a share with its 95 % score interval (Wilson 1927).
func Wilson(met, of int) Rate {
	if of <= 0 {
		return Rate{Interval: Interval{0, 1}}
	}
	n, p, z := float64(of), float64(met)/float64(of), zSides
	mid := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return Rate{p, Interval{max(mid-half, 0), min(mid+half, 1)}}
}

// Newcombe is the 95 % interval of the difference of two shares, by their Wilson
// intervals (Newcombe 1998, method 10).
func Newcombe(met1, of1, met2, of2 int) Interval {
	a, b := Wilson(met1, of1), Wilson(met2, of2)
	d := a.Share - b.Share
	return Interval{
		max(d-math.Hypot(a.Share-a.Low, b.High-b.Share), -1),
		min(d+math.Hypot(a.High-a.Share, b.Share-b.Low), 1),
	}
}

// Words tells a comparison in a language, with the warning that it needs.
func (c Comparison) Words(language string) string {
	more := 0
	for _, k := range c.Against {
		more = max(more, k.More)
	}
	percent := func(f float64) string { return fmt.Sprintf("%.1f%%", 100*f) }
	zh := language == "zh"
	switch c.Decision {
	case Better:
		if zh {
			return fmt.Sprintf("可以采用“%s”:目标达成率 %s,明显高于其他话术。", c.Best, percent(c.Rate.Share))
		}
		return fmt.Sprintf("Take %q: it reaches the goal with %s, clearly more often than the others.", c.Best, percent(c.Rate.Share))
	case NoneSeen:
		if zh {
			return fmt.Sprintf("没有看出差别:已经够多(每种话术 %d 人),如果有 %s 以上的差别,多半已经看出来了。", c.Planned, percent(c.Effect))
		}
		return fmt.Sprintf("No difference was seen: a difference of %s would most likely have shown by now (%d contacts each).", percent(c.Effect), c.Planned)
	case NotYet:
	}
	if zh {
		return fmt.Sprintf("现在下结论为时过早:眼下的差别可能只是巧合。每种话术最多还需要 %d 人。", more)
	}
	return fmt.Sprintf("Too early to decide: what is seen may be chance. At most %d more contacts of each variant are needed.", more)
}
