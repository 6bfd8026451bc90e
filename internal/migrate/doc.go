// Package migrate makes a business folder of a bot that was built elsewhere: a Rasa
// project ([Rasa]), an export of a Dialogflow ES agent ([Dialogflow]).
//
// # Concepts
//
// A [Pack] is what could be carried over: questions with answers, tasks, labelled
// sentences, words that mean the same. Its [Report] counts what there was and what
// became of it, and says of everything left behind why. [Pack.Write] makes the folder.
// What a bot's own code did is not carried over: such a task goes to a person, and the
// report names it.
//
// Projects come from strangers: what is read is bounded in files, bytes and depth, and
// nothing of a name in it becomes a path on this machine.
//
// # Concurrency
//
// A Pack belongs to one goroutine; the package keeps no state.
package migrate
