package web

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	onceFor = 24 * time.Hour
	maxOnce = 10_000 // keys remembered; the oldest are forgotten first
)

// onceOnly remembers by Idempotency-Key which call a request has placed, so that a
// client that asks again after a lost answer places no second one.
type onceOnly struct {
	mu    sync.Mutex // guards the rest
	known map[[32]byte]*placedOnce
	order [][32]byte // oldest first
}

type placedOnce struct {
	body [32]byte
	id   string // "" while it is being placed
	at   time.Time
}

// once calls place unless the same key of the same identity has done so.
func (o *onceOnly) once(who, key string, body any, now time.Time, place func() (string, error)) (string, error) {
	if key == "" {
		return place()
	}
	text, err := json.Marshal(body)
	if err != nil {
		return "", fmt.Errorf("comparing requests: %w", err)
	}
	k, sum := sha256.Sum256([]byte(who+"\x00"+key)), sha256.Sum256(text)
	if id, err := o.seen(k, sum, now); id != "" || err != nil {
		return id, err
	}
	id := ""
	defer func() { o.settle(k, id) }()
	id, err = place()
	return id, err
}

// seen is the call that the key has placed, "" if it is new: then it is taken.
func (o *onceOnly) seen(k, body [32]byte, now time.Time) (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.order) > 0 {
		first := o.known[o.order[0]]
		if first != nil && now.Sub(first.at) < onceFor && len(o.order) < maxOnce {
			break
		}
		delete(o.known, o.order[0])
		o.order = o.order[1:]
	}
	p, ok := o.known[k]
	switch {
	case !ok:
	case p.body != body:
		return "", problem(http.StatusUnprocessableEntity, "key_reused", "this Idempotency-Key was used for another request")
	case p.id == "":
		return "", problem(http.StatusConflict, "in_progress", "the request with this Idempotency-Key is still being served")
	default:
		return p.id, nil
	}
	if o.known == nil {
		o.known = map[[32]byte]*placedOnce{}
	}
	o.known[k] = &placedOnce{body: body, at: now}
	o.order = append(o.order, k)
	return "", nil
}

// settle notes the call; a request that placed none may be made again.
func (o *onceOnly) settle(k [32]byte, id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if p := o.known[k]; p != nil && id != "" {
		p.id = id
		return
	}
	delete(o.known, k)
	for i := range o.order {
		if o.order[i] == k {
			o.order = append(o.order[:i], o.order[i+1:]...)
			return
		}
	}
}
