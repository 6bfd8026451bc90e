// Package bench measures how fast the telephone answers and what a call costs.
//
// # Concepts
//
// A [Bench] starts the server as a program of its own ([server]), with a data
// folder and ports that nobody else uses, and rings it over loopback as a telephone
// would. The caller's side of the wire is the clock: a [wire] stands between the
// caller's media session and its socket and notes when each packet was sent or came
// and how loud it is, before any jitter buffer. What the server itself wrote down
// about a call only tells which packets were the answer (and not a filler) and how
// the time divides.
//
// Some scenarios are measured: the response to known questions, the pick-up, the
// barge-in with the noises that must not cause one, and the cost of media. The
// last one rings with a load generator of its own that costs less than the server.
// Campaigns are measured against a telephone network of the project's own making: how many
// calls they begin and hold, how fast contacts come in, and how long the runner looks for
// who is due. Besides, the capacity: how many callers the bot serves at once, with recognition by
// its own worker or by a [Replay] that stands for other machines.
//
// Every figure is a [Line] of JSON. Marks are the project's own limits; a line says
// whether they were met. Others is how many cores other programs took meanwhile:
// figures taken on a busy machine say so themselves.
//
// # Concurrency
//
// Each scenario blocks, starts its callers and waits for them. Every wait is
// bounded, and the server is ended by its process id when Run returns.
package bench
