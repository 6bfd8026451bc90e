// Package custody looks after personal data that lies on disk: it seals recordings once
// their calls are over, deletes what is older than it may be, rotates keys, exports and
// erases what is kept of a caller, makes backups, and reports what is wrong with any of
// that.
//
// # Concepts
//
// While a call lasts its recording is a plain file that the service alone can read, so
// that a crash costs nothing of it. Afterwards, or at the next start, it is sealed beside
// itself under its name with ".sealed" behind, read back, and the plain one is removed:
// killed at any moment there is one of them, and whichever there is is served.
//
// Everything here can be broken off and begun again: what is done is seen from the files
// and rows themselves, no progress is kept elsewhere.
//
// # Concurrency
//
// [Keeper.Run] is one goroutine of its caller's; the other functions keep no state and may
// run beside it and in other processes.
package custody
