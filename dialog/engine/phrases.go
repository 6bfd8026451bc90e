package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"hotline/dialog/internal/lang"
)

// Key names a thing that the bot may have to say by itself.
type Key string

// The keys of a catalogue. Words in braces in a phrase are filled in: {a} and {b}
// with the names of two subjects, {menu} with the keypad menu, {hours} with when
// people are there, {number} with a telephone number, {when} with a time in the
// caller's words, {topics} with up to three things that callers ask.
const (
	KeyGreeting      Key = "greeting"        // where the business gives none
	KeyReady         Key = "ready"           // go ahead, I am listening
	KeyHere          Key = "here"            // answer to "hello?"
	KeyRobot         Key = "robot"           // yes, I am a machine
	KeyHelp          Key = "help"            // what I can do
	KeyAgain         Key = "again"           // before a repetition
	KeySlower        Key = "slower"          // before a slow repetition
	KeyLouder        Key = "louder"          // before a loud repetition
	KeyTakeTime      Key = "take_time"       // answer to "wait"
	KeyStillHere     Key = "still_here"      // behind a long wait
	KeyWelcome       Key = "welcome"         // you are welcome, anything else?
	KeyAnythingElse  Key = "anything_else"   //
	KeyGoodbye       Key = "goodbye"         //
	KeyThanksGoodbye Key = "thanks_goodbye"  // you are welcome, goodbye
	KeyWhich         Key = "which"           // {a} or {b}?
	KeyWhichOfThree  Key = "which_of_three"  // {a}, {b} or {c}?
	KeyConfirm       Key = "confirm"         // is it about {a}?
	KeyRephrase      Key = "rephrase"        // not known: put it differently
	KeyMisunderstood Key = "misunderstood"   // that was not it: put it differently
	KeyDontKnow      Key = "dont_know"       // not known: person, callback, message?
	KeyDontKnowOff   Key = "dont_know_off"   // the same while nobody is there
	KeyNoThing       Key = "no_thing"        // nothing is known of {a}: person, callback, message?
	KeyNoThingOff    Key = "no_thing_off"    // the same while nobody is there
	KeyMisheard      Key = "misheard"        // a narrower question
	KeyMisheardMenu  Key = "misheard_menu"   // an example or the keypad
	KeyOverheard     Key = "overheard"       // other people's talk, a television: come closer
	KeyOverheardKeys Key = "overheard_keys"  // the same again: keypad
	KeyNoHearing     Key = "no_hearing"      // recognition is lost: keypad
	KeyYesOrNo       Key = "yes_or_no"       // misheard behind a yes/no question
	KeyTransfer      Key = "transfer"        // you are being connected
	KeyTransferSorry Key = "transfer_sorry"  // the same to an upset caller
	KeyTransferLost  Key = "transfer_lost"   // the same because of not understanding
	KeySorry         Key = "sorry"           // to an upset caller, with the offer of a person
	KeySorryOffer    Key = "sorry_offer"     // the same as a question
	KeyNoAgent       Key = "no_agent"        // wait, callback or message?
	KeyBusy          Key = "busy"            // the queue is long: callback or message?
	KeyWaitOn        Key = "wait_on"         // he waits on for a person
	KeyOff           Key = "off"             // nobody there: callback or message?
	KeyChooseAgain   Key = "choose_again"    // person, callback or message, once more
	KeyChooseOff     Key = "choose_off"      // callback or message, once more
	KeyTakeMessage   Key = "take_message"    // speak behind the tone
	KeyMessageTaken  Key = "message_taken"   //
	KeyMessageEmpty  Key = "message_empty"   // nothing was recorded: again or callback?
	KeyCallbackWhen  Key = "callback_when"   // when does it suit?
	KeyCallbackNum   Key = "callback_number" // which number?
	KeyNumberAgain   Key = "number_again"    // the number once more
	KeyNumberTaken   Key = "number_taken"    // {number}; when does it suit?
	KeyCallbackDone  Key = "callback_done"   // we ring you {when}
	KeyBadKey        Key = "bad_key"         // that key does nothing: {menu}
	KeySilentFirst   Key = "silent_first"    // nothing said yet
	KeySilentSecond  Key = "silent_second"   // still nothing
	KeyStillThere    Key = "still_there"     // nothing said to a question, which follows
	KeySilentGoodbye Key = "silent_goodbye"  //
	KeyAfterTransfer Key = "after_transfer"  // goodbye when the agent has hung up
	KeyAllRight      Key = "all_right"       // an offer was refused: go ahead
	KeyTooLong       Key = "too_long"        // the limit of turns: goodbye
	KeyFollowUp      Key = "follow_up"       // shall I tell {a}?
	KeyOfferTask     Key = "offer_task"      // shall I see to {a}?
	KeyOfferPerson   Key = "offer_person"    // behind an urgent answer: a person now?
	KeyAskElse       Key = "ask_else"        // behind an acknowledged answer
	KeyFiller        Key = "filler"          // the call says it while an answer takes long
	KeyHoldOn        Key = "hold_on"         // the call says it while recognising takes long
	KeyCrisis        Key = "crisis"          // care for who is in danger, and the crisis line
	KeyDanger        Key = "danger"          // switch off, unplug, get out: before a person
	KeyWarn          Key = "warn"            // the call ends if this goes on
	KeyAbuseGoodbye  Key = "abuse_goodbye"   // it does
	KeyNotTopic      Key = "not_topic"       // not taken up: back to the matter
	KeySafe          Key = "safe"            // in place of a sentence that must not be said
	KeyOtherLanguage Key = "other_language"  // I speak one language only: a person
	KeyChanged       Key = "changed"         // in this language, then: go ahead
	KeyOneLanguage   Key = "one_language"    // the line speaks another one only: person, callback, message?
	KeyOneLangOff    Key = "one_lang_off"    // the same while nobody is there
	KeySurvey        Key = "survey"          // from 1 to 5, how content are you?
	KeyStillWorking  Key = "still_working"   // behind the filler, while another system is asked
	KeyFlowConfirm   Key = "flow_confirm"    // {title} is {value}, right?
	KeyFlowPart      Key = "flow_part"       // {value} in {title}, right?
	KeyFlowAgain     Key = "flow_again"      // {title} once more
	KeyFlowKeys      Key = "flow_keys"       // {title} by the keypad
	KeyFlowMore      Key = "flow_more"       // go on dictating
	KeyFlowChanged   Key = "flow_changed"    // corrected to {value}
	KeyFlowFailed    Key = "flow_failed"     // the system that was asked does not answer
	KeyClosing       Key = "closing"         // the call says it when the server must stop

	// Of calls that we make.
	KeyCalledGoodbye  Key = "called_goodbye"    //
	KeyDoNotCall      Key = "do_not_call"       // never again: goodbye
	KeyDoNotCallNoted Key = "do_not_call_noted" // the same to who has called us: anything else?
	KeyWrongPerson    Key = "wrong_person"      // sorry, goodbye
	KeyNotInterested  Key = "not_interested"    // goodbye
	KeyNotNow         Key = "not_now"           // when does it suit?
	KeyCalledAt       Key = "called_at"         // we call {when}: goodbye
	KeyCalledLater    Key = "called_later"      // we call another time: goodbye
)

// Phrases are the wordings of each key; several are used in turn.
type Phrases map[Key][]string

// DefaultPhrases returns a copy of the catalogue of language.
func DefaultPhrases(language string) Phrases {
	if lang.Chinese(language) {
		return phrasesChinese()
	}
	return phrasesEnglish()
}

// merge puts own before the defaults; where own has but one wording, the defaults
// stay behind it so that nothing is said twice running.
func merge(defaults, own Phrases) (Phrases, error) {
	out := maps.Clone(defaults)
	for k, list := range own {
		old, ok := out[k]
		if !ok {
			return nil, fmt.Errorf("phrases: there is no phrase %q; known are %s", k, strings.Join(keys(defaults), ", "))
		}
		var clean []string
		for _, w := range list {
			if w = strings.TrimSpace(w); w != "" {
				clean = append(clean, w)
			}
		}
		switch len(clean) {
		case 0:
		case 1:
			out[k] = append(clean, slices.DeleteFunc(slices.Clone(old), func(s string) bool { return s == clean[0] })...)
		default:
			out[k] = slices.Compact(clean)
		}
	}
	return out, nil
}

func keys(p Phrases) []string {
	var ks []string
	for k := range p {
		ks = append(ks, string(k))
	}
	slices.Sort(ks)
	return ks
}

// fill replaces the words in braces.
func fill(phrase string, values map[string]string) string {
	if !strings.Contains(phrase, "{") {
		return phrase
	}
	for k, v := range values {
		phrase = strings.ReplaceAll(phrase, "{"+k+"}", v)
	}
	return phrase
}
