// Package config is the server's settings: one YAML file and the environment over
// it.
//
// # Concepts
//
// Every key has an environment variable: sip.listen is HOTLINE_SIP_LISTEN. Lists
// are separated by commas there, models as in PATH, choices by language are
// written zh=ID,en=ID. A key that does not exist is an error that names the file,
// the line and the nearest key that does, and so is a variable that is nearly the
// name of a known one; other HOTLINE_* variables (Kubernetes sets some) come back
// in [Config.Unused].
//
// A [Secret] is never taken from the YAML file itself but from its variable, from
// the file that its variable plus _FILE names, or from the file that its key plus
// _file names. It prints as "***".
//
// # Concurrency
//
// Load keeps nothing. A Config is plain data.
package config
