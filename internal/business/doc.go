// Package business reads and checks a business: a folder that an owner keeps,
// with business.yaml (who we are, which numbers, who helps) and knowledge/ (what
// is asked and what is answered). It knows nothing of calls or of how answers are
// found.
//
// # Concepts
//
// [Load] reads the whole folder and returns a [Business], plain data, with a
// [Report] of everything that is wrong in it: file, line, field, what, and what
// to do, in Chinese and in English. What could be read is in the Business all the
// same, so that one bad row never takes the telephone down. [Report.Err] says
// whether there were errors; warnings are advice on how answers sound.
//
// A [Line] is a telephone number's behaviour. It may live in another business's
// folder; [Line.Home] is the business that answers on it.
//
// A [Row] is one question with its answer; [Row.Line] is where it stands, so that
// the console and `hotline knowledge` can write it back.
//
// A [Script] is a conversation with what must happen in it; [RunDialogs] holds
// those of a business with its real engines.
//
// # Concurrency
//
// Nothing here starts a goroutine or keeps state. A Business is not changed after
// Load and may be read from many goroutines.
package business
