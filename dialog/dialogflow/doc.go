// Package dialogflow talks to Dialogflow.
//
// # Concepts
//
// A [Brain] answers callers by detectIntent, of ES (v2) or CX (v3), as backend.Brain.
// Exports are read by internal/migrate.
//
// # Concurrency
//
// A Brain is safe for concurrent use.
package dialogflow
