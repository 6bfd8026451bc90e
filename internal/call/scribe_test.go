package call

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"hotline/internal/event"
)

// stalling is a journal whose disk fails for a number of writes; like the database it
// keeps nothing of a call that it does not know.
type stalling struct {
	fails int
	begun bool
	kept  []string
}

func (j *stalling) write(what string) error {
	if j.fails--; j.fails >= 0 {
		return errors.New("the disk stalls")
	}
	if what == "begin" || what == "end" {
		j.begun = true
	} else if !j.begun {
		return errors.New("no such call")
	}
	j.kept = append(j.kept, what)
	return nil
}

func (j *stalling) Begin(context.Context, Record) error              { return j.write("begin") }
func (j *stalling) Update(context.Context, Record) error             { return j.write("update") }
func (j *stalling) AddTurn(context.Context, TurnRecord) error        { return j.write("turn") }
func (j *stalling) AddEvents(context.Context, string, []Event) error { return j.write("event") }
func (j *stalling) End(context.Context, Record) error                { return j.write("end") }

// A disk that stalls as a call begins costs what was to be written meanwhile, not the
// rest of the record.
func TestBeginningIsWrittenAgain(t *testing.T) {
	for _, tt := range []struct {
		fails int
		kept  []string
	}{
		{0, []string{"begin", "event", "turn", "end"}},
		{1, []string{"begin", "event", "turn", "end"}},
		{3, []string{"begin", "turn", "end"}},
		{9, nil},
	} {
		j := &stalling{fails: tt.fails}
		s := newScribe(j, &event.Bus{}, "x", slog.New(slog.DiscardHandler))
		written := make(chan struct{})
		s.begin(Record{ID: "x"}, written)
		s.event(Event{})
		s.turn(TurnRecord{})
		s.end(Record{ID: "x"})
		close(s.queue)
		s.run(t.Context())
		<-written
		require.Equal(t, tt.kept, j.kept, "%d writes fail", tt.fails)
	}
}
