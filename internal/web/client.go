package web

import (
	"net"

	"github.com/danielgtaylor/huma/v2"
)

// client is what an input learns of the connection.
type client struct {
	ip     string
	secure bool
}

// Resolve is for huma.
func (c *client) Resolve(ctx huma.Context) []error {
	c.ip = ctx.RemoteAddr()
	if host, _, err := net.SplitHostPort(c.ip); err == nil {
		c.ip = host
	}
	// A proxy that ends TLS says so; a client that lies only spoils its own cookie.
	c.secure = ctx.TLS() != nil || ctx.Header("X-Forwarded-Proto") == "https"
	return nil
}
