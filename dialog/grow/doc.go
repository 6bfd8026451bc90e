// Package grow learns from what callers said: it proposes wordings for the pairs
// that resolved them, and names what is asked and not known.
//
// # Concepts
//
// A Conversation is a caller's turns in order, with the pair that each was answered
// by. Where a wording was not understood and a later one led to a pair, the first
// wording is evidence for that pair. A Label is somebody's name for what a turn
// wanted (an agent's reason code, an intent): turns of one label mostly mean the
// same few pairs, which is learnt from those turns that are understood anyway.
//
// Propose cleans and folds wordings, scores each against the pairs, weighs that with its
// label, with what like wordings are called and with how it is said (judge), lets later
// turns and people overrule, and keeps what is sure enough and new. What
// is personal is never proposed, nor a wording that stands at any pair, and of
// sentences that differ in a filled-in place only one. Nothing is changed by it: a
// person accepts proposals.
//
// # Concurrency
//
// Propose scores with as many goroutines as there are processors and waits for them;
// its outcome does not depend on their order.
package grow
