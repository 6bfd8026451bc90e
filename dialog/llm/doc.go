// Package llm lets a language model behind an OpenAI-compatible API add to the
// dialogue, without being believed.
//
// # Concepts
//
// A [Client] is a chain of endpoints with a circuit breaker each; it implements
// [engine.Model]. Each call gets a budget of requests and tokens. What a model
// writes is cut into sentences, and each is checked before it is spoken: every
// number with its unit, date, price, name, address and promise must stand in the
// sources that the model was given, in the same clause and with the same negation
// (see ground.go). Everything else in it must be common function words or words of
// those sources: what is not known to be harmless is not said. So instructions that
// a caller speaks, or that stand in a table, can make a model write what they like
// without any of it being heard.
//
// Tool calls may only begin a flow of the business or name a skill of its own.
// Personal data are masked before they go into a prompt.
//
// # Limits
//
// The check knows words, not truth: a sentence put together of true clauses may
// still answer another question than the one asked. A time limit covers each
// request, an earlier one its first words; a reply that breaks off ends at its last
// whole sentence.
//
// # Concurrency
//
// A Client is safe for concurrent use. What [Client.Call] returns belongs to one
// call and may be used by several goroutines.
package llm
