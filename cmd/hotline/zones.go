package main

// The clocks of the whole world are in the program: who is called in a zone that a small
// machine does not know would be called by another's clock.
import _ "time/tzdata"
