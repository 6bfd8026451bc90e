// Package backend lets a dialogue system elsewhere (Rasa, Dialogflow) answer the
// callers of a line.
//
// # Concepts
//
// A [Brain] is that system: a sentence goes in, sentences and wishes come out. The
// [Engine] puts it behind the line's own engine, which keeps what a telephone owes
// its callers whatever the brain is like: it says who is speaking, bears silence and
// noise, follows the caller's mood, brings him to a person at the first word of it or
// when he is upset twice, takes messages and callbacks, and goes on where the brain is
// lost: with what the line knows, the keypad, a person. Nothing that the brain writes is
// spoken unchecked: it is made fit for the ear ([Plain]) and passes the line's
// moderation. What the caller says passes it too, and personal data that the brain
// need not know are masked before they leave.
//
// # Concurrency
//
// An Engine is safe for concurrent use, so must a Brain be. A conversation's Reply
// is called by one goroutine at a time, its Listener methods by any.
package backend
