package embed

import (
	"context"
	"errors"
	"math"
)

// Joined is several models as one, which tell more than each: a text's vectors stand
// one behind the other, of length 1 together.
type Joined []Embedder

// Embed returns one vector of length 1 for each text, in their order.
func (j Joined) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	share := float32(1 / math.Sqrt(float64(len(j))))
	for _, e := range j {
		vectors, err := e.Embed(ctx, texts)
		if err != nil {
			return nil, err
		}
		if len(vectors) != len(texts) {
			return nil, errors.New("embedding: a vector is missing")
		}
		for i, v := range vectors {
			for _, x := range v {
				out[i] = append(out[i], x*share)
			}
		}
	}
	return out, nil
}

// Close closes the models that can be closed.
func (j Joined) Close() error {
	var errs []error
	for _, e := range j {
		if c, ok := e.(interface{ Close() error }); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}
