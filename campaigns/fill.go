package campaigns

import "strings"

// Fill puts a contact's fields into a text: "{name}". A field that he has not is left
// out; braces around what is no name stay.
func Fill(text string, fields map[string]string) string {
	var b strings.Builder
	for {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			break
		}
		end := strings.IndexByte(text[open:], '}')
		if end < 0 {
			break
		}
		name := strings.TrimSpace(text[open+1 : open+end])
		b.WriteString(text[:open])
		if name == "" || strings.ContainsAny(name, "{\n") {
			b.WriteString(text[open : open+end+1])
		} else {
			b.WriteString(fields[name])
		}
		text = text[open+end+1:]
	}
	b.WriteString(text)
	return b.String()
}
