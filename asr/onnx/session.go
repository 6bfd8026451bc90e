package onnx

import (
	"context"
	"fmt"
	"os"

	ort "github.com/yalue/onnxruntime_go"
)

// Options of a Session. The zero value is one thread.
type Options struct {
	Threads int // threads of one run; default 1, which is also the cheapest
	// NoArena gives memory back after each run instead of keeping it: for graphs
	// whose shapes differ from run to run, where an arena only grows.
	NoArena bool
}

// A Session is a loaded model. Run it from as many goroutines as you like; they
// share its weights.
type Session struct {
	*ort.DynamicAdvancedSession
}

// Open loads the model at path. inputs and outputs are the tensors that runs will
// name, in their order; each must be one that the model declares.
func Open(path string, inputs, outputs []string, o Options) (*Session, error) {
	if !Started() {
		return nil, ErrNotStarted
	}
	info, err := Inspect(path)
	if err != nil {
		return nil, err
	}
	if err := info.Require(path, inputs, outputs); err != nil {
		return nil, err
	}
	so, err := ort.NewSessionOptions()
	if err != nil {
		return nil, fmt.Errorf("opening model %s: %w", path, err)
	}
	defer func() { _ = so.Destroy() }()
	for _, err := range []error{
		so.SetIntraOpNumThreads(max(o.Threads, 1)),
		so.SetInterOpNumThreads(1),
		so.SetCpuMemArena(!o.NoArena),
		so.SetMemPattern(!o.NoArena),
		so.SetLogSeverityLevel(ort.LoggingLevelError),
		// A waiting thread must not burn a core that the 20 ms clock needs.
		so.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"),
	} {
		if err != nil {
			return nil, fmt.Errorf("opening model %s: %w", path, err)
		}
	}
	s, err := ort.NewDynamicAdvancedSession(path, inputs, outputs, so)
	if err != nil {
		return nil, fmt.Errorf("opening model %s: %w", path, err)
	}
	return &Session{s}, nil
}

// RunContext is Run that ctx can end: a run under way stops at its next node, and the
// error is ctx's cause.
func (s *Session) RunContext(ctx context.Context, inputs, outputs []ort.Value) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	o, err := ort.NewRunOptions()
	if err != nil {
		return err
	}
	defer func() { _ = o.Destroy() }()
	told := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(told)
		_ = o.Terminate()
	})
	err = s.RunWithOptions(inputs, outputs, o)
	if !stop() {
		<-told // o is its until then
	}
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// Close frees the model. No run may be under way.
func (s *Session) Close() error {
	if s == nil || s.DynamicAdvancedSession == nil {
		return nil
	}
	err := s.Destroy()
	s.DynamicAdvancedSession = nil
	return err
}

// CheckFile says whether path can be a model: a readable file of some size.
func CheckFile(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("opening model: %w", err)
	}
	if info.IsDir() || info.Size() < 64 {
		return fmt.Errorf("opening model: %s is not a model (%d bytes): fetch it again with \"hotline models pull\"", path, info.Size())
	}
	return nil
}
