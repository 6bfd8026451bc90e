package business

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// decodeText makes UTF-8 of what people save: UTF-8 with or without a byte order
// mark, UTF-16 with one (a spreadsheet's "Unicode text"), GB18030 (a Chinese
// Windows spreadsheet's CSV). ok is false if it is none of them; what could be
// read is in text all the same.
func decodeText(data []byte) (text string, ok bool) {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		data = data[3:]
		return strings.ToValidUTF8(string(data), "\ufffd"), utf8.Valid(data)
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		out, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(data)
		return string(out), err == nil && !bytes.ContainsRune(out, utf8.RuneError)
	case utf8.Valid(data):
		return string(data), true
	}
	out, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
	return string(out), err == nil && !bytes.ContainsRune(out, utf8.RuneError)
}
