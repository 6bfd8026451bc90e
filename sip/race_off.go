//go:build !race

package sip

func sentOnWire()     {}
func receivedOnWire() {}
