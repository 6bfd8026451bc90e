package knowledge

import "testing"

func TestUngreeted(t *testing.T) {
	for _, c := range []struct{ language, text, asked string }{
		{"en", "Hi, I'd like to return a kettle. How long do I have?", "I'd like to return a kettle. How long do I have?"},
		{"en", "Hello there. Um, no, wait. Where is my parcel?", "Where is my parcel?"},
		{"en", "Hi.", "Hi."},
		{"en", "no", "no"},
		{"en", "No parcel, nothing came", "No parcel, nothing came"},
		{"zh", "你好，请问一下，运费多少", "运费多少"},
		{"zh", "哎不对不对，我是要换货", "我是要换货"},
		{"zh", "尺寸不对，我要换货", "尺寸不对，我要换货"},
		{"zh", "是不是，这周能到", "是不是，这周能到"},
		{"zh", "你好", "你好"},
		{"zh", "不对，", "不对，"},
	} {
		x, err := New(nil, Options{Language: c.language})
		if err != nil {
			t.Fatal(err)
		}
		if got := x.ungreeted(c.text); got != c.asked {
			t.Errorf("%q: %q, want %q", c.text, got, c.asked)
		}
	}
	x, err := New(nil, Options{Language: "en"})
	if err != nil {
		t.Fatal(err)
	}
	if got := x.inOneBreath("I'd like to return a kettle. It holds 1.7 liters, right?"); got != "I'd like to return a kettle It holds 1.7 liters right" {
		t.Error(got)
	}
}
