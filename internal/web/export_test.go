package web

import "hotline/internal/store"

// Access is the access table, for the test that goes over all of it: none for an
// operation that needs no login.
func Access() map[string][]store.Role {
	out := map[string][]store.Role{}
	for id, r := range accessTable() {
		out[id] = r.roles
	}
	return out
}
