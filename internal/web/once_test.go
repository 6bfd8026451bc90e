package web_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"hotline/internal/web"
)

// counting places calls and counts them; it refuses what is busy.
type counting struct{ n atomic.Int64 }

func (c *counting) Place(_ context.Context, p web.Placing) (string, error) {
	if p.To == "full" {
		return "", &web.RefusedError{Status: http.StatusServiceUnavailable, Code: "all_busy", Detail: "later"}
	}
	return fmt.Sprint("call-", c.n.Add(1)), nil
}

// The same Idempotency-Key places one call; another request by it is refused, and
// one that placed nothing may be made again.
func TestIdempotencyKey(t *testing.T) {
	calls := &counting{}
	st := start(t, func(c *web.Config) { c.Place = calls })
	v := st.program(t)
	post := func(key, body string) int {
		return v.request(http.MethodPost, "/api/v1/calls", body, "Idempotency-Key", key).StatusCode
	}
	assert.Equal(t, http.StatusCreated, post("a", `{"to":"10086"}`))
	assert.Equal(t, http.StatusCreated, post("a", `{"to":"10086"}`))
	assert.EqualValues(t, 1, calls.n.Load())
	assert.Equal(t, http.StatusUnprocessableEntity, post("a", `{"to":"10000"}`))
	assert.Equal(t, http.StatusCreated, post("b", `{"to":"10086"}`))
	assert.Equal(t, http.StatusServiceUnavailable, post("c", `{"to":"full"}`))
	assert.Equal(t, http.StatusServiceUnavailable, post("c", `{"to":"full"}`))
	assert.EqualValues(t, 2, calls.n.Load())
}
