package business

import (
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"hotline/dialog/engine"
	"hotline/internal/strict"
)

// Check loads the folder and prints its report for people to w, in language,
// with a last line that counts. It returns the report's error.
func Check(w io.Writer, dir, language string) error {
	b, report := Load(dir)
	if err := report.Write(w, language, dir); err != nil {
		return err
	}
	variants := 0
	for _, r := range b.Knowledge {
		variants += len(r.Variants)
	}
	format := "%s: %d lines, %d questions, %d more wordings; %d errors, %d warnings\n"
	if language == "zh" {
		format = "%s：线路 %d 条，问答 %d 条，其他说法 %d 种；错误 %d 个，提醒 %d 个\n"
	}
	if _, err := fmt.Fprintf(w, format, dir, len(b.Lines), len(b.Knowledge), variants, report.Errors(), report.Warnings()); err != nil {
		return err
	}
	return report.Err()
}

func pathOf(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

// check looks for what is wrong between the parts.
func (f *folder) check(lines strict.Lines) {
	c := checker{folder: f, lines: lines}
	if !f.broken {
		c.identity()
		c.people()
		c.telephone()
		c.phrases()
		c.notOurs()
		c.hours()
	}
	c.rows()
}

type checker struct {
	*folder
	lines strict.Lines
}

// key is the place of a key of business.yaml.
func (c checker) key(path string) place { return c.in(File, c.lines.Of(path)).at(path) }

func (c checker) identity() {
	b := c.business
	if b.Name == "" {
		c.report.add(Error, c.key("name"), "missing", "write the name that callers know", "请写来电人熟悉的店名")
	}
	if !spoken(b.Language) {
		c.report.add(Error, c.key("language"), "language", b.Language)
	}
	c.limits("limits", b.Limits)
}

func spoken(language string) bool { return language == "zh" || language == "en" }

func (c checker) limits(path string, l Limits) {
	duration := func(name string, d, low, high time.Duration) {
		if d < low || d > high {
			c.report.add(Error, c.key(path+"."+name), "range", d, low, high)
		}
	}
	count := func(name string, n int) {
		if n < 1 || n > 10 {
			c.report.add(Error, c.key(path+"."+name), "range", n, 1, 10)
		}
	}
	duration("silence", l.Silence, 2*time.Second, time.Minute)
	duration("max_call", l.MaxCall, time.Minute, 4*time.Hour)
	duration("message", l.Message, 5*time.Second, 10*time.Minute)
	count("silences", l.Silences)
	count("no_match", l.NoMatch)
}

// maxRinging is how long a line may let its callers wait for the answer; their
// network gives up after a minute.
const maxRinging = 40 * time.Second

// nameOfAgent is what an account can be called in the store and in a SIP address; with
// another the server would not start.
var nameOfAgent = regexp.MustCompile(`^[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N}._-]{0,63}$`)

func (c checker) people() {
	b := c.business
	var skills, agents []string
	for i, s := range b.Skills {
		at := c.key(pathOf("skills", i) + ".name")
		switch {
		case s.Name == "":
			c.report.add(Error, at, "missing", "give the skill a name: service, say", "请给技能组起名，例如 service")
		case slices.Contains(skills, s.Name):
			c.report.add(Error, at, "name_twice", s.Name)
		}
		skills = append(skills, s.Name)
	}
	for i, a := range b.Agents {
		at := c.key(pathOf("agents", i))
		switch {
		case a.Name == "":
			c.report.add(Error, at.at(at.field+".name"), "missing", "write the user that the agent's phone registers as", "请写坐席话机注册用的账号")
		case slices.Contains(agents, a.Name):
			c.report.add(Error, at.at(at.field+".name"), "name_twice", a.Name)
		case !nameOfAgent.MatchString(a.Name):
			c.report.add(Error, at.at(at.field+".name"), "agent_name", a.Name)
		}
		agents = append(agents, a.Name)
		for _, s := range a.Skills {
			if !slices.Contains(skills, s) {
				c.report.add(Error, c.key(at.field+".skills"), "skill_missing", s, strings.Join(skills, ", "))
			}
		}
		for s, level := range a.Levels {
			if !slices.Contains(skills, s) {
				c.report.add(Error, c.key(at.field+".levels."+s), "skill_missing", s, strings.Join(skills, ", "))
			}
			if level < 1 || level > 10 {
				c.report.add(Error, c.key(at.field+".levels."+s), "range", level, 1, 10)
			}
		}
		for _, l := range a.Languages {
			if !spoken(l) {
				c.report.add(Error, c.key(at.field+".languages"), "language", l)
			}
		}
	}
	for i, category := range b.Urgent {
		if !slices.ContainsFunc(b.Knowledge, func(r Row) bool { return r.Category == category }) {
			c.report.add(Warning, c.key(pathOf("urgent", i)), "category_missing", category)
		}
	}
	for i, s := range b.Skills {
		for _, a := range s.Agents {
			if !slices.Contains(agents, a) {
				c.report.add(Error, c.key(pathOf("skills", i)+".agents"), "agent_missing", a, strings.Join(agents, ", "))
			}
		}
		for _, category := range s.Categories {
			if !slices.ContainsFunc(b.Knowledge, func(r Row) bool { return r.Category == category }) {
				c.report.add(Warning, c.key(pathOf("skills", i)+".categories"), "category_missing", category)
			}
		}
		if s.Name != "" && len(b.AgentsWith(s.Name, "")) == 0 {
			c.report.add(Warning, c.key(pathOf("skills", i)), "skill_empty", s.Name)
		}
	}
	c.escalation(skills)
	c.queue(skills)
	c.tickets()
}

func (c checker) escalation(skills []string) {
	e := c.business.Escalation
	if e.Skill == "" && len(skills) > 0 {
		c.report.add(Error, c.key("escalation.skill"), "missing", "name the skill that takes callers in general", "请写默认转给哪个技能组")
	}
	if e.Skill != "" && !slices.Contains(skills, e.Skill) {
		c.report.add(Error, c.key("escalation.skill"), "skill_missing", e.Skill, strings.Join(skills, ", "))
	}
	for name, d := range map[string]time.Duration{"ring": e.Ring, "wait": e.Wait} {
		if d < 5*time.Second || d > 10*time.Minute {
			c.report.add(Error, c.key("escalation."+name), "range", d, 5*time.Second, 10*time.Minute)
		}
	}
}

// sound reports what about text does not work for the ear.
func (c checker) sound(at place, text, language string, rate float64) {
	for _, f := range sound(text, language, rate, c.business.Terms) {
		c.report.add(Warning, at, f.code, f.args...)
	}
}

func (c checker) telephone() {
	b := c.business
	if len(b.Lines) == 0 {
		c.report.add(Error, c.key("lines"), "no_lines")
		return
	}
	names, owner, standard := map[string]bool{}, map[string]string{}, ""
	for i, l := range b.Lines {
		path := pathOf("lines", i)
		if l.Name == "" {
			c.report.add(Error, c.key(path+".name"), "missing", "give the line a name", "请给线路起名")
		} else if names[l.Name] {
			c.report.add(Error, c.key(path+".name"), "name_twice", l.Name)
		}
		names[l.Name] = true
		for _, n := range l.Numbers {
			if !dialable(n) {
				c.report.add(Error, c.key(path+".numbers"), "number_odd", n)
			}
			if other, taken := owner[n]; taken {
				c.report.add(Error, c.key(path+".numbers"), "number_twice", n, other)
			}
			owner[n] = l.Name
		}
		if l.Default {
			if standard != "" {
				c.report.add(Error, c.key(path+".default"), "two_defaults", standard, l.Name)
			}
			standard = l.Name
		}
		if l.Business == "" {
			c.line(path, l)
		}
		c.otherLanguages(path, l)
	}
	if standard == "" && len(b.Lines) > 1 {
		c.report.add(Warning, c.key("lines"), "no_default", b.Lines[0].Name)
	}
}

func dialable(n string) bool {
	ok := func(r rune) bool {
		return r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) || strings.ContainsRune("+*#-_.", r)
	}
	return n != "" && strings.IndexFunc(n, func(r rune) bool { return !ok(r) }) < 0
}

func (c checker) line(path string, l Line) {
	b := c.business
	if !spoken(l.Language) {
		c.report.add(Error, c.key(path+".language"), "language", l.Language)
		return
	}
	if l.Voice == "" {
		c.report.add(Warning, c.key(path), "voice_missing", l.Language)
	}
	c.limits(path+".limits", l.Limits)
	if l.Rate < 0.5 || l.Rate > 2 {
		c.report.add(Error, c.key(path+".rate"), "range", l.Rate, 0.5, 2)
		return
	}
	c.answer(path, l)
	c.opening(path, l)
	c.menu(path, l)
	c.elsewhere(path, l)
	for _, s := range b.Skills {
		if len(b.AgentsWith(s.Name, "")) > 0 && len(b.AgentsWith(s.Name, l.Language)) == 0 {
			c.report.add(Warning, c.key(path), "skill_language", s.Name, l.Language, l.Name)
		}
	}
}

// otherLanguages looks whether a line's callers can go on by the lines that it names.
func (c checker) otherLanguages(path string, l Line) {
	by := map[string]string{l.Language: l.Name}
	for _, name := range l.OtherLanguages {
		at := c.key(path + ".other_languages")
		other, ok := c.business.LineNamed(name)
		if !ok {
			var known []string
			for _, x := range c.business.Lines {
				known = append(known, x.Name)
			}
			c.report.add(Error, at, "other_line", name, strings.Join(known, ", "))
			continue
		}
		if taken, twice := by[other.Language]; twice {
			c.report.add(Error, at, "other_same", name, other.Language, taken)
			continue
		}
		by[other.Language] = name
	}
}

func (c checker) answer(path string, l Line) {
	if d := l.Answer.Ringing; d < 0 || d > maxRinging {
		c.report.add(Error, c.key(path+".answer.ringing"), "range", d, time.Duration(0), maxRinging)
	}
	if l.Answer.EarlyMedia && l.Early() == "" {
		c.report.add(Error, c.key(path+".answer.early_media"), "early_nothing")
	}
}

func (c checker) opening(path string, l Line) {
	var all []string
	for _, s := range l.Opening() {
		all = append(all, s.Text)
	}
	text := strings.Join(all, " ")
	at := c.key(path + ".greeting")
	if text == "" {
		c.report.add(Warning, c.key(path), "opening_empty")
		return
	}
	lower := strings.ToLower(text)
	says := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(lower, w) })
	}
	if s := Seconds(text, l.Language) / l.Rate; s > maxOpeningSeconds {
		c.report.add(Warning, at, "opening_long", math.Round(s*10)/10)
	}
	if c.business.Name != "" && !says(strings.ToLower(c.business.Name)) {
		c.report.add(Warning, at, "opening_name", c.business.Name)
	}
	if !says("智能", "机器人", "人工智能", "语音助手", "automated", "virtual", "a bot", "assistant", "machine", "robot", " ai ") {
		c.report.add(Warning, at, "opening_bot")
	}
	if !l.Recording.Off && !says("录音", "record") {
		c.report.add(Warning, at, "opening_record")
	}
	for _, s := range l.Opening() {
		for _, found := range sound(s.Text, l.Language, l.Rate, c.business.Terms) {
			if found.code != "speech_long" {
				c.report.add(Warning, at, found.code, found.args...)
			}
		}
	}
}

// wants has the id of a question there, or none.
func (c checker) wants(at place, id string, ids []string) {
	if id == "" || slices.Contains(ids, id) {
		return
	}
	if near := strict.Nearest(id, ids); near != "" {
		c.report.add(Error, at, "menu_pair_near", id, near)
		return
	}
	c.report.add(Error, at, "menu_pair", id)
}

func (c checker) pairs() []string {
	var ids []string
	for _, r := range c.business.Knowledge {
		ids = append(ids, r.ID)
	}
	return ids
}

func (c checker) notOurs() {
	e := c.business.NotOurs
	c.wants(c.key("not_ours.not_sold"), e.NotSold, c.pairs())
	c.wants(c.key("not_ours.makers"), e.Makers, c.pairs())
	if len(e.Goods) > 0 && e.NotSold == "" {
		c.report.add(Error, c.key("not_ours"), "missing", "write not_sold: the id of the question whose answer says that these are not sold", "请写 not_sold：说没有卖这些东西的那一条的编号")
	}
}

func (c checker) menu(path string, l Line) {
	b := c.business
	ids := c.pairs()
	var skills []string
	for _, s := range b.Skills {
		skills = append(skills, s.Name)
	}
	for key, m := range l.Menu {
		at := c.key(path + ".menu." + key)
		if len(key) != 1 || key < "1" || key > "9" {
			c.report.add(Error, at, "menu_key", key)
		}
		targets := 0
		for _, is := range []bool{m.Pair != "", m.Flow != "", m.Skill != ""} {
			if is {
				targets++
			}
		}
		if targets != 1 {
			c.report.add(Error, at, "menu_target")
		}
		if _, ok := b.Flows.Flow(m.Flow); m.Flow != "" && !ok {
			c.report.add(Error, at, "row_flow", m.Flow, strings.Join(b.Flows.Names(), ", "))
		}
		if m.Say == "" {
			c.report.add(Error, at, "missing", "write say: what the menu calls this key", "请写 say：念菜单时怎么称呼这个按键")
		}
		c.wants(at, m.Pair, ids)
		if m.Skill != "" && !slices.Contains(skills, m.Skill) {
			c.report.add(Error, at, "skill_missing", m.Skill, strings.Join(skills, ", "))
		}
		c.sound(at, m.Say, l.Language, l.Rate)
	}
}

// phrases checks wordings that take the place of the bot's own.
func (c checker) phrases() {
	b := c.business
	if !spoken(b.Language) {
		return
	}
	known := engine.DefaultPhrases(b.Language)
	var keys []string
	for k := range known {
		keys = append(keys, string(k))
	}
	slices.Sort(keys)
	for _, key := range slices.Sorted(maps.Keys(b.Phrases)) {
		at := c.key("phrases." + key)
		if _, ok := known[engine.Key(key)]; !ok {
			if near := strict.Nearest(key, keys); near != "" {
				c.report.add(Error, at, "unknown_key_near", key, near)
			} else {
				c.report.add(Error, at, "unknown_key", key, strings.Join(keys, ", "))
			}
			continue
		}
		for _, text := range b.Phrases[key] {
			c.sound(at, bracePattern.ReplaceAllString(text, ""), b.Language, c.rate())
		}
	}
}

// rate is the pace of the business's own lines.
func (c checker) rate() float64 {
	for _, l := range c.business.Lines {
		if l.Business == "" && l.Rate > 0 {
			return l.Rate
		}
	}
	return 1
}

func (c checker) hours() {
	h := c.business.Hours
	holidays := h.Holidays
	for i, a := range holidays {
		at := c.key(pathOf("hours.holidays", i))
		if a.From.IsZero() {
			c.report.add(Error, at, "missing", "write from: 2026-10-01", "请写 from: 2026-10-01")
			continue
		}
		if !a.To.IsZero() && a.To.Compare(a.From) < 0 {
			c.report.add(Error, at, "holiday_order", a.From, a.To)
		}
		for _, b := range holidays[:i] {
			if a.From.Compare(last(b)) <= 0 && b.From.Compare(last(a)) <= 0 {
				c.report.add(Warning, at, "holiday_overlap", b.Name)
				break
			}
		}
	}
	for i, day := range h.Workdays {
		at := c.key(pathOf("hours.workdays", i))
		if w := day.In(time.UTC).Weekday(); w != time.Saturday && w != time.Sunday {
			c.report.add(Warning, at, "workday_weekday", day)
		}
		for _, a := range holidays {
			if day.Compare(a.From) >= 0 && day.Compare(last(a)) <= 0 {
				c.report.add(Error, at, "workday_holiday", day, a.Name)
				break
			}
		}
	}
	if _, ok := h.NextOpen(c.now); !ok {
		c.report.add(Warning, c.key("hours"), "never_open")
	}
}

func last(h Holiday) Date {
	if h.To.IsZero() {
		return h.From
	}
	return h.To
}
