package web

import (
	"net"

	"github.com/danielgtaylor/huma/v2"
)

// client is what an input learns of the connection.
type client struct {
	ip      string
	program string // User-Agent
	secure  bool
}

const maxProgram = 256

// Resolve is for huma.
func (c *client) Resolve(ctx huma.Context) []error {
	c.ip = ctx.RemoteAddr()
	if host, _, err := net.SplitHostPort(c.ip); err == nil {
		c.ip = host
	}
	c.program = ctx.Header("User-Agent")
	if len(c.program) > maxProgram {
		c.program = c.program[:maxProgram]
	}
	// A proxy that ends TLS says so; a client that lies only spoils its own cookie.
	c.secure = ctx.TLS() != nil || ctx.Header("X-Forwarded-Proto") == "https"
	return nil
}
