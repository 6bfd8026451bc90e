// Package desk brings callers and people together: which agents there are and what
// each is doing, who waits for whom, and who is rung next.
//
// # Concepts
//
// A [Board] is the arithmetic: callers who wait, agents with skills, and [Rules] that
// an owner reads in business.yaml. It does no I/O and reads no clock; every method is
// told the time. A caller's rank is how long he has waited, and the rules' head starts
// count as if he had waited that much longer: so nobody waits for ever.
//
// A [Desk] is a Board that many calls use at once. It tells what changes on the bus,
// keeps what an agent chose in a [Store], so that a restart finds it again, and wakes
// callers when their turn has come.
//
// [Share] decides how the work is divided between bot and people while the queue
// grows and shrinks, [Rollout] which callers meet the bot at all.
//
// # Concurrency
//
// A Board belongs to one goroutine at a time. All methods of [Desk], [Share] and
// [Rollout] are safe for concurrent use. Desk.Run is the only goroutine here: it ends
// wrap-ups, lets rules that count seconds take effect, and writes what has changed; the
// database is never waited for with a lock held.
package desk
