package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog/intent"
	"hotline/dialog/knowledge"
	"hotline/internal/config"
)

// letters is an embedder that counts letters, and is not there for a while.
type letters struct {
	away  int // how often it fails before it is there
	asked int
}

func (l *letters) Embed(_ context.Context, texts []string) ([][]float32, error) {
	l.asked++
	if l.asked <= l.away {
		return nil, errors.New("the worker is starting")
	}
	out := make([][]float32, len(texts))
	for i, t := range texts {
		out[i] = make([]float32, 8)
		for _, r := range t {
			out[i][r%8]++
		}
	}
	return out, nil
}

func refundOrTrack() []intent.Example {
	var out []intent.Example
	for _, t := range []string{"i want my money back", "refund this please", "give me a refund", "return my money"} {
		out = append(out, intent.Example{Text: t, Intent: "refund"})
	}
	for _, t := range []string{"where is my parcel", "track my order", "has it shipped", "when does it arrive"} {
		out = append(out, intent.Example{Text: t, Intent: "track"})
	}
	return append(out, intent.Example{Text: "我要退款", Intent: "refund"})
}

// A server starts with words alone; when the worker is there the lines go over to
// meaning without a restart, also those that are read again later.
func TestIntentsLearnMeaningWhenItComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := learnIntents(refundOrTrack(), "en", nil)
		require.NoError(t, err)
		name, _, _ := r.Classify(t.Context(), "a refund please")
		assert.Equal(t, "refund", name, "words decide at the start")
		assert.Len(t, r.examples, 8, "those of the line's language")

		first, lines := r.model.Load(), []*router{r}
		meaning := &letters{away: 3}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			deepen(ctx, func() []*router { return lines }, func(language string) knowledge.Embedder {
				assert.Equal(t, "en", language)
				return meaning
			}, discard())
		}()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		assert.Same(t, first, r.model.Load(), "the worker is not there")
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		assert.NotSame(t, first, r.model.Load())
		before := meaning.asked
		name, _, _ = r.Classify(t.Context(), "where is the parcel")
		assert.Equal(t, "track", name)
		assert.Equal(t, before+1, meaning.asked, "the caller's text is looked at by meaning")

		again, err := learnIntents(refundOrTrack(), "en", nil)
		require.NoError(t, err)
		lines = []*router{again}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		assert.True(t, again.deep.Load())
		cancel()
		<-done
	})
}

func TestNothingToTellApart(t *testing.T) {
	r, err := learnIntents(refundOrTrack(), "zh", nil)
	require.NoError(t, err)
	assert.Nil(t, r)
}

// What eval intents has embedded once it does not embed again.
func TestVectorsOfTrainingTextsAreKept(t *testing.T) {
	var c config.Config
	c.Data.Dir = t.TempDir()
	texts := []string{"where is my parcel", "refund this please"}
	ask := func(m *letters) [][]float32 {
		kept := keepVectors(c, "eval-intents", "en", m)
		got, err := kept.Embed(t.Context(), texts)
		require.NoError(t, err)
		require.NoError(t, kept.Close())
		return got
	}
	want, second := ask(&letters{}), &letters{}
	assert.Equal(t, want, ask(second))
	assert.Equal(t, 1, second.asked, "for what the model is known by")
}
