//go:build !cgo

package media

import (
	"errors"

	"hotline/media/sdp"
)

func newOpus(sdp.Codec) (Codec, error) {
	return nil, errors.New("codec \"opus\" needs a program that was built with cgo")
}
