// Package knowledge answers "which of the business's question–answer pairs did the
// caller mean?" for text that was spoken, half said or misrecognised.
//
// # Concepts
//
// A [Pair] is a question with its variants and the answer. An [Index] is built
// from pairs and never changes; [Live] holds the one in use and swaps it at once.
//
// Three views of a text are compared with each variant: its words (character
// n-grams and question words for Chinese, stems for English), its sound (pinyin
// syllables or phones, with the confusions of recognisers merged) and, where an
// [Embedder] is at hand, its meaning. A conditional logit over the best
// candidates and the answer "none of them" makes one probability of it (see
// weights.go): [Match].Score is the chance that this pair is right, so that
// thresholds mean the same in every business.
//
// # Concurrency
//
// An Index and a Live are safe for concurrent use. An Embedder is called from
// the goroutine that searches, with a context that ends after [Options].EmbedWithin;
// after repeated failures it is left alone for some seconds.
package knowledge
