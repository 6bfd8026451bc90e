package main

// Go's monitor thread sleeps 20 µs at a time while anything runs, and each of its
// wakings costs as much as a system call or two: at a thousand calls a second it was a
// tenth of what the server used, at a hundred more. Linux lets a sleep end late by the
// thread's timer slack, 50 µs unless told otherwise, and a thread inherits it from the
// one that starts it (PR_SET_TIMERSLACK). So it is set before the first thread of Go
// starts, which only C's constructors can do. Timers lose nothing by it: Go waits for
// them in whole milliseconds. Who has set another slack (TimerSlackNSec= of systemd)
// keeps it.

/*
#include <sys/prctl.h>

enum { usual = 50 * 1000, coarse = 200 * 1000 }; // ns

__attribute__((constructor)) static void wakeSeldom(void) {
	if (prctl(PR_GET_TIMERSLACK) == usual)
		prctl(PR_SET_TIMERSLACK, coarse);
}
*/
import "C"
