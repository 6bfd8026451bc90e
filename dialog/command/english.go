package command

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"hotline/dialog/internal/lang"
)

type en struct {
	whole                           []rule
	personWhole, personIn, machine  *regexp.Regexp
	refused, asked, robot           *regexp.Regexp
	angry, half, done, follow, lead *regexp.Regexp
	sounds                          []phoneRule
}

type phoneRule struct {
	kind   Kind
	phones []byte
}

const (
	enStaff = `(?:(?:real|live|actual|human|proper|different|another|customer service|customer support|customer care|support|sales|service|friendly) )*(?:person|human being|human|humans|agent|agents|representative|representatives|rep|reps|operator|advisor|adviser|associate|attendant|receptionist|manager|supervisor|specialist|consultant|staff member|staff|team member|member of staff|member of your team|member of the team|employee|customer service|customer support|customer care|customer services|support team|service desk|help desk|call center|front desk|somebody|someone|somebody real|someone real|people|boss|person in charge|higher up|live chat person|guy|lady|assistant|colleague|co worker)`
	enSure  = `(?:(?:real|live|actual|proper|customer service|customer support) )*(?:human being|human|humans|agent|agents|representative|representatives|rep|reps|operator|live person|real person|actual person|real people|live agent|live human|customer service|customer support|customer care|customer services|person|manager|supervisor|receptionist|front desk|advisor|adviser|associate|attendant|someone real|somebody real)`
	enArt   = `(?:(?:a|an|the|your|some|one of your|one of the|my|any|this|that|another) )*`
	enFill  = `(?:please|now|hi|hello|hey|um|uh|uhm|er|ok|okay|well|just|so|thanks|thank you|right now|immediately|yes|yeah|no|i said|i want|i need|i would like|can i get|can i have|could i get|could i have|can i|could i|may i|let me|get me|give me|for me|then|sir|ma am|madam|kindly|actually|here|you|it|sorry|a|an|the|is|i|oh|ah|and|but|want|need|to|me|for god is sake|for christ is sake|damn it|come on|look|listen|alright|all right|today|quickly|asap)`
)

// english builds the English recogniser, once.
var english = sync.OnceValue(func() *en {
	e := &en{
		personWhole: regexp.MustCompile(`^(?:` + enFill + ` )*(?:` + enSure + ` ?)+(?: ?` + enFill + `)*$` +
			`|^(?:` + enFill + ` )*(?:is |is there )?(?:anyone|anybody|someone|somebody|any human|any person|a person|a human|any real person|real people|any people)(?: real| human| alive| actually)? (?:there|here|around|available|home)(?: ` + enFill + `)*$` +
			`|^(?:` + enFill + ` )*(?:transfer|connect|escalate|put)(?: me| this| my call| us)*(?: through| over)?(?: ` + enFill + `)*$`),
		personIn: regexp.MustCompile(`\b(?:talk|talking|speak|speaking|chat|chatting|connect|connected|connected up|transferred|switch|patched|conversation)(?: (?:me|us|this|my call|the call|this call|on|over|right|straight|directly|through|about this|about it|up|back))*(?: (?:to|with|through to|over to))+ ` + enArt + enStaff + `\b` +
			`|\b(?:transfer|put|pass|forward|hand|send|patch|redirect|direct|switch|connect|escalate)(?: (?:me|us|this call|my call|the call))(?: (?:on|over|right|straight|directly|through|up|back))*(?: (?:to|with|onto))+ ` + enArt + enStaff + `\b` +
			`|\b(?:want|need|like|get|give|find|have|prefer|demand|request|requesting|reach|contact|call|is there|are there|where is|where are|hear from|help from|assistance from|see)(?: (?:me|us|hold of|in touch with|to see|to|on|the phone with))* ` + enArt + enSure + `\b` +
			`|\b(?:someone|somebody|anyone|anybody|a person|people)(?: else)?(?: (?:who|that))?(?: (?:can|could|will|would|to|actually))*(?: (?:is|are))? (?:(?:help|assist) me(?:$| please| now| with (?:this|that|it|my problem|my issue))|talk to me|speak to me|speak with me|talk with me|understands?$|real|human|alive|sort this out|fix this|take care of this|handle this|deal with this)(?:\b|$)` +
			`|\b(?:rather|sooner|prefer to|like to|want to) (?:explain|tell|describe|discuss)(?: (?:it|this|that|all|the whole thing))* (?:to|with) (?:someone|somebody|a person|a human|` + enArt + enStaff + `)\b` +
			`|\b(?:live|real|actual) (?:person|human|agent|people|representative|operator|someone)\b|\bhuman please\b|\b(?:agent agent|representative representative|operator operator)\b|\bspeak to whoever is in charge\b|\bwho is in charge\b`),
		machine: regexp.MustCompile(`\b(?:not|stop|hate|sick of|tired of|without|instead of|rather than|enough of|done|fed up with|no more|refuse to|quit)(?: (?:want|wanna|going|like|need|interested|wish|be|to|in))* (?:talk|talking|speak|speaking|chat|chatting|deal|dealing|conversing)(?: (?:to|with|these|this|that|your|a|an|the|stupid|damn|dumb|any|some|another|all|automated))* (?:robot|robots|machine|machines|bot|bots|computer|computers|recording|recordings|system|voice|thing|service|ai)\b` +
			`|\b(?:not|no more|instead of|rather than|sick of|tired of|hate|enough of|done with|fed up with|not want)(?: (?:these|this|that|your|a|an|stupid|damn|dumb|another))+ (?:robot|robots|machine|machines|bot|bots|computer|recording|recordings|automated (?:system|voice|thing|service)|virtual assistant)\b` +
			`|\b(?:quit|stop) (?:giving|going|running|beating|wasting|jerking|messing)(?: me)?(?: the)? (?:around|runaround|in circles)`),
		refused: regexp.MustCompile(`\b(?:no need|not need|not want|not have|not necessary|without|no|never asked|not ask|not asking|not looking|rather not|not trying|not wish|not really need|not really want|not now|not yet)(?: (?:to|for|be|get|having|me|you))*(?: (?:talk|talking|speak|speaking|transfer|transferred|transferring|connect|connected|call|contact|put|through|an|a|the|any))*(?: (?:me|it|with|to))* ` + enArt + enStaff + `\b|\bdo not (?:transfer|connect|put|pass|send|hand|forward)\b|\bno (?:agent|human|operator|representative|transfer)\b`),
		asked:   regexp.MustCompile(`\b(?:what time|hours|hour|opening|open|opens|close|closes|closed|phone number|number for|number of|telephone number|email|e mail|address for|how many|how long|how much|how often|per person|each person|for one person|for a person|two people|three people|four people|in person|another person|other person|someone else|somebody else|a second person|extra person|cost|price|24|weekend|weekends|wait time|waiting time|nice|rude|told me|said|promised|name of|gift|friend|when is|when are|when does|when do|when can|how late|how early|at night|tonight|overnight|after hours)\b`),
		robot:   regexp.MustCompile(`\b(?:are you|you are|am i (?:talking|speaking|chatting) (?:to|with)|is this)\b.*\b(?:robot|bot|ai|artificial|computer|human|(?:real|live|actual) person|someone real|somebody real|automated|software|person or)\b`),
		angry:   regexp.MustCompile(`\b(?:fuck|fucking|fucked|fuckin|shit|shitty|bullshit|damn it|goddamn|damn|bloody|crap|crappy|hell is wrong|what the hell|what the heck|idiot|idiots|moron|stupid|useless|worthless|pathetic|ridiculous|unacceptable|outrageous|disgusting|disgrace|terrible service|horrible service|worst|awful|scam|scammers|scammed|rip off|ripped off|ripoff|liar|liars|lied to|lawyer|sue|suing|legal action|attorney|report you|better business bureau|bbb|consumer protection|trading standards|(?:make|file|lodge) a complaint|furious|angry|pissed|pissed off|fed up|sick of|sick and tired|had enough|enough is enough|waste of time|wasting my time|wasted my time|(?:such|is|what) a joke|(?:is|absolute|total|complete|utter|such) (?:garbage|rubbish|trash)|how many times (?:do i|have i|must i)|third time|fourth time|fifth time|tenth time|hundredth time|nobody helps|no one helps|never works|you people|give me a break|are you kidding|kidding me|seriously kidding|shut up|driving me crazy|driving me nuts|insane|absurd|frustrated|frustrating|infuriating|unbelievable|for crying out loud|screw you|screw this|hate you|hate this|go to hell|piece of (?:junk|crap|garbage))\b`),
		half:    regexp.MustCompile(`(?:^|\s)(?:and|or|but|because|so|if|when|while|the|a|an|my|your|our|his|her|their|to|of|for|with|in|on|at|from|about|by|into|as|is|are|was|were|am|be|um|uh|uhm|er|erm|hmm|like|well|i|you|we|they|it|that|this|these|which|who|whether|than|can|could|would|should|will|do|does|did|have|has|had|want|need|i'm|i'd|i've|it's|what's|the one|number is|i was wondering|you know|i mean|let me see|let's see|not|just|also|actually|how|what|where|why|some|any|going|wanted|trying|calling|called|wondering|looking|please|then|there|got|get)$`),
		done:    regexp.MustCompile(`(?:please|thanks|thank you|right|isn't it|don't you|bye|goodbye|cost|today|tomorrow|open|yet|work|mean|time|day|days|long|much|many|closed|close|free|back|now)$`),
		follow: regexp.MustCompile(`^(?:(?:ok|okay|alright|right|thanks|thank you|great|good|fine|got it|i see|oh|uh|um|yes|yeah|well) )*(?:and|what about|how about|what if|but|also|so|then) .{1,60}$` +
			`|^(?:(?:ok|okay|alright|right|thanks|great|oh|well|so) )*(?:how long|how much|how many|when|where|why|how|what|who|can|could|do|does|is|are|will|would|which)(?: \w+){0,5} (?:that|it|this|those|these|they|them|one|ones|there)(?: \w+){0,3}$` +
			`|^(?:(?:ok|okay|so|and|well) )*(?:how long|how much|how many|when|where|why|what time|how|which one|how so|is it free|how come|what day)$`),
		lead: regexp.MustCompile(`^(?:what|how|when|where|why|who|which|do|does|is|are|can|could|will|would|should|may|did|has|have)\b`),
	}
	whole := func(k Kind, words string) {
		e.whole = append(e.whole, rule{k, false, regexp.MustCompile(`^(?:` + enFill + ` )*?(?:(?:` + words + `) ?)+(?: ?` + enFill + `)*$`)})
	}
	exact := func(k Kind, affirms bool, words string) {
		e.whole = append(e.whole, rule{k, affirms, regexp.MustCompile(`^(?:(?:` + words + `) ?)+$`)})
	}
	// the order decides where a text fits several; the first is Robot, see command
	whole(Robot, `are you (?:a |an |even |really )*(?:robot|machine|bot|computer|ai|human|real|real person|person|recording|human being|real human|automated|chatbot|actual person|virtual assistant)(?: or (?:a |an )?(?:robot|machine|human|person|real person|computer|what|bot|real human))?|(?:am i|are we) (?:talking|speaking|chatting) (?:to|with) (?:a |an )?(?:robot|machine|bot|computer|human|real person|person|ai|recording|real human|actual person|human being)(?: or (?:a |an )?(?:robot|machine|human|person|real person))?|is this (?:a |an )?(?:robot|machine|bot|computer|recording|ai|real person|human|automated|automated system|person)|who are you|who is this|what is your name|who am i (?:talking|speaking) to|who am i (?:talking|speaking) with|you are a robot|you are not (?:real|human)|are you for real`)
	exact(Backchannel, true, `uh huh|uhhuh|mm hmm|mmhmm|mm|mhm|hmm|mm hm|ok|okay|k|alright|all right|right|i see|got it|gotcha|oh|oh ok|oh okay|ah|aha|ah ok|okay okay|ok ok|understood|makes sense|i understand|good|great|cool|nice|perfect|oh i see|okay i see|okay got it|ok got it|fair enough|wonderful|excellent|very good|sounds right|really|is that so|oh really|oh good|oh great|okay good|okay great|good to know|that is good to know|that makes sense|awesome|interesting|wow`)
	whole(Goodbye, `bye|bye bye|goodbye|good bye|see you|see you later|talk to you later|have a (?:good|nice|great|lovely) (?:day|one|evening|night|weekend|afternoon)|i have to go|i have got to go|got to go|i will hang up|hanging up|hang up|cheerio|take care|good night|that is all bye|farewell|later`)
	whole(Callback, `call me back|call back|callback|a callback|ring me back|ring me|phone me back|call me|call me later|get back to me|(?:have |ask |get )?(?:someone|somebody|them|an agent) (?:to )?(?:call|ring|phone)(?: me)?(?: back)?|return my call|give me a (?:call|ring)(?: back)?|request a call ?back|the call ?back|can you call me back|can someone call me back|i want a call ?back`)
	whole(Message, `(?:leave|take|record|drop)(?: you| them| him| her)? (?:a |my )?(?:message|voicemail|voice mail|note)|message|a message|voicemail|voice mail|the message`)
	whole(Hold, `i will wait|i will hold|hold|i can wait|i can hold|keep waiting|wait|waiting|keep holding|stay on the line|i will stay|stay on|wait in line|wait in the queue|hold the line|continue to hold|continue waiting|wait for (?:someone|an agent|a person|the next agent)|i do not mind waiting`)
	whole(Repeat, `(?:say|repeat|tell me)(?: that| it| what you said| this)?(?: again| once more| one more time)|repeat|repeat that|repeat it|can you repeat(?: that| it)?|could you repeat(?: that| it)?|come again|again|one more time|once more|pardon|pardon me|beg your pardon|i beg your pardon|sorry what|what|huh|eh|excuse me|what was that|what did you (?:say|just say)|what did you say again|say what|i (?:did|could|can|do) not (?:hear|catch|understand|get|quite catch|quite hear|quite get|really hear)(?: you| that| it| what you said| the last part| all of that| a word)?(?: properly| clearly| very well)?|did not (?:hear|catch|get)(?: that| you| it)?|missed that|i missed that|i missed it|you lost me|i am not following|what do you mean|go over that again|run that by me again|can you say that again|could you say that again|would you mind repeating that|i am sorry what was that|what was the last (?:part|bit)`)
	whole(Slower, `(?:can you |could you |please )?(?:speak |talk |say (?:it|that) |go )?(?:a (?:little|bit|little bit) |more |much )?(?:slower|slowly|more slowly)|slow down|slow it down|too fast|you are (?:talking|speaking|going) too fast|you talk too fast|you speak too fast|not so fast|that was too fast|that is too fast`)
	whole(Louder, `(?:can you |could you )?(?:speak |talk |say (?:it|that) )?(?:a (?:little|bit|little bit) )?(?:louder|up)|speak up|turn (?:up the volume|the volume up|it up)|volume up|too quiet|you are too quiet|you are very quiet|i can (?:barely|hardly) hear you|it is too quiet|louder`)
	whole(Help, `help|what can you do|what can i (?:ask|say|do)|what do you do|how can you help(?: me)?|what can you help(?: me)?(?: with)?|main menu|menu|the menu|options|what are my options|what are the options|how does this work|what is this|go back|start over|back to the menu`)
	whole(Correction, `(?:that is|that was|this is) not (?:what i (?:asked|said|meant|want|wanted|am asking|was asking)(?: for| about)?|my question|it|right|the question)|(?:i )?did not ask(?: about)? that|wrong answer|you (?:misunderstood|did not understand|are not listening|got it wrong|misheard)(?: me)?|not what i (?:asked|said|meant|want|wanted)(?: for)?|you did not answer my question|that does not answer my question|that is not it|you are not answering my question`)
	whole(Wait, `wait|wait a (?:minute|second|sec|moment|bit)|hold on|hold on a (?:minute|second|sec|moment|bit)|one (?:moment|second|sec|minute)|just a (?:moment|second|sec|minute|bit)|a (?:moment|second|sec|minute)|hang on|hang on a (?:minute|second|sec|moment)|give me a (?:minute|second|sec|moment|bit)|bear with me|let me (?:see|think|check|look|find it|look it up|get a pen|find my order|find my card|find my number|grab a pen|have a look|take a look|think about it)|stop|let me just check|i am looking|i am thinking|hold up|wait wait`)
	whole(GoOn, `go on|continue|go ahead|keep going|carry on|proceed|and then|please continue|you can continue|you may continue|finish|finish what you were saying|what else|keep talking|go ahead and finish|you were saying`)
	exact(Neither, false, `(?:no )?(?:neither|none|neither one|neither of (?:them|those|these)|none of (?:them|those|these|the above)|not either|something else|neither actually)(?: of them)?`)
	exact(First, false, `(?:the |that would be the |i mean the |i think the )?(?:first|first one|former|number one|option one|one|1|1st|first option|the first thing|first thing)(?: one)?(?: please)?`)
	exact(Second, false, `(?:the |that would be the |i mean the |i think the )?(?:second|second one|latter|number two|option two|two|2|2nd|last one|second option|the second thing|second thing|other one)(?: please)?`)
	exact(Third, false, `(?:the |that would be the |i mean the |i think the )?(?:third|third one|number three|option three|three|3|3rd|third option|the third thing|third thing)(?: please)?`)
	whole(Done, `that is (?:all|it|everything)(?: i (?:needed|need|wanted))?(?: to know)?|that will be all|nothing else|no that is (?:all|it|everything)|nothing|nothing more|i am (?:good|all set|fine|done)|all set|all good|that is all for (?:today|now)|no more questions|no other questions|no further questions|that answers (?:it|my question)|that is fine|not right now|that would be all|nope that is (?:it|all)|that does it|i do not have (?:any )?(?:other|more|further) questions`)
	exact(No, false, `(?:oh |um |uh |well )*(?:no|nope|nah|no thanks|no thank you|not really|no way|negative|no no|no no no|i do not|i do not think so|do not|never mind|forget it|not now|no it is not|it is not|not at all|absolutely not|no i do not|wrong|incorrect|that is wrong|not that|not quite|no not that|no sir|no ma am|i would rather not|not this time|no that is okay|no it is fine|no that is not right|that is not right|not exactly)(?: thanks| thank you| please)?`)
	exact(Yes, false, `(?:oh |um |uh |well |ah )*(?:yes|yeah|yep|yup|yes please|yeah please|sure|sure thing|of course|please|please do|correct|that is right|right|exactly|absolutely|definitely|yes it is|it is|that is it|that is the one|that one|yes that is right|yes i do|i do|yes i would|i would|go for it|sounds good|that is correct|why not|affirmative|by all means|that would be great|that works|yeah sure|yes sure|yes yes|yeah yeah|do it|let us do that|yes that one|i guess so|i think so|i suppose so|if you could|please yes|ok sure|okay sure|ok yes|okay yes|ok please|fine|uh yes|yes i am|i am|yes thank you|yes thanks|that would be nice|that would be good|both)(?: thanks| thank you| please)?`)
	whole(Thanks, `thanks|thank you|thank you very much|thanks a lot|many thanks|thank you so much|cheers|much appreciated|i appreciate it|appreciate it|that is very helpful|very helpful|that helps|that was helpful|great thanks|ok thanks|okay thank you|thanks for your help|thank you for your help|thanks for the help|ta|thank you kindly|that is great thank you|perfect thank you|perfect thanks|great thank you|good thank you|wonderful thank you`)
	whole(Greeting, `hi|hello|hey|hi there|hello there|good morning|good afternoon|good evening|are you there|are you still there|can you hear me|is anybody listening|you there|hello hello|do you hear me|howdy|hiya|still there`)
	for k, list := range map[Kind]string{
		Person: "representative,operator,customer service,customer representative,talk to a human,speak to a human,talk to an agent,speak to an agent,speak to a representative,talk to a representative,speak to a person,talk to a person,speak to an operator,live agent,real person,human being,speak to someone,talk to someone,speak to a manager",
		Repeat: "repeat that please,say that again,can you repeat that,could you repeat that",
		Slower: "speak more slowly,slow down please",
	} {
		for p := range strings.SplitSeq(list, ",") {
			e.sounds = append(e.sounds, phoneRule{k, lang.Phones(lang.Words(p))})
		}
	}
	return e
})

func (e *en) command(f string) Command {
	f = strings.Join(lang.Words(f), " ")
	if e.robot.MatchString(f) && !e.machine.MatchString(f) && !strings.Contains(f, "want to") {
		return Command{Kind: Robot, Certain: 1}
	}
	robot := e.whole[0].re.MatchString(f) // is it a person? is no wish for one
	if !robot && e.person(f) {
		return Command{Kind: Person, Certain: 1}
	}
	for _, r := range e.whole {
		if r.re.MatchString(f) {
			return Command{Kind: r.kind, Affirms: r.affirms, Certain: 1}
		}
	}
	words := strings.Fields(f)
	if len(words) > 7 || e.lead.MatchString(f) {
		return Command{}
	}
	phones := lang.Phones(dropEnds(words))
	best := Command{}
	for _, r := range e.sounds {
		if d := phoneDistance(phones, r.phones); d < 0.2 && 1-d > best.Certain {
			best = Command{Kind: r.kind, Certain: 1 - d}
		}
	}
	return best
}

func (e *en) person(f string) bool {
	if e.machine.MatchString(f) {
		return true
	}
	if e.refused.MatchString(f) || e.asked.MatchString(f) && !strings.Contains(f, "speak to") && !strings.Contains(f, "talk to") {
		return false
	}
	if e.asked.MatchString(f) && e.lead.MatchString(f) && !strings.HasPrefix(f, "can ") && !strings.HasPrefix(f, "could ") {
		return false
	}
	return e.personWhole.MatchString(f) || e.personIn.MatchString(f)
}

// dropEnds cuts the words around a command's core.
func dropEnds(ws []string) []string {
	filler := func(w string) bool {
		switch w {
		case "please", "i", "want", "need", "to", "can", "could", "would", "like", "um", "uh", "hi", "hello", "just", "let", "me", "now", "thanks", "a", "an", "the", "you":
			return true
		}
		return false
	}
	out := ws
	for len(out) > 1 && filler(out[0]) {
		out = out[1:]
	}
	for len(out) > 1 && filler(out[len(out)-1]) {
		out = out[:len(out)-1]
	}
	return out
}

// phoneDistance is the edit distance of a and b over the length of the longer; 1
// for short ones, which sound like too much.
func phoneDistance(a, b []byte) float64 {
	if len(b) < 6 || len(a) < 5 {
		return 1
	}
	return float64(lang.Apart(a, b, lang.PhoneAlike)) / float64(max(len(a), len(b)))
}

func (e *en) upset(f string) bool { return e.angry.MatchString(strings.Join(lang.Words(f), " ")) }

func (e *en) elliptical(f string) bool { return e.follow.MatchString(f) }

func (e *en) pending(f string) Pending {
	if f == "" {
		return Neutral
	}
	if d, ok := lang.Digits(f); ok {
		if len(d) == 10 || len(d) == 11 && d[0] == '1' { // a phone number is whole
			return Complete
		}
		return Counting
	}
	words := strings.Fields(f)
	n := 0
	for _, v := range slices.Backward(words) {
		if _, ok := lang.Digits(v); !ok {
			break
		}
		n++
	}
	switch {
	case n >= 3:
		return Counting
	case len(words) == 1 && e.half.MatchString(f), len(words) > 1 && e.half.MatchString(f) && !e.done.MatchString(f):
		return Half
	case e.done.MatchString(f):
		return Complete
	}
	return Neutral
}
