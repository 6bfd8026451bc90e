package emotion

import (
	"cmp"
	"encoding/binary"
	"encoding/csv"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hotline/internal/testdata"
)

// labelled is a sentence with a person's label.
type labelled struct {
	text   string
	mood   int
	domain int
}

const (
	telephone = iota
	elsewhere // shared/emotion
	packs     // questions of the examples, all calm; for tuning only
	domains
)

// readLabelled reads a file of text,label and divides it by the hash of the text:
// even is for tuning, odd for measuring.
func readLabelled(tb testing.TB, path string, domain int) (tune, measure []labelled) {
	tb.Helper()
	f, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		tb.Fatal(err)
	}
	seen := map[string]bool{}
	for _, row := range rows[1:] {
		mood := slices.Index(names[:], Label(row[1]))
		if mood < 0 {
			tb.Fatalf("%s: label %q", path, row[1])
		}
		if seen[row[0]] {
			continue
		}
		seen[row[0]] = true
		h := fnv.New32a()
		h.Write([]byte(row[0]))
		s := labelled{row[0], mood, domain}
		if h.Sum32()%2 == 0 {
			tune = append(tune, s)
		} else {
			measure = append(measure, s)
		}
	}
	return tune, measure
}

// readPacks reads the questions of the example businesses, which are calm: so that
// a business's subject is no mood.
func readPacks(tb testing.TB, language string) (tune []labelled) {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(testdata.Root(tb), "examples", "*-"+language, "knowledge", "*.csv"))
	if err != nil || len(files) == 0 {
		tb.Fatal("no examples")
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			tb.Fatal(err)
		}
		r := csv.NewReader(f)
		r.FieldsPerRecord = -1
		rows, err := r.ReadAll()
		f.Close()
		if err != nil {
			tb.Fatal(err)
		}
		for _, row := range rows[1:] {
			for q := range strings.SplitSeq(row[1]+"|"+row[3], "|") {
				tune = append(tune, labelled{q, calm, packs})
			}
		}
	}
	return tune
}

// sample is a sentence as features.
type sample struct {
	fs     []feature
	mood   int
	weight float64
}

// fitter fits a multinomial logistic regression with a Gaussian prior: weights
// are drawn towards a mean, by a strength, both by feature.
type fitter struct {
	prior    map[uint32][moods]float64 // means that are not 0
	strength func(id uint32) float64
	epochs   int
}

// fit minimises over all samples in a fixed order, which is deterministic.
func (f *fitter) fit(samples []sample) map[uint32][moods]float64 {
	index := map[uint32]int{}
	var ids []uint32
	at := make([][]int, len(samples))
	for i, s := range samples {
		at[i] = make([]int, len(s.fs))
		for k, x := range s.fs {
			n, ok := index[x.id]
			if !ok {
				n = len(ids)
				index[x.id] = n
				ids = append(ids, x.id)
			}
			at[i][k] = n
		}
	}
	for id := range f.prior {
		if _, ok := index[id]; !ok {
			index[id] = len(ids)
			ids = append(ids, id)
		}
	}
	w := make([][moods]float64, len(ids))
	mean := make([][moods]float64, len(ids))
	lambda := make([]float64, len(ids))
	for i, id := range ids {
		mean[i] = f.prior[id]
		w[i] = mean[i]
		lambda[i] = f.strength(id)
	}
	// Full-batch gradient with Nesterov's momentum. The step of a feature comes from
	// a bound of the curvature: the softmax's is at most 1/2, spread over the features
	// that move together.
	curve := make([]float64, len(ids))
	for i, s := range samples {
		length := 0.0
		for _, x := range s.fs {
			length += math.Abs(x.value)
		}
		for k, x := range s.fs {
			curve[at[i][k]] += s.weight * math.Abs(x.value) * length / 2
		}
	}
	look := slices.Clone(w)
	grad := make([][moods]float64, len(ids))
	t := 1.0
	for range f.epochs {
		clear(grad)
		for i, s := range samples {
			var z [moods]float64
			for k, x := range s.fs {
				row := &look[at[i][k]]
				for m := range z {
					z[m] += x.value * row[m]
				}
			}
			p := softmax(z)
			p[s.mood]--
			for k, x := range s.fs {
				row := &grad[at[i][k]]
				for m := range p {
					row[m] += s.weight * x.value * p[m]
				}
			}
		}
		next := (1 + math.Sqrt(1+4*t*t)) / 2
		momentum := (t - 1) / next
		t = next
		for i := range w {
			for m := range moods {
				g := grad[i][m] + lambda[i]*(look[i][m]-mean[i][m])
				v := look[i][m] - g/(curve[i]+lambda[i])
				look[i][m] = v + momentum*(v-w[i][m])
				w[i][m] = v
			}
		}
	}
	out := make(map[uint32][moods]float64, len(ids))
	for i, id := range ids {
		out[id] = w[i]
	}
	return out
}

// weigh gives each sample the weight of its domain and of its class in the domain:
// (mean count / count)^balance.
func weigh(set []labelled, features func(string) []feature, shares [domains]float64, balance float64) []sample {
	var count [domains][moods]float64
	for _, s := range set {
		count[s.domain][s.mood]++
	}
	samples := make([]sample, len(set))
	for i, s := range set {
		total, classes := 0.0, 0.0
		for _, c := range count[s.domain] {
			total += c
			if c > 0 {
				classes++
			}
		}
		samples[i] = sample{features(s.text), s.mood, shares[s.domain] * math.Pow(total/classes/count[s.domain][s.mood], balance)}
	}
	return samples
}

func pick(weights map[uint32][moods]float64, fs []feature) int {
	var z [moods]float64
	for _, f := range fs {
		w := weights[f.id]
		for k := range z {
			z[k] += f.value * w[k]
		}
	}
	best := 0
	for k := range z {
		if z[k] > z[best] {
			best = k
		}
	}
	return best
}

// confusion counts by true and read mood.
type confusion [moods][moods]int

// macro is the mean F1 over the moods that occur.
func (c *confusion) macro() float64 {
	sum, n := 0.0, 0.0
	for m := range moods {
		f, ok := c.f1(m)
		if ok {
			sum += f
			n++
		}
	}
	return sum / n
}

func (c *confusion) f1(m int) (float64, bool) {
	var truth, read int
	for k := range moods {
		truth += c[m][k]
		read += c[k][m]
	}
	if truth == 0 {
		return 0, false
	}
	return 2 * float64(c[m][m]) / float64(truth+read), true
}

func (c *confusion) accuracy() float64 {
	right, all := 0, 0
	for m := range moods {
		right += c[m][m]
		for k := range moods {
			all += c[m][k]
		}
	}
	return float64(right) / float64(all)
}

func encodeModel(dense, small map[uint32][moods]float64) []byte {
	most := 0.0
	for _, w := range small {
		for _, v := range w {
			most = max(most, math.Abs(v))
		}
	}
	step := max(most/127, 1e-9)
	b := []byte(weightsMagic)
	type row struct {
		id uint32
		w  [moods]int8
	}
	var rows []row
	for id, w := range small {
		var r row
		r.id = id
		zero := true
		for k, v := range w {
			r.w[k] = int8(math.Round(v / step))
			zero = zero && r.w[k] == 0
		}
		if !zero {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.id, b.id) })
	b = binary.LittleEndian.AppendUint32(b, uint32(len(dense)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(rows)))
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(step)))
	var ids []uint32
	for id := range dense {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		b = binary.LittleEndian.AppendUint32(b, id)
		for _, v := range dense[id] {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
		}
	}
	for _, r := range rows {
		b = binary.LittleEndian.AppendUint32(b, r.id)
		for _, v := range r.w {
			b = append(b, byte(v))
		}
	}
	return b
}
