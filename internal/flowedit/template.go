package flowedit

import (
	"errors"
	"fmt"
	"strings"

	"hotline/internal/business"

	"github.com/goccy/go-yaml"
)

// The templates that a new task is made from.
const (
	TemplateNote   = "note"   // takes down what the caller wants, for people
	TemplateLookup = "lookup" // asks for a number and tells what a table says of it
	TemplatePerson = "person" // asks first, then brings the caller to a person
)

// Templates are the names of all.
func Templates() []string { return []string{TemplateNote, TemplateLookup, TemplatePerson} }

// ErrNoTable is returned for a task that would look something up where the business has
// no table.
var ErrNoTable = errors.New("the business has no table in tables/ that could be looked into")

// fill makes the text of a new task of the business.
func fill(b *business.Business, template, name, title string) (string, error) {
	language := "en"
	if strings.HasPrefix(b.Language, "zh") {
		language = "zh"
	}
	text, ok := texts()[template+"."+language]
	if !ok {
		return "", fmt.Errorf("there is no template %q: %w", template, ErrNotFound)
	}
	with := []string{"NAME", quote(name), "TITLE", quote(title), "SAY", strings.NewReplacer(`"`, "'", `\`, "/").Replace(title)}
	if template == TemplateLookup {
		i := -1
		for n, t := range b.Tables {
			if len(t.Columns) > 1 && (i < 0 || t.Name == "orders") {
				i = n
			}
		}
		if i < 0 {
			return "", ErrNoTable
		}
		t := b.Tables[i]
		with = append(with, "TABLE", quote(t.Name), "KEY", quote(t.Columns[0]), "COLUMN", t.Columns[0], "VALUE", t.Columns[1])
	}
	return strings.NewReplacer(with...).Replace(text), nil
}

// quote is a text as it may stand in a file.
func quote(s string) string {
	out, err := yaml.Marshal(s)
	if err != nil || strings.Contains(strings.TrimSpace(string(out)), "\n") {
		return fmt.Sprintf("%q", s)
	}
	return strings.TrimSpace(string(out))
}

// texts are the templates by name and language.
func texts() map[string]string {
	return map[string]string{
		TemplateNote + ".zh": `# 记下客人要办的事，登记给同事。
name: NAME
title: TITLE
start:
  examples:            # 客人会怎么说，五句以上
    - "我要SAY"
    - "想SAY"
    - "帮我SAY"
    - "能不能SAY"
    - "SAY怎么办理"
slots:
  - name: what
    title: 要办的事
    type: text
    ask: ["请说一下具体情况。"]
  - name: phone
    title: 联系电话
    type: phone
    from: caller
    ask: ["请留一个能联系到您的电话。"]
steps:
  - ask: [what, phone]
  - ticket:
      kind: TITLE
      summary: "{what}"
      fields: {电话: "{phone}"}
  - say: 记下了，同事会尽快联系您。
  - end: done
`,
		TemplateNote + ".en": `# Takes down what the caller wants, for a colleague.
name: NAME
title: TITLE
start:
  examples:            # what callers say, five or more
    - "I'd like SAY"
    - "I need SAY"
    - "I'm calling about SAY"
    - "can you help me with SAY"
    - "it's about SAY"
slots:
  - name: what
    title: what it is about
    type: text
    ask: ["Please tell me what it's about."]
  - name: phone
    title: phone number
    type: phone
    from: caller
    ask: ["What number can we reach you at?"]
steps:
  - ask: [what, phone]
  - ticket:
      kind: TITLE
      summary: "{what}"
      fields: {phone: "{phone}"}
  - say: I've written that down. Somebody will get back to you soon.
  - end: done
`,
		TemplateLookup + ".zh": `# 问一个号码，照表里的内容回答。
name: NAME
title: TITLE
start:
  examples:            # 客人会怎么说，五句以上
    - "我要查SAY"
    - "帮我查一下SAY"
    - "SAY查一下"
    - "想问一下SAY"
    - "看看我的SAY"
slots:
  - name: digits_said
    title: "COLUMN"
    type: code
    ask: ["请说一下COLUMN。"]
    unknown: person
steps:
  - ask: digits_said
  - lookup: {table: TABLE, where: {KEY: "{digits_said}"}, as: row}
    none:
      - id: person
        say: 没有查到，我请同事帮您看。
      - transfer: {}
  - say: "查到了，{row.VALUE}。"
  - end: done
`,
		TemplateLookup + ".en": `# Asks for a number and says what the table has.
name: NAME
title: TITLE
start:
  examples:            # what callers say, five or more
    - "check SAY"
    - "can you look up SAY"
    - "I'm calling about SAY"
    - "tell me about SAY"
    - "what about SAY"
slots:
  - name: digits_said
    title: "COLUMN"
    type: code
    ask: ["What's the COLUMN?"]
    unknown: person
steps:
  - ask: digits_said
  - lookup: {table: TABLE, where: {KEY: "{digits_said}"}, as: row}
    none:
      - id: person
        say: I can't find it, so I'll get someone to look.
      - transfer: {}
  - say: "I found it: {row.VALUE}."
  - end: done
`,
		TemplatePerson + ".zh": `# 先问清楚，再转给同事。
name: NAME
title: TITLE
start:
  examples:            # 客人会怎么说，五句以上
    - "我要SAY"
    - "想SAY"
    - "帮我SAY"
    - "能不能SAY"
    - "SAY找谁"
slots:
  - name: what
    title: 具体情况
    type: text
    ask: ["请简单说一下情况，我转给同事。"]
    optional: true
steps:
  - ask: what
  - say: 好的，我请同事来帮您。
  - transfer: {}
`,
		TemplatePerson + ".en": `# Asks first, then brings the caller to a person.
name: NAME
title: TITLE
start:
  examples:            # what callers say, five or more
    - "I'd like SAY"
    - "I need SAY"
    - "I'm calling about SAY"
    - "who can help me with SAY"
    - "it's about SAY"
slots:
  - name: what
    title: what it is about
    type: text
    ask: ["Tell me briefly what it's about, and I'll get a colleague."]
    optional: true
steps:
  - ask: what
  - say: All right, I'll get a colleague for you.
  - transfer: {}
`,
	}
}
