package web

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Who leaves a page while it is read is no fault that an operator should look for.
func TestWhoLeavesIsNoFault(t *testing.T) {
	var log bytes.Buffer
	s := &Server{log: slog.New(slog.NewTextHandler(&log, nil))}
	ctx, leave := context.WithCancel(t.Context())
	assert.Equal(t, "internal", s.internal(ctx, errors.New("read tasks: the disk is on fire")).Code)
	assert.Contains(t, log.String(), "on fire")
	log.Reset()
	leave()
	assert.Equal(t, "client_gone", s.internal(ctx, context.Canceled).Code)
	assert.Empty(t, log.String())
}
