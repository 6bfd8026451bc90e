package knowledge_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"testing"

	"hotline/dialog/internal/packtest"
	"hotline/dialog/knowledge"
)

var (
	folds     = flag.Int("folds", 0, "how many of the five parts of the shops' wordings to ask; default one in each language, of each pair's wordings one")
	confusion = flag.Int("confused", 0, "how many pairs that are taken for one another to show")
)

// heldOut divides a pack's wordings by their hash into parts of a fifth, and returns the
// pack without those of one, and those, as questions.
func heldOut(p packtest.Pack, part uint32) (packtest.Pack, []packtest.Asked) {
	rest := p
	rest.Pairs = slices.Clone(p.Pairs)
	var asked []packtest.Asked
	for i := range rest.Pairs {
		q := &rest.Pairs[i]
		var kept []string
		for _, text := range q.Variants {
			h := fnv.New32a()
			h.Write([]byte(text))
			if h.Sum32()%5 == part {
				asked = append(asked, packtest.Asked{Text: text, ID: q.ID})
				continue
			}
			kept = append(kept, text)
		}
		q.Variants = kept
	}
	return rest, asked
}

// TestHeldOutWordings asks a shop what it knows in wordings that it was not shown: which
// neighbours are taken for one another, and whether more wordings made that better. Run
//
//	go test ./dialog/knowledge -run TestHeldOutWordings -v -meaning -folds 5 -confused 60
//
// for all wordings and the pairs that need telling apart. The same hand wrote what is asked
// and what is known, so a stranger's questions fare worse.
func TestHeldOutWordings(t *testing.T) {
	with := map[string]knowledge.Embedder{}
	if *meaning {
		with = embedders(t)
	}
	for _, shop := range []struct {
		language string
		at85     float64 // at least
	}{{"zh", 0.5}, {"en", 0.35}} {
		t.Run(shop.language, func(t *testing.T) { askHeldOut(t, shop.language, with[shop.language], shop.at85) })
	}
}

func askHeldOut(t *testing.T, language string, e knowledge.Embedder, least float64) {
	t.Helper()
	p, _ := retail(t, language)
	wrong := map[string][]string{}
	for part := range uint32(max(*folds, 1)) {
		rest, asked := heldOut(p, part)
		if *folds == 0 {
			asked = slices.CompactFunc(asked, func(a, b packtest.Asked) bool { return a.ID == b.ID })
		}
		x := build(t, rest, e)
		f, _ := figure(x, asked, strings.TrimSpace)
		t.Logf("retail-%s, part %d: %v", language, part, f)
		if f.at85 < least {
			t.Errorf("retail-%s: precision at 85 %% is %.3f", language, f.at85)
		}
		if *confusion == 0 {
			continue
		}
		for _, a := range asked {
			r := x.Find(context.Background(), knowledge.Query{Text: a.Text})
			if top := r.Top(); top != nil && top.Pair.ID != a.ID {
				key := a.ID + " taken for " + top.Pair.ID
				wrong[key] = append(wrong[key], fmt.Sprintf("%s %.2f", a.Text, top.Score))
			}
		}
	}
	keys := sorted(wrong)
	slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(len(wrong[b]), len(wrong[a])) })
	for _, key := range keys[:min(len(keys), *confusion)] {
		t.Logf("%d %s: %s", len(wrong[key]), key, strings.Join(wrong[key], "; "))
	}
}
