package sdp

import (
	"slices"
	"strings"
)

// Prefer returns a session description whose first sound stream lists the named
// codecs alone, in this order, with telephone events kept where keys is true. It is
// for a far end whose wishes are known from elsewhere. A description that has none of
// the codecs loses no codec.
func Prefer(description []byte, codecs []string, keys bool) []byte {
	if len(codecs) == 0 && keys {
		return description
	}
	lines := strings.Split(strings.ReplaceAll(string(description), "\r\n", "\n"), "\n")
	first := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "m=audio ") })
	if first < 0 {
		return description
	}
	end := len(lines)
	for i := first + 1; i < len(lines); i++ {
		if strings.HasPrefix(lines[i], "m=") {
			end = i
			break
		}
	}
	fields := strings.Fields(lines[first])
	if len(fields) < 4 {
		return description
	}
	names := map[string]string{"0": "pcmu", "8": "pcma", "9": "g722", "13": "cn"} // RFC 3551 section 6
	for _, l := range lines[first:end] {
		if rest, ok := strings.CutPrefix(l, "a=rtpmap:"); ok {
			format, codec, _ := strings.Cut(rest, " ")
			name, _, _ := strings.Cut(codec, "/")
			names[format] = strings.ToLower(strings.TrimSpace(name))
		}
	}
	formats := wanted(fields[3:], names, codecs, keys)
	if len(formats) == 0 {
		return description
	}
	lines[first] = strings.Join(append(fields[:3:3], formats...), " ")
	out := slices.Clone(lines[:first+1])
	for _, l := range lines[first+1 : end] {
		if !aboutDropped(l, formats) {
			out = append(out, l)
		}
	}
	return []byte(strings.Join(append(out, lines[end:]...), "\r\n"))
}

// wanted are the formats that stay, in their new order.
func wanted(formats []string, names map[string]string, codecs []string, keys bool) []string {
	extra := func(f string) bool { return names[f] == "telephone-event" || names[f] == "cn" }
	var out []string
	for _, c := range codecs {
		for _, f := range formats {
			if strings.EqualFold(names[f], c) && !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	if len(out) == 0 {
		for _, f := range formats {
			if !extra(f) {
				out = append(out, f)
			}
		}
	}
	for _, f := range formats {
		if names[f] == "cn" || names[f] == "telephone-event" && keys {
			out = append(out, f)
		}
	}
	return out
}

// aboutDropped tells an attribute of a format that is gone.
func aboutDropped(line string, formats []string) bool {
	for _, attribute := range []string{"a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"} {
		if rest, ok := strings.CutPrefix(line, attribute); ok {
			format, _, _ := strings.Cut(rest, " ")
			return format != "*" && !slices.Contains(formats, format)
		}
	}
	return false
}
