package vad

import (
	"fmt"
	"path/filepath"
	"time"

	ort "github.com/yalue/onnxruntime_go"

	"hotline/asr"
	"hotline/asr/onnx"
	"hotline/media/dsp"
)

// Silero is the Silero VAD, loaded once and shared by all calls. It works at 8 kHz
// natively (windows of 256 samples behind 32 of context, 32 ms) and at 16 kHz
// (512 behind 64); other rates are resampled to the nearer of the two.
type Silero struct {
	session *onnx.Session
}

// stateSize is the length of the network's memory, [2, 1, 128].
const stateSize = 2 * 128

// OpenSilero loads model.onnx of dir. onnx.Start must have been called.
func OpenSilero(dir string) (*Silero, error) {
	s, err := onnx.Open(filepath.Join(dir, "model.onnx"),
		[]string{"input", "state", "sr"}, []string{"output", "stateN"}, onnx.Options{})
	if err != nil {
		return nil, fmt.Errorf("voice detector: %w", err)
	}
	return &Silero{session: s}, nil
}

// Close frees the model; every Detector must have been closed before.
func (s *Silero) Close() error { return s.session.Close() }

// New returns a Detector for a call at that rate, Hz.
func (s *Silero) New(rate int) (asr.Detector, error) {
	d := &sileroDetector{rate: 16000, window: 512, context: 64}
	if rate < 16000 {
		d.rate, d.window, d.context = 8000, 256, 32
	}
	if rate != d.rate {
		if rate < 8000 {
			return nil, fmt.Errorf("voice detector: %d Hz is too low, 8,000 is the least", rate)
		}
		d.resample = dsp.NewResampler(rate, d.rate)
	}
	d.session, d.gate = s.session, newGate(d.rate)
	d.input = make([]float32, d.context+d.window)
	d.past = make([]float32, d.context+gateLead*d.window)
	d.held = make([]float32, d.window)
	d.state = make([]float32, stateSize)
	d.output = make([]float32, 1)
	d.stateN = make([]float32, stateSize)
	if err := d.bind(); err != nil {
		_ = d.Close()
		return nil, fmt.Errorf("voice detector: %w", err)
	}
	return d, nil
}

type sileroDetector struct {
	session  *onnx.Session
	binding  *ort.IoBinding // ties the slices below to the graph, so that a run allocates nothing
	tensors  []ort.Value
	rate     int
	window   int // samples of one judgement
	context  int // samples of the window before that go in front
	resample *dsp.Resampler
	scratch  []int16

	input  []float32 // context, then the window being filled
	state  []float32
	output []float32
	stateN []float32
	filled int // samples of the window that are there

	past    []float32 // the windows before, and the context of the first of them
	held    []float32 // the window, while those before are judged
	resting bool      // the network is being spared

	probability float64
	gate        gate
}

func (d *sileroDetector) bind() error {
	binding, err := d.session.CreateIoBinding()
	if err != nil {
		return err
	}
	d.binding = binding
	floats := func(data []float32, shape ...int64) ort.Value {
		if err != nil {
			return nil
		}
		var t *ort.Tensor[float32]
		if t, err = ort.NewTensor(ort.NewShape(shape...), data); err != nil {
			return nil
		}
		d.tensors = append(d.tensors, t)
		return t
	}
	in := floats(d.input, 1, int64(len(d.input)))
	state := floats(d.state, 2, 1, 128)
	out := floats(d.output, 1, 1)
	stateN := floats(d.stateN, 2, 1, 128)
	if err != nil {
		return err
	}
	sr, err := ort.NewScalar(int64(d.rate))
	if err != nil {
		return err
	}
	d.tensors = append(d.tensors, sr)
	for _, e := range []error{
		binding.BindInput("input", in), binding.BindInput("state", state), binding.BindInput("sr", sr),
		binding.BindOutput("output", out), binding.BindOutput("stateN", stateN),
	} {
		if e != nil {
			return e
		}
	}
	return nil
}

func (d *sileroDetector) Window() time.Duration {
	return time.Duration(d.window) * time.Second / time.Duration(d.rate)
}

func (d *sileroDetector) Reset() {
	clear(d.input)
	clear(d.state)
	clear(d.past)
	d.filled, d.probability, d.resting = 0, 0, false
	d.gate = newGate(d.rate)
}

func (d *sileroDetector) Close() error {
	var first error
	if d.binding != nil {
		first = d.binding.Destroy()
		d.binding = nil
	}
	for _, t := range d.tensors {
		if err := t.Destroy(); err != nil && first == nil {
			first = err
		}
	}
	d.tensors = nil
	return first
}

func (d *sileroDetector) Detect(frame []int16) (float64, error) {
	if d.resample != nil {
		d.scratch = d.resample.Append(d.scratch[:0], frame)
		frame = d.scratch
	}
	for len(frame) > 0 {
		n := min(len(frame), d.window-d.filled)
		to := d.input[d.context+d.filled:]
		for i, s := range frame[:n] {
			to[i] = float32(s) / 32768
		}
		d.gate.take(frame[:n])
		frame = frame[n:]
		if d.filled += n; d.filled < d.window {
			continue
		}
		if err := d.judge(); err != nil {
			return 0, err
		}
	}
	return d.probability, nil
}

// judge runs the network on a whole window, unless the window cannot hold voice.
func (d *sileroDetector) judge() error {
	current := d.input[d.context:]
	defer func() {
		copy(d.past, d.past[d.window:])
		copy(d.past[len(d.past)-d.window:], current)
		copy(d.input, d.input[d.window:]) // the end of this window is the next one's context
		d.filled = 0
	}()
	if !d.gate.open(d.probability) {
		// What it remembers is from before the silence and means nothing after it.
		d.resting, d.probability = true, 0
		return nil
	}
	if d.resting {
		if err := d.wake(current); err != nil {
			return err
		}
	}
	return d.run()
}

// wake has the network hear what it was spared lately: a word's beginning is softer
// than what opens the gate, and a start from nothing is judged less surely.
func (d *sileroDetector) wake(current []float32) error {
	d.resting = false
	clear(d.state)
	copy(d.held, current)
	for k := range gateLead {
		copy(d.input, d.past[k*d.window:])
		if err := d.run(); err != nil {
			return err
		}
	}
	copy(d.input, d.past[gateLead*d.window:])
	copy(current, d.held)
	return nil
}

// run judges the window that lies in input.
func (d *sileroDetector) run() error {
	if err := d.session.RunWithBinding(d.binding); err != nil {
		return fmt.Errorf("voice detector: %w", err)
	}
	copy(d.state, d.stateN)
	d.probability = float64(d.output[0])
	return nil
}
