// Package rasa talks to a Rasa server.
//
// # Concepts
//
// A [Brain] answers callers over the server's REST channel, as backend.Brain. Projects
// are read by internal/migrate.
//
// # Concurrency
//
// A Brain is safe for concurrent use.
package rasa
