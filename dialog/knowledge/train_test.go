package knowledge_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hotline/dialog/knowledge"
)

// The list of parameters in parts: see newWeights.
const (
	nc     = knowledge.CandidateFeatures
	nn     = knowledge.NoneFeatures
	atNone = 1 + nc + knowledge.Hidden*(2+nc+nn)
)

// train fits the judges to a conditional logit (Adam, a few examples at a time).
func train(t *testing.T, examples []example) []float64 {
	t.Helper()
	const epochs, batch, rate, decay = 20, 32, 0.004, 2e-3
	r := rand.New(rand.NewPCG(3, 3))
	w := make([]float64, knowledge.Parameters)
	start := func(part []float64, in int) {
		for h := range knowledge.Hidden {
			u := part[h*(2+in):][:2+in]
			u[1] = 0.3 * r.NormFloat64()
			for k := range u[2:] {
				u[2+k] = r.NormFloat64() / math.Sqrt(float64(in)/2)
			}
		}
	}
	start(w[1+nc:atNone], nc+nn)
	start(w[atNone+nn:], nn)
	g, m, v := make([]float64, len(w)), make([]float64, len(w)), make([]float64, len(w))
	step, order := 0.0, r.Perm(len(examples))
	total := float64(epochs * ((len(order) + batch - 1) / batch))
	for epoch := range epochs {
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		loss, sum := 0.0, 0.0
		for part := range slices.Chunk(order, batch) {
			clear(g)
			for _, at := range part {
				loss += examples[at].weight * gradient(examples[at], w, g, examples[at].weight/float64(len(part)))
				sum += examples[at].weight
			}
			step++
			now := rate * (1 - 0.95*step/total)
			first, second := 1-math.Pow(0.9, step), 1-math.Pow(0.999, step)
			for k := range w {
				m[k] = 0.9*m[k] + 0.1*g[k]
				v[k] = 0.999*v[k] + 0.001*g[k]*g[k]
				w[k] -= now * (m[k]/first/(math.Sqrt(v[k]/second)+1e-8) + decay*w[k])
			}
		}
		if epoch%10 == 9 {
			t.Logf("epoch %d: loss %.4f", epoch+1, loss/sum)
		}
	}
	return w
}

// gradient adds scale times that of the example's loss to g and returns the loss.
func gradient(ex example, w, g []float64, scale float64) float64 {
	p, none := softmax(ex.o, w)
	all := none
	if ex.right != nil {
		all = 0
		for _, i := range ex.right {
			all += p[i]
		}
	}
	all = max(all, 1e-12)
	for i, f := range ex.o.Candidates {
		d := p[i]
		if slices.Contains(ex.right, i) {
			d -= p[i] / all
		}
		back(w[1:atNone], g[1:atNone], f, ex.o.None, scale*d)
	}
	d := none
	if ex.right == nil {
		d--
	}
	g[0] += scale * d
	back(w[atNone:], g[atNone:], ex.o.None, nil, scale*d)
	return -math.Log(all)
}

// forward is a judge's logit, from its part of the list.
func forward(w, own, text []float64) float64 {
	in := 2 + len(own) + len(text)
	s := 0.0
	for i, f := range own {
		s += w[i] * f
	}
	for h := range knowledge.Hidden {
		u := w[len(own)+h*in:][:in]
		if a := activation(u, own, text); a > 0 {
			s += u[1] * a
		}
	}
	return s
}

func activation(u, own, text []float64) float64 {
	a := u[0]
	for i, f := range own {
		a += u[2+i] * f
	}
	for i, f := range text {
		a += u[2+len(own)+i] * f
	}
	return a
}

// back adds d times the gradient of forward to g.
func back(w, g, own, text []float64, d float64) {
	if math.Abs(d) < 1e-9 {
		return
	}
	in := 2 + len(own) + len(text)
	for i, f := range own {
		g[i] += d * f
	}
	for h := range knowledge.Hidden {
		u, gu := w[len(own)+h*in:][:in], g[len(own)+h*in:][:in]
		a := activation(u, own, text)
		if a <= 0 {
			continue
		}
		gu[1] += d * a
		e := d * u[1]
		gu[0] += e
		for i, f := range own {
			gu[2+i] += e * f
		}
		for i, f := range text {
			gu[2+len(own)+i] += e * f
		}
	}
}

func softmax(o knowledge.Observation, w []float64) (p []float64, none float64) {
	none = w[0] + forward(w[atNone:], o.None, nil)
	top := none
	p = make([]float64, len(o.Candidates))
	for i, f := range o.Candidates {
		p[i] = forward(w[1:atNone], f, o.None)
		top = max(top, p[i])
	}
	sum := math.Exp(none - top)
	for i := range p {
		p[i] = math.Exp(p[i] - top)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p, math.Exp(none-top) / sum
}
