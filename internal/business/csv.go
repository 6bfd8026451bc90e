package business

import "strings"

// record is one row of a table and the line on which it begins.
type record struct {
	line   int
	fields []string
}

// readCSV splits a table as spreadsheets write it (RFC 4180; comma, semicolon or
// tab, whichever the first line has most of). A quote that is never closed would
// swallow the rest of the file: it is taken for a plain character instead, and its
// line returned.
func readCSV(text string) (rows []record, unclosed []int) {
	r := csvReader{text: text, separator: separator(text), line: 1}
	for r.at < len(r.text) {
		start := r.line
		var fields []string
		for {
			field, more := r.field(&unclosed)
			fields = append(fields, field)
			if !more {
				break
			}
		}
		if len(fields) > 1 || fields[0] != "" {
			rows = append(rows, record{line: start, fields: fields})
		}
	}
	return rows, unclosed
}

// maxUnclosed bounds how often the rest of a file is searched for a closing quote.
const maxUnclosed = 50

func separator(text string) byte {
	head, _, _ := strings.Cut(text, "\n")
	best, most := byte(','), 0
	for _, c := range []byte{',', '\t', ';'} {
		if n := strings.Count(head, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

type csvReader struct {
	text      string
	separator byte
	at, line  int
}

// field reads one field and reports whether another follows in the row.
func (r *csvReader) field(unclosed *[]int) (string, bool) {
	if r.at < len(r.text) && r.text[r.at] == '"' && len(*unclosed) < maxUnclosed {
		if s, ok := r.quoted(); ok {
			return s, r.end()
		}
		*unclosed = append(*unclosed, r.line)
	}
	start := r.at
	for r.at < len(r.text) && r.text[r.at] != r.separator && r.text[r.at] != '\n' && r.text[r.at] != '\r' {
		r.at++
	}
	s := r.text[start:r.at]
	return s, r.end()
}

// quoted reads a field in quotes; not ok and unmoved if the quote is not closed.
func (r *csvReader) quoted() (string, bool) {
	var b strings.Builder
	at, line := r.at+1, r.line
	for {
		i := strings.IndexByte(r.text[at:], '"')
		if i < 0 {
			return "", false
		}
		b.WriteString(r.text[at : at+i])
		line += strings.Count(r.text[at:at+i], "\n")
		at += i + 1
		if at < len(r.text) && r.text[at] == '"' {
			b.WriteByte('"')
			at++
			continue
		}
		break
	}
	// Anything but the end of the field here means that the quote just found
	// opens another field, rows further down, and this one was never closed.
	end := at + len(r.text[at:]) - len(strings.TrimLeft(r.text[at:], " "))
	if end < len(r.text) && r.text[end] != r.separator && r.text[end] != '\n' && r.text[end] != '\r' {
		return "", false
	}
	r.at, r.line = end, line
	return strings.ReplaceAll(b.String(), "\r\n", "\n"), true
}

// end moves past what follows a field.
func (r *csvReader) end() bool {
	if r.at >= len(r.text) {
		return false
	}
	c := r.text[r.at]
	r.at++
	if c == r.separator {
		return true
	}
	if c == '\r' && r.at < len(r.text) && r.text[r.at] == '\n' {
		r.at++
	}
	r.line++
	return false
}
