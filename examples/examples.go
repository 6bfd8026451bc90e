// Package examples holds whole businesses, ready to be begun from: hotline init
// copies one, TestThePacks* of internal/business hold them to what they promise.
package examples

import "embed"

// Packs has one folder for each business. Their rendered speech is in it too: the
// answers that an owner leaves as they are sound at once, before any voice has
// been run.
//
//go:embed retail-zh retail-en dental-zh repair-zh
var Packs embed.FS
