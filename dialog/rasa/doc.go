// Package rasa talks to a Rasa server and reads Rasa projects.
//
// # Concepts
//
// A [Brain] answers callers over the server's REST channel, as backend.Brain.
// [Import] makes a business of a project folder (training data, domain, rules and
// stories), with a report of what could not be carried over.
//
// # Concurrency
//
// A Brain is safe for concurrent use; Import keeps nothing.
package rasa
