package knowledge

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a thing is called is no misheard word of the business: pillows are not police.
func TestNamesOfThingsAreNotRepaired(t *testing.T) {
	x, err := New([]Pair{
		{ID: "stolen", Question: "My package was stolen.", Answer: "Ask for a person.", Variants: []string{"do you have police", "somebody took it"}},
		{ID: "kettle", Question: "How much is the kettle?", Answer: "The kettle is forty dollars.", Variants: []string{"price of the kettle"}},
	}, Options{Language: "en"})
	require.NoError(t, err)
	_, changed := x.repaired("do you have pillows")
	assert.False(t, changed)
	said, changed := x.repaired("do you have pollice") // as a recogniser may write it
	assert.True(t, changed)
	assert.Equal(t, "do you have police", said)
}

// Where something is put is not what is asked about, and a question about things of the
// business, by whatever names, is not one about others.
func TestWhatIsAskedAbout(t *testing.T) {
	x, err := New([]Pair{
		{ID: "wash", Question: "How do I clean the rice cooker?", Answer: "By hand, not in the dishwasher.", Variants: []string{"can the lid go in the dishwasher", "is it safe to put the pot in the dishwasher"}},
		{ID: "diff", Question: "What's the difference between Glide One and Two?", Answer: "The Two mops.", Variants: []string{"which of the two is better", "what sets the two apart, besides the price"}},
		{ID: "none", Question: "Do you sell other things?", Answer: "We don't sell that.", Variants: []string{"do you sell irons"}},
	}, Options{Language: "en", Goods: []string{"Glide One"}, NotOurs: NotOurs{Goods: []string{"dishwasher", "frying pan", "iron"}, NotSold: "none"}})
	require.NoError(t, err)
	for text, want := range map[string]string{
		"is it safe to put the inner lid in the dishwasher":           "wash",
		"is it safe to put the frying pan in the dishwasher":          "none",
		"what sets the two irons apart, besides the price":            "none",
		"what sets the two apart, besides the price, and I have dogs": "diff",
		"my new dishwasher leaks":                                     "none",
		"there's water coming from under the dishwasher":              "none",
	} {
		top := x.Find(t.Context(), Query{Text: text}).Top()
		require.NotNil(t, top, text)
		assert.Equal(t, want, top.Pair.ID, text)
		assert.GreaterOrEqual(t, top.Score, 0.55, text)
	}
}

// What is not sold is not what an unknown word was meant to be.
func TestWhatIsNotSoldIsNotHeard(t *testing.T) {
	g := newGoods(false, nil, []string{"toaster"})
	for _, text := range []string{"my toaster burns", "my kettle leaks"} {
		g.learn(&Pair{Question: text, Answer: "Ask a person."})
	}
	known := map[string]bool{"my": true, "leaks": true}
	_, ok := g.heard("my toasser leaks", known)
	assert.False(t, ok)
	said, ok := g.heard("my cattle leaks", known)
	assert.True(t, ok)
	assert.Equal(t, "my kettle leaks", said)
}
