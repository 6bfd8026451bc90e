// Package dialogflow talks to Dialogflow and reads the exports of its ES agents.
//
// # Concepts
//
// A [Brain] answers callers by detectIntent, of ES (v2) or CX (v3), as backend.Brain.
// [Import] makes a business of an exported ES agent (zip), with a report of what could
// not be carried over.
//
// # Concurrency
//
// A Brain is safe for concurrent use; Import keeps nothing.
package dialogflow
