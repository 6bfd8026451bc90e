package flow

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"hotline/dialog/slot"
)

// SchemaID names the schema of flows/*.yaml.
const SchemaID = "https://hotline.invalid/schema/flow.json"

// Schema is the JSON Schema (draft 2020-12) of flows/*.yaml, for editors: which keys
// there are, what each means and takes. It is made from the Go types, so that it
// cannot say anything else than what is read. What needs the whole business (names of
// tables, columns, skills, other flows) is for `hotline check`.
func Schema() map[string]any {
	s := schema{defs: map[string]any{}}
	ref := s.of(reflect.TypeFor[Flow](), "")
	return map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"$id":     SchemaID, "title": "hotline flow", "description": "A task of a business, in flows/*.yaml. See docs/flows.md.",
		"$ref": ref["$ref"], "$defs": s.defs,
	}
}

type schema struct{ defs map[string]any }

// of is the schema of a type; key is "Slot.type" for a field.
func (s *schema) of(t reflect.Type, key string) map[string]any {
	if values := oneOf()[key]; values != nil {
		return map[string]any{"enum": values}
	}
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return map[string]any{"type": "string", "pattern": `^([0-9.]+ ?(ms|s|m|h|毫秒|秒|分钟|小时))+$`, "examples": []string{"3s"}}
	case t.Kind() == reflect.Pointer:
		return s.of(t.Elem(), key)
	case t.Kind() == reflect.Slice: // one value stands for a list of one
		one := s.of(t.Elem(), "")
		return map[string]any{"anyOf": []any{one, map[string]any{"type": "array", "items": one}}}
	case t.Kind() == reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": s.of(t.Elem(), "")}
	case t.Kind() == reflect.Struct:
		return s.object(t)
	case t.Kind() == reflect.Bool:
		return map[string]any{"type": "boolean"}
	case t.Kind() == reflect.Int:
		return map[string]any{"type": "integer"}
	case t.Kind() == reflect.Float64:
		return map[string]any{"type": "number"}
	default: // text may look like a number or a yes
		return map[string]any{"type": []string{"string", "number", "boolean"}}
	}
}

func (s *schema) object(t reflect.Type) map[string]any {
	ref := map[string]any{"$ref": "#/$defs/" + t.Name()}
	if s.defs[t.Name()] != nil {
		return ref
	}
	properties := map[string]any{}
	object := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	s.defs[t.Name()] = object // before its fields: steps hold steps
	for _, key := range Keys(t) {
		f, _ := t.FieldByNameFunc(func(name string) bool { f, _ := t.FieldByName(name); return yamlKey(f) == key })
		p := s.of(f.Type, t.Name()+"."+key)
		if text := meanings()[t.Name()+"."+key]; text != "" {
			p["description"] = text
		}
		properties[key] = p
	}
	if names := required()[t.Name()]; len(names) > 0 {
		object["required"] = names
	}
	if t == reflect.TypeFor[Step]() {
		var actions []any
		for _, key := range Keys(t) {
			if !slices.Contains([]string{"id", "then", "else", "of", "none", "failed"}, key) {
				actions = append(actions, map[string]any{"required": []string{key}})
			}
		}
		object["oneOf"] = actions // exactly one thing is done
	}
	return ref
}

// Keys are those of a type of this package in YAML, in order.
func Keys(t reflect.Type) []string {
	var out []string
	for f := range t.Fields() {
		if key := yamlKey(f); key != "" {
			out = append(out, key)
		}
	}
	return out
}

func yamlKey(f reflect.StructField) string {
	key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return strings.TrimPrefix(key, "-")
}

// required are the keys that nothing stands in for.
func required() map[string][]string {
	return map[string][]string{
		"Flow": {"title", "steps"}, "Slot": {"name"}, "Choice": {"value"}, "Lookup": {"as"}, "Book": {"table", "where", "as"},
		"Ticket": {"kind", "summary"}, "SMS": {"text"}, "Review": {"kind", "summary"},
	}
}

func oneOf() map[string][]string {
	var kinds []string
	for _, k := range slot.Kinds() {
		kinds = append(kinds, string(k))
	}
	return map[string][]string{
		"Slot.type": kinds, "Slot.side": {"past", "future"}, "Slot.confirm": {"doubt", "always", "never"}, "Slot.from": {"caller", "contact"},
		"Lookup.method": {"GET", "POST"}, "Step.end": {"done", "open"},
	}
}

// meanings are what editors show at a key.
func meanings() map[string]string {
	return map[string]string{
		"Flow.name": "What other flows and reports call it; the file's name where left out.", "Flow.title": "What it is about, as it is spoken.",
		"Flow.start": "What begins it.", "Flow.skill": "The people who take over where it cannot go on.", "Flow.lines": "The lines on which it may begin; all where left out.",
		"Flow.slots": "What it has to know.", "Flow.steps": "What is done, in order.",
		"Start.pairs": "Ids of questions in the knowledge that it answers.", "Start.intents": "Intents of intents/*.csv that begin it where the knowledge is not sure.", "Start.offer": "Ids of questions behind whose answer the bot offers it.", "Start.examples": "What callers say who want it, five or more.",
		"Slot.name": "What conditions and {templates} call it.", "Slot.title": "What it is called when it is spoken of.", "Slot.type": "What sort of value; text where left out.",
		"Slot.ask": "The question; several wordings are used in turn.", "Slot.again": "What is said after an answer that could not be used, the first attempt's first.",
		"Slot.length": "How many characters a code has: 12, or 8-12.", "Slot.pattern": "A regular expression that a code as a whole must match.",
		"Slot.choices": "What there is to choose from; of a yesno, words that mean yes or no here.", "Slot.min": "The least amount or quantity.", "Slot.max": "The greatest amount or quantity.",
		"Slot.side": "Where a date lies that could be either.", "Slot.confirm": "Whether it is read back: doubt (the default), always, never.", "Slot.from": "caller: the number that rings or is called; contact: the field of this name of whom a campaign calls. Neither is asked for.",
		"Slot.unknown": "The id of the step to go on at when the caller does not know it.", "Slot.optional": "It is asked for once and may be left out.", "Slot.forget": "The next flow of the call does not take it over.",
		"Choice.value": "What it is kept as.", "Choice.names": "As people say it; the value where left out.",
		"Step.id": "Where goto and unknown lead to.", "Step.say": "Said; several wordings are used in turn.", "Step.ask": "Slots that must be known before it goes on.",
		"Step.if": "A condition, as in 订单.状态 == \"已签收\" and number(订单.金额) > 100.", "Step.then": "Done where the condition holds.", "Step.else": "Done where it does not, or where no case fits.",
		"Step.case": "A slot or row.column that is compared with the keys of `of`.", "Step.of": "What is done for each value.", "Step.lookup": "Finds a row in a table or by HTTP.",
		"Step.book": "Takes a place of a row.", "Step.none": "Done where nothing was found or all is taken.", "Step.failed": "Done where the other system does not answer; a person where left out.",
		"Step.set": "Gives values to names.", "Step.clear": "Forgets slots, so that they are asked again.", "Step.ticket": "Opens a ticket.", "Step.sms": "Sends a short message.",
		"Step.callback": "Notes that the caller is to be rung.", "Step.review": "Prepares a decision that a person takes.", "Step.transfer": "Brings the caller to a person; {} is the flow's skill.",
		"Step.flow": "Does another flow and comes back.", "Step.goto": "Goes on at the step with that id.", "Step.end": "Ends the flow: done, or open.", "Step.hangup": "Says this goodbye and ends the call.",
		"Lookup.table": "A file in tables/ without its ending.", "Lookup.url": "Another system.", "Lookup.where": "Columns and what they must hold; *{order} is what it ends in.", "Lookup.as": "What the row is called in what follows.",
		"Lookup.method": "GET, or POST where there is a body.", "Lookup.headers": "May name a secret of the environment: Bearer ${HOTLINE_SECRET_SHOP}.", "Lookup.body": "Sent as JSON.",
		"Lookup.take": "Where in the answer the row stands: data.order.", "Lookup.timeout": "Of one attempt; 3s where left out, up to 30s.", "Lookup.retries": "After a failure, 0 to 3; 1 where left out.",
		"Book.table": "A file in tables/ without its ending.", "Book.where": "Columns and what they must hold.", "Book.count": "The column that says how many places a row has; 1 where left out.",
		"Book.per": "What the places are counted for: {day}.", "Book.as": "What the row is called in what follows.", "Book.fields": "Kept with the booking.",
		"Ticket.kind": "What sort of ticket.", "Ticket.summary": "One sentence for the people who read it.", "Ticket.fields": "Names and values.",
		"SMS.to": "The caller's number where left out.", "SMS.text": "The message.",
		"Callback.number": "Whom to ring; the caller where left out.", "Callback.when": "By when, in words.", "Callback.reason": "Why.",
		"Review.kind": "coupon, refund …", "Review.summary": "What is to be decided.", "Review.fields": "Names and values.", "Review.amount": "How much money.",
		"Transfer.skill": "The people; the flow's where left out.", "Transfer.reason": "Why, for reports.",
	}
}
