// Package web is the HTTP side of hotline: the console, its JSON API with OpenAPI,
// the stream of live events, health and metrics.
//
// # Concepts
//
// [New] puts the routes together and binds the address; [Server.Run] serves until
// its ctx ends. What the API shows comes from the store; what it does to calls and
// what it knows of speech, agents and lines comes through small interfaces, any of
// which may be nil: its route then answers 501 with a code, or lists nothing.
//
// Everything but /healthz, /readyz, the login, the OpenAPI and the console's own
// files needs a login: a session cookie with a CSRF header for changes, or a bearer
// token. /metrics is open to the machine itself. Errors are RFC 9457 problems with
// a code for machines. Numbers reach an analyst masked.
//
// # Concurrency
//
// A Server is safe for concurrent use. Run waits for every request that it serves;
// event streams end first, so that they do not hold it up.
package web
