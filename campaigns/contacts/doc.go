// Package contacts reads whom a campaign is to call out of the files that people have:
// CSV in any usual encoding and delimiter, and Excel.
//
// # Concepts
//
// [Look] shows the beginning of a file and guesses which column is what; a person may
// put the [Mapping] right. [Import] then reads the whole file row by row, brings the
// numbers into normal form, and hands contacts on in batches. A row that cannot be used
// is written to a file of its own, as it was, with its number and the reason, so that it
// can be put right and brought again.
//
// # Concurrency
//
// Import reads, has as many goroutines as there are processors make contacts of what it
// has read, and one hand them on in the order of the file; it waits for all of them. What
// it holds is a few batches, however long the file is.
package contacts
