//go:build race

package sip

import (
	"runtime"
	"unsafe"
)

// The race detector learns from package syscall that what was sent came before what is
// received; of system calls made without it, it must be told.
var wireOrder byte

func sentOnWire()     { runtime.RaceReleaseMerge(unsafe.Pointer(&wireOrder)) }
func receivedOnWire() { runtime.RaceAcquire(unsafe.Pointer(&wireOrder)) }
