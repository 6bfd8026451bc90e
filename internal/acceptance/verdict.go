package acceptance

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Verdict is what a reader says of one thing that the bot did, or would have done, with
// a question.
type Verdict struct {
	Right bool
	Why   string
}

// Verdicts are kept by question and Reply.Key. The key "none" that is right says that the
// business rightly has no answer, so that a person is as good as one can offer.
type Verdicts map[[2]string]Verdict

const nothing = "none"

// ReadVerdicts reads lines of a question, a key, "right" or "wrong", and why.
func ReadVerdicts(path string) (Verdicts, error) {
	v := Verdicts{}
	return v, rows(path, 3, func(f []string) error {
		if f[2] != "right" && f[2] != "wrong" {
			return fmt.Errorf("the verdict is %q, not right or wrong", f[2])
		}
		why := ""
		if len(f) > 3 {
			why = f[3]
		}
		v[[2]string{f[0], f[1]}] = Verdict{Right: f[2] == "right", Why: why}
		return nil
	})
}

// Right says whether a key was judged right for a question.
func (v Verdicts) Right(question, key string) bool { return v[[2]string{question, key}].Right }

// Unanswerable says whether the business rightly has no answer to a question.
func (v Verdicts) Unanswerable(question string) bool { return v.Right(question, nothing) }

// Outcome is what became of a question.
type Outcome struct {
	Question
	Voice   string  `json:"voice,omitempty"`
	Replies []Reply `json:"replies"`
}

// Figures are of a list of outcomes, counts of questions.
type Figures struct {
	Inside  int `json:"inside"`
	Outside int `json:"outside"`
	// Direct are those within scope that were answered or led on at once, Right of them
	// rightly; Back were asked back with the right one among it.
	Direct int `json:"direct"`
	Right  int `json:"right"`
	Back   int `json:"back"`
	// OutsideAnswered are those out of scope that were wrongly answered.
	OutsideAnswered int `json:"outside_answered"`
	// None are those for which the business rightly has no answer.
	None int `json:"none"`
	// At85 is how many of what is answered would be right if the confidence from which
	// one answers let through 85 % of what is in scope; Cut is that confidence.
	At85 float64 `json:"precision_at_85"`
	Cut  float64 `json:"cut_at_85"`
	// CoverageAt95 is the largest share of what is in scope that can be answered with 95 %
	// of what is answered being right.
	CoverageAt95 float64 `json:"coverage_at_95"`
	// Success are those whose last reply was right: answered, led on, brought to a person
	// rightly, or refused rightly.
	Success int `json:"success"`
	// Unjudged are those that nobody has read yet; they count as wrong.
	Unjudged int `json:"unjudged"`
}

// Coverage is the share in scope that was answered or led on at once.
func (f Figures) Coverage() float64 { return share(f.Direct, f.Inside) }

// Precision is the share of what was answered that was right.
func (f Figures) Precision() float64 { return share(f.Right, f.Direct+f.OutsideAnswered) }

// Successful is the share of all that ended well.
func (f Figures) Successful() float64 { return share(f.Success, f.Inside+f.Outside) }

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// Judged is an outcome with what was found of it.
type Judged struct {
	Outcome
	Verdict string `json:"verdict"` // "right", "asked back", "wrong", "refused", "unjudged"
	Why     string `json:"why,omitempty"`
	Success bool   `json:"success"`
	Missing string `json:"missing,omitempty"` // the key that nobody has judged
}

// Judge looks the verdicts up.
func (v Verdicts) Judge(list []Outcome) (f Figures, out []Judged) {
	type point struct {
		confidence     float64
		right, outside bool
	}
	var curve []point
	for _, o := range list {
		j := v.judge(o)
		out = append(out, j)
		first := o.Replies[0]
		if o.Outside {
			f.Outside++
		} else {
			f.Inside++
			if v.Unanswerable(o.Text) {
				f.None++
			}
		}
		if j.Missing != "" {
			f.Unjudged++
		}
		if j.Success {
			f.Success++
		}
		one := j
		if len(o.Replies) > 1 {
			o.Replies = o.Replies[:1]
			one = v.judge(o)
		}
		switch {
		case !o.Outside && first.Direct():
			f.Direct++
			if one.Verdict == "right" {
				f.Right++
			}
		case !o.Outside && one.Verdict == "asked back":
			f.Back++
		case o.Outside && first.Direct() && one.Verdict != "right":
			f.OutsideAnswered++
		}
		key, confidence := first.Candidate()
		if key != "" && (!o.Outside || !v.Right(o.Text, key)) {
			curve = append(curve, point{confidence, v.Right(o.Text, key), o.Outside})
		}
	}
	slices.SortStableFunc(curve, func(a, b point) int { return cmp.Compare(b.confidence, a.confidence) })
	inside, right := 0, 0
	for i, p := range curve {
		if !p.outside {
			inside++
		}
		if p.right && !p.outside {
			right++
		}
		precision := float64(right) / float64(i+1)
		if precision >= 0.95 {
			f.CoverageAt95 = share(inside, f.Inside)
		}
		if f.At85 == 0 && inside*100 >= 85*f.Inside {
			f.At85, f.Cut = precision, p.confidence
		}
	}
	return f, out
}

func (v Verdicts) judge(o Outcome) Judged {
	j := Judged{Outcome: o}
	last := o.Replies[len(o.Replies)-1]
	if last.Direct() {
		key := [2]string{o.Text, last.Key()}
		x, known := v[key]
		if !known && last.Does == Person {
			x, known = v[[2]string{o.Text, nothing}]
		}
		j.Verdict, j.Why, j.Success = "wrong", x.Why, x.Right
		switch {
		case !known:
			j.Verdict, j.Missing = "unjudged", last.Key()
		case x.Right:
			j.Verdict = "right"
		}
		return j
	}
	none, refusable := v[[2]string{o.Text, nothing}]
	switch {
	case o.Outside:
		j.Verdict, j.Success = "right", true // not answered as if it were known
	case last.Does == Which || last.Does == Confirm:
		j.Verdict = "wrong"
		for id := range strings.SplitSeq(last.ID, "|") {
			key := KeyOf(id)
			x, known := v[[2]string{o.Text, key}]
			if x.Right {
				j.Verdict, j.Why = "asked back", ""
				return j
			}
			if !known {
				j.Missing = key
			}
			j.Why = cmp.Or(j.Why, x.Why)
		}
	default:
		j.Verdict, j.Why = "refused", none.Why
		j.Success = refusable && none.Right && len(o.Replies) > 1
	}
	return j
}
