//go:build rehearsal

package main

import (
	"os"
	"sync"
	"time"

	"hotline/internal/rehearse"
)

// rehearsed is the calendar of a rehearsal. A program that can rehearse does nothing else:
// without a calendar it does not start.
var rehearsed = sync.OnceValue(func() *rehearse.Calendar {
	c, err := rehearse.Open(os.Getenv(rehearse.Variable))
	if err != nil {
		panic(rehearse.Variable + ": " + err.Error())
	}
	return c
})

// calendar is the clock of campaigns, and of the days and hours that bots speak of.
func calendar() time.Time { return rehearsed().Now() }
