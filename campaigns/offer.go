package campaigns

import "strings"

// SaysKey tells whether a text names a key of the telephone, as a digit or as it is
// spoken.
func SaysKey(text, key string) bool {
	text = strings.ToLower(text)
	for _, word := range append([]string{key}, keyWords(key)...) {
		if word != "" && strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// keyWords are how a key is spoken.
func keyWords(key string) []string {
	switch key {
	case "0":
		return []string{"零", "zero"}
	case "1":
		return []string{"一", "幺", "one"}
	case "2":
		return []string{"二", "two"}
	case "3":
		return []string{"三", "three"}
	case "4":
		return []string{"四", "four"}
	case "5":
		return []string{"五", "five"}
	case "6":
		return []string{"六", "six"}
	case "7":
		return []string{"七", "seven"}
	case "8":
		return []string{"八", "eight"}
	case "9":
		return []string{"九", "nine"}
	case "*":
		return []string{"星", "star"}
	case "#":
		return []string{"井", "pound", "hash"}
	}
	return nil
}
