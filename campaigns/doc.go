// Package campaigns decides whom to call, when, and whether it is allowed, and sees to
// it that each due attempt is dialled once at most, whatever dies.
//
// # Concepts
//
// A [Campaign] says what is said to whom and within which limits. Its [Contact]s wait
// in the store; a contact's next [Attempt] becomes due when windows, retries and caps
// allow. An attempt is claimed in the store, in one transaction that holds all caps,
// and is on record as dialling before anything is dialled; so a node that dies leaves
// an attempt that is settled from the call's record and never dialled again. Every
// attempt ends with an [Outcome], every contact with a reason, and every number that
// was not dialled has a [Refusal] on record.
//
// Windows, retries, compliance and pacing are arithmetic on values: they take the
// time and return an answer, and touch neither clock nor store.
//
// # Concurrency
//
// Constructors start nothing. Runner.Run owns what it starts and waits for it.
package campaigns
