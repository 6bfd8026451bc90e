package engine_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/dialog/internal/packtest"
	"hotline/internal/testdata"
)

// tally is how the first reply to questions was.
type tally struct{ right, back, wrong, unknown, commands, all int }

// ask puts each question to a call of its own.
func ask(t *testing.T, p packtest.Pack, asked []packtest.Asked, confidence float64) (tally, []string) {
	t.Helper()
	var n tally
	var misses []string
	cfg := config(t, p)
	e, err := engine.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range asked {
		conv, err := e.Begin(context.Background(), dialog.Facts{CallID: "c", Caller: "1"})
		if err != nil {
			t.Fatal(err)
		}
		c := &call{t, conv}
		c.open()
		s := c.turn(dialog.Turn{Kind: dialog.Spoke, Text: a.Text, Confidence: confidence})
		n.all++
		among := slices.ContainsFunc(s.note.Candidates[:min(2, len(s.note.Candidates))], func(c dialog.Candidate) bool { return c.ID == a.ID })
		switch {
		case s.note.KnowledgeID == a.ID && a.ID != "":
			n.right++
			continue
		case a.ID == "" && slices.Contains(notOurs, s.note.KnowledgeID):
			n.unknown++
		case s.note.KnowledgeID != "":
			n.wrong++
			misses = append(misses, "wrong: "+a.Text+" → "+s.note.KnowledgeID)
		case (s.note.Intent == "which" || s.note.Intent == "confirm") && among:
			n.back++
		case s.note.Source == "command":
			n.commands++
			misses = append(misses, "command: "+a.Text+" → "+s.note.Intent)
		default:
			n.unknown++
		}
	}
	return n, misses
}

// notOurs are pairs of the example businesses that say that something is no concern of
// theirs: out of scope, that is as right as not to know it.
var notOurs = []string{"not-sold", "not-sold-home", "not-us-home", "other-account", "other-brand", "other-card", "wrong-number"}

func (n tally) log(t *testing.T, what string) {
	t.Helper()
	pc := func(k int) float64 { return 100 * float64(k) / float64(max(n.all, 1)) }
	t.Logf("%s: %d asked, answered rightly %.1f%%, asked back with the right one %.1f%%, answered wrongly %.1f%%, not known %.1f%%, taken for a command %.1f%%",
		what, n.all, pc(n.right), pc(n.back), pc(n.wrong), pc(n.unknown), pc(n.commands))
}

// Marks without embeddings, which every installation has: ordinary wordings are
// answered at once, and what is out of scope is not.
func TestMarks(t *testing.T) {
	for _, p := range []packtest.Pack{packtest.Hotel(t), packtest.Gym(t)} {
		n, misses := ask(t, p, p.Asked, 0.9)
		n.log(t, p.Language)
		if n.right*100 < 85*n.all || n.wrong*100 > 3*n.all || n.commands > 0 {
			t.Errorf("%s: too few right", p.Language)
			for _, m := range misses {
				t.Log(m)
			}
		}
		far, _ := ask(t, p, p.Far, 0.9)
		far.log(t, p.Language+", far-fetched")
		if far.wrong*100 > 10*far.all {
			t.Errorf("%s: %d far-fetched wordings of %d answered wrongly", p.Language, far.wrong, far.all)
		}
		outside := make([]packtest.Asked, len(p.Outside))
		for i, text := range p.Outside {
			outside[i].Text = text
		}
		oos, misses := ask(t, p, outside, 0.9)
		oos.log(t, p.Language+", out of scope")
		if oos.wrong*100 > 5*oos.all {
			t.Errorf("%s: %d of %d out of scope answered", p.Language, oos.wrong, oos.all)
			for _, m := range misses {
				t.Log(m)
			}
		}
		// half of the characters' sounds stay, some characters do not
		noise := packtest.NewNoise(texts(p))
		r := rand.New(rand.NewPCG(3, 4))
		spoiled := slices.Clone(p.Asked)
		for i := range spoiled {
			spoiled[i].Text = noise.Spoil(r, spoiled[i].Text, 0.15)
		}
		bad, _ := ask(t, p, spoiled, 0.7)
		bad.log(t, p.Language+", 15% misheard")
		if (bad.right+bad.back)*100 < 75*bad.all || bad.wrong*100 > 4*bad.all {
			t.Errorf("%s: misheard wordings", p.Language)
		}
	}
}

// A shop of hundreds of pairs answers questions that were written from the list of
// its subjects alone.
func TestLargePacks(t *testing.T) {
	for _, c := range []struct {
		language           string
		right, back, wrong int // per cent: at least, together with asking back at least, at most
	}{{"zh", 45, 70, 4}, {"en", 72, 80, 4}} {
		p, ok := packtest.Example(t, testdata.Root(t), "retail-"+c.language, c.language)
		if !ok {
			t.Skip("examples/retail-" + c.language + " is not here")
		}
		var inside, outside []packtest.Asked
		for _, a := range packtest.Blind(t, "blind-retail-"+c.language) {
			if a.ID == "" {
				outside = append(outside, a)
			} else {
				inside = append(inside, a)
			}
		}
		n, misses := ask(t, p, inside, 0.9)
		n.log(t, "retail-"+c.language)
		if n.right*100 < c.right*n.all || (n.right+n.back)*100 < c.back*n.all || n.wrong*100 > c.wrong*n.all {
			t.Errorf("%s: too few right\n%s", c.language, strings.Join(misses, "\n"))
		}
		oos, misses := ask(t, p, outside, 0.9)
		oos.log(t, "retail-"+c.language+", out of scope")
		if oos.wrong > 2 {
			t.Errorf("%s: out of scope answered\n%s", c.language, strings.Join(misses, "\n"))
		}
	}
}

func texts(p packtest.Pack) []string {
	var out []string
	for _, q := range p.Pairs {
		out = append(append(out, q.Question, q.Answer), q.Variants...)
	}
	for _, a := range append(slices.Clone(p.Asked), p.Far...) {
		out = append(out, a.Text)
	}
	return append(out, p.Outside...)
}

// What other businesses and other people's assistants are asked is not answered.
func TestOtherPeoplesQuestions(t *testing.T) {
	for _, x := range []struct {
		pack         packtest.Pack
		file, intent string
		most         int // percent
	}{
		{packtest.Hotel(t), "smp2017_develop.csv", "", 5},
		{packtest.Hotel(t), "jddc_dev.csv", "", 8}, // a shop's
		{packtest.Gym(t), "clinc150_val.csv", "oos", 5},
		{packtest.Gym(t), "clinc150_val.csv", "", 7},
	} {
		var outside []packtest.Asked
		for i, row := range packtest.Rows(t, testdata.Shared(t, "intents/"+x.file)) {
			switch row["topic"] { // the hotel has bills, payment, cancelling and members too
			case "invoice", "payment", "order", "coupon_promo", "account":
				continue
			}
			if (x.intent == "" && i%4 == 0 && row["intent"] != "oos") || row["intent"] == x.intent {
				outside = append(outside, packtest.Asked{Text: row["text"]})
			}
		}
		n, _ := ask(t, x.pack, outside, 0.9)
		n.log(t, x.pack.Language+" "+x.file+" "+x.intent)
		if n.wrong*100 > x.most*n.all {
			t.Errorf("%s: %d of %d answered", x.file, n.wrong, n.all)
		}
	}
}

func BenchmarkReply(b *testing.B) {
	p := packtest.Hotel(b)
	c := begin(b, config(b, p))
	c.open()
	i := 0
	for b.Loop() {
		i++
		c.turn(dialog.Turn{Kind: dialog.Spoke, Text: p.Asked[i%len(p.Asked)].Text, Confidence: 0.9})
	}
}
