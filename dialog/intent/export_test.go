package intent

import "crypto/sha256"

// Body is what is behind the head of a file.
func Body(file []byte) []byte { return file[len(fileMark)+8+sha256.Size:] }

// Decode is Load without the sums.
func Decode(body []byte) (*Model, error) { return decode(body) }
