package call

import (
	"iter"
	"runtime"
)

// aside runs f on a stack of its own. Setting a call up goes deep, 16 KiB with what
// answers it, and the call then stands for minutes in a few frames: a goroutine's
// stack is only ever made smaller by the collector, and not by much while frames are
// on it. A coroutine's is used again at once, and no thread is woken to start one. A
// panic of f is its error.
func aside(f func() error) (err error) {
	next, stop := iter.Pull(func(func(struct{}) bool) {
		growStack()
		err = guard(f)
	})
	defer stop()
	next()
	return err
}

// growStack makes the stack of a new goroutine as large as a call's beginning and end
// need it, at once and while little is on it: copied deep in a call it costs 3 % of a
// short one.
//
//go:noinline
func growStack() {
	var room [10 << 10]byte
	runtime.KeepAlive(&room)
}
