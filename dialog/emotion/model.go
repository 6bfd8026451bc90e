package emotion

import (
	"embed"
	"encoding/binary"
	"errors"
	"math"
)

//go:embed weights/*.bin
var weightFiles embed.FS

// model is the fitted weights by feature.
type model struct {
	weights map[uint32][moods]float32
}

var errWeights = errors.New("the file is not what the fit writes")

// A weights file is a number of entries, the step of the small weights, and the
// entries: a feature's hash and a weight a mood, float32 for the first dense ones,
// then int8 times the step.
const weightsMagic = "mood1\n"

func loadModel(name string) (*model, error) {
	data, err := weightFiles.ReadFile("weights/" + name + ".bin")
	if err != nil {
		return nil, err
	}
	return decodeModel(data)
}

func decodeModel(data []byte) (*model, error) {
	const header = len(weightsMagic) + 12
	if len(data) < header || string(data[:len(weightsMagic)]) != weightsMagic {
		return nil, errWeights
	}
	b := data[len(weightsMagic):]
	dense, small := int(binary.LittleEndian.Uint32(b)), int(binary.LittleEndian.Uint32(b[4:]))
	step := math.Float32frombits(binary.LittleEndian.Uint32(b[8:]))
	b = b[12:]
	if dense < 0 || small < 0 || len(b) != dense*(4+4*moods)+small*(4+moods) {
		return nil, errWeights
	}
	m := &model{weights: make(map[uint32][moods]float32, dense+small)}
	for range dense {
		var w [moods]float32
		for k := range w {
			w[k] = math.Float32frombits(binary.LittleEndian.Uint32(b[4+4*k:]))
		}
		m.weights[binary.LittleEndian.Uint32(b)] = w
		b = b[4+4*moods:]
	}
	for range small {
		var w [moods]float32
		for k := range w {
			w[k] = float32(int8(b[4+k])) * step
		}
		m.weights[binary.LittleEndian.Uint32(b)] = w
		b = b[4+moods:]
	}
	return m, nil
}

func (m *model) scores(fs []feature) [moods]float64 {
	var z [moods]float64
	for _, f := range fs {
		if w, ok := m.weights[f.id]; ok {
			for k := range z {
				z[k] += f.value * float64(w[k])
			}
		}
	}
	return softmax(z)
}

// scale brings fs to a common length.
func scale(fs []feature, length float64) {
	if len(fs) == 0 {
		return
	}
	s := 0.0
	for _, f := range fs {
		s += f.value * f.value
	}
	k := length / math.Sqrt(s)
	for i := range fs {
		fs[i].value *= k
	}
}
