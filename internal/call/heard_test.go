package call

import (
	"strings"
	"testing"
	"time"
)

func TestSplit(t *testing.T) {
	tests := []struct {
		text          string
		played, total time.Duration
		heard, rest   string
	}{
		{"我们早上九点开门。", 0, 2 * time.Second, "", "我们早上九点开门。"},
		{"我们早上九点开门。", 2 * time.Second, 2 * time.Second, "我们早上九点开门。", ""},
		{"我们早上九点开门", time.Second, 2 * time.Second, "我们早上", "九点开门"},
		{"we open at nine", time.Second, 2 * time.Second, "we open", "at nine"},
		{"尾号4417的订单", 1400 * time.Millisecond, 2 * time.Second, "尾号4417的", "订单"},
	}
	for _, tt := range tests {
		h, r := split(tt.text, tt.played, tt.total)
		if h != tt.heard || r != tt.rest {
			t.Errorf("split(%q, %v of %v) = %q, %q; want %q, %q", tt.text, tt.played, tt.total, h, r, tt.heard, tt.rest)
		}
	}
}

// Whatever is heard and unheard together is the text; more playing never means
// that less was heard; no English word is cut.
func FuzzSplit(f *testing.F) {
	f.Add("您好, this is 云上商城 4417!", 700)
	f.Fuzz(func(t *testing.T, text string, ms int) {
		if strings.ToValidUTF8(text, "") != text || ms < 0 || ms > 1<<20 {
			t.Skip()
		}
		total := 3 * time.Second
		h, r := split(text, time.Duration(ms)*time.Millisecond, total)
		if squash(h+r) != squash(text) {
			t.Fatalf("%q + %q is not %q", h, r, text)
		}
		h2, _ := split(text, time.Duration(ms+100)*time.Millisecond, total)
		if len(h2) < len(h) {
			t.Fatalf("100 ms more and less was heard: %q, then %q", h, h2)
		}
	})
}

func squash(s string) string { return strings.Join(strings.Fields(s), "") }

func TestRate(t *testing.T) {
	tests := []struct {
		name string
		f    Facts
		want Outcome
	}{
		{"hung up during the greeting", Facts{CallerLeft: true}, Abandoned},
		{"answered, then hung up", Facts{Asked: 1, LastResolved: true, CallerLeft: true}, Resolved},
		{"last question left open", Facts{Asked: 2, CallerLeft: true}, Unresolved},
		{"left while an agent was rung", Facts{Asked: 1, LastResolved: true, WaitingForAgent: true, CallerLeft: true}, Abandoned},
		{"spoke to a person", Facts{Asked: 1, Bridged: true, CallerLeft: true}, Transferred},
		{"callback noted", Facts{Asked: 1, WishTaken: true}, Resolved},
		{"silent caller, bot hung up", Facts{}, Unresolved},
	}
	for _, tt := range tests {
		if got := Rate(tt.f); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
