// Package flow is the tasks of a business: what has to be asked, looked up, decided
// and done to resolve what a caller rings about, written by the owner as a list of
// steps in flows/*.yaml.
//
// # Concepts
//
// A [Flow] is what stands in a file: slots (what has to be known) and steps (what is
// done, in order). [Compile] checks all flows of a business together and makes a
// [Set]. A caller's place in them is a [State], a value: [Set.Start], [Set.Answer],
// [Set.Retry] and [Set.Resume] take one and return the next in a [Move], with what
// is to be said and done, so that a reply can be tried without saying it.
//
// What a step wants from outside the dialogue (an HTTP look-up, a booking) is a
// [Request] in the Move; whoever drives the conversation gets it done and calls
// Resume. Tables are looked up at once: they are in memory.
//
// # Concurrency
//
// A Set is immutable and safe for concurrent use; a State is copied by assignment,
// its maps and slices are replaced and never written to.
package flow
