package speech

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"hotline/internal/models"
)

// maxLoaded bounds the models of one kind in memory.
const maxLoaded = 4

// shelf holds the loaded models of one kind.
type shelf[T any] struct {
	kind   models.Kind
	set    *models.Set
	wanted map[string]string // language → ID
	open   func(ctx context.Context, id, dir string) (T, error)

	loading sync.WaitGroup

	mu    sync.Mutex // guards all below
	books map[string]*book[T]
}

// book is a model that is loaded, is being loaded, or could not be.
type book[T any] struct {
	done   chan struct{} // closed when loading has ended
	engine T
	err    error
}

func newShelf[T any](kind models.Kind, set *models.Set, wanted map[string]string, open func(context.Context, string, string) (T, error)) *shelf[T] {
	return &shelf[T]{kind: kind, set: set, wanted: wanted, open: open, books: map[string]*book[T]{}}
}

// anyModel are the names that OpenAI's clients send when nobody chose a model.
var anyModel = []string{"", "auto", "default", "whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "tts-1", "tts-1-hd", "gpt-4o-mini-tts", "text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002"}

// choose finds the ID of a model by the name that a request gave, or the one for
// its language.
func (s *shelf[T]) choose(name, language string) (string, error) {
	if slices.Contains(anyModel, name) {
		return s.forLanguage(language)
	}
	id := name
	if !strings.Contains(name, "/") {
		id = string(s.kind) + "/" + name
	}
	if !strings.HasPrefix(id, string(s.kind)+"/") {
		return "", fmt.Errorf("%w: %q is not of the kind %s", ErrNoModel, name, s.kind)
	}
	if _, ok := s.set.Find(id); !ok {
		return "", fmt.Errorf("%w: %q is not installed (GET /v1/models lists what is)", ErrNoModel, name)
	}
	return id, nil
}

func (s *shelf[T]) forLanguage(language string) (string, error) {
	language, _, _ = strings.Cut(strings.ToLower(language), "-")
	for _, l := range []string{language, ""} {
		if name := s.wanted[l]; name != "" {
			return s.choose(name, language)
		}
	}
	c, ok := s.set.Best(s.kind, language)
	if !ok {
		return "", fmt.Errorf("%w: %s", ErrNoModel, c.Why)
	}
	return c.ID, nil
}

// get returns a loaded model, loading it if need be; several callers share one
// loading, which goes on when they have lost patience. A model that could not be
// loaded is tried again by the next caller.
func (s *shelf[T]) get(ctx context.Context, id string) (T, error) {
	var none T
	dir, ok := s.set.Find(id)
	if !ok {
		return none, fmt.Errorf("%w: %q is not installed", ErrNoModel, id)
	}
	s.mu.Lock()
	b := s.books[id]
	if b == nil && len(s.books) >= maxLoaded {
		s.mu.Unlock()
		return none, fmt.Errorf("%d models of the kind %s are loaded already, the worker keeps no more", maxLoaded, s.kind)
	}
	mine := b == nil
	if mine {
		b = &book[T]{done: make(chan struct{})}
		s.books[id] = b
	}
	s.mu.Unlock()
	if mine {
		s.loading.Go(func() { s.load(context.WithoutCancel(ctx), b, id, dir) })
	}
	select {
	case <-b.done:
		return b.engine, b.err
	case <-ctx.Done():
		return none, context.Cause(ctx)
	}
}

// soon is get for a request, which does not wait long.
func (s *shelf[T]) soon(ctx context.Context, id string, patience time.Duration) (T, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("%w: %s", ErrLoading, id))
	defer cancel()
	return s.get(ctx, id)
}

func (s *shelf[T]) load(ctx context.Context, b *book[T], id, dir string) {
	ctx, cancel := context.WithTimeoutCause(ctx, loadTime, fmt.Errorf("loading took longer than %v", loadTime))
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			b.err = fmt.Errorf("loading %s: panic: %v\n%s", id, p, debug.Stack())
		}
		if b.err != nil {
			s.mu.Lock()
			delete(s.books, id)
			s.mu.Unlock()
		}
		close(b.done)
	}()
	b.engine, b.err = s.open(ctx, id, dir)
}

// loaded lists the IDs of the models that are ready.
func (s *shelf[T]) loaded() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for id, b := range s.books {
		select {
		case <-b.done:
			ids = append(ids, id)
		default:
		}
	}
	slices.Sort(ids)
	return ids
}

// close waits for what is being loaded and closes every model; nobody may use one
// any more.
func (s *shelf[T]) close() error {
	s.loading.Wait()
	s.mu.Lock()
	books := s.books
	s.books = map[string]*book[T]{}
	s.mu.Unlock()
	var errs []error
	for _, b := range books {
		if c, ok := any(b.engine).(io.Closer); ok && b.err == nil {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}
