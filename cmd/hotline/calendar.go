//go:build !rehearsal

package main

import "time"

// calendar is the clock of campaigns, and of the days and hours that bots speak of.
func calendar() time.Time { return time.Now() }
