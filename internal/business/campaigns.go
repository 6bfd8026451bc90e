package business

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"hotline/campaigns"
	"hotline/internal/campaignfile"
	"hotline/internal/strict"
)

// CampaignDir is the folder of what a business calls people for.
const CampaignDir = "campaigns"

// What is said to who is called: VOICE's bounds for the first breath, of which the
// reason for the call is a part, and for a message.
const (
	maxCampaignGreeting  = 16.0 // seconds
	maxCampaignVoicemail = 20.0
)

// campaigns checks campaigns/*.yaml: what they name in this folder, and what they say.
func (f *folder) campaigns() {
	for _, e := range f.entries(CampaignDir, ".yaml", ".yml") {
		name := path.Join(CampaignDir, e)
		data, err := f.read(name)
		if err != nil {
			f.report.add(Error, f.in(name, 0), "unreadable", reason(err))
			continue
		}
		text, ok := decodeText(data)
		if !ok {
			f.report.add(Error, f.in(name, 1), "encoding")
		}
		made, problems, lines := campaignfile.Read([]byte(text))
		for _, p := range problems {
			f.strict(name, p)
		}
		if len(problems) > 0 || f.broken {
			continue
		}
		(&campaignChecker{folder: f, name: name, lines: lines, campaign: made}).check()
	}
}

// campaignChecker checks one file.
type campaignChecker struct {
	*folder
	name     string
	lines    strict.Lines
	campaign campaigns.Campaign
}

func (c *campaignChecker) key(path string) place {
	return c.in(c.name, c.lines.Of(path)).at(path)
}

func (c *campaignChecker) check() {
	b, made := c.business, c.campaign
	line, ok := b.LineNamed(made.Line)
	if made.Line == "" {
		line, ok = Find([]*Business{b}, "")
	}
	if !ok {
		var names []string
		for _, l := range b.Lines {
			names = append(names, l.Name)
		}
		c.report.add(Error, c.key("line"), "campaign_line", made.Line, strings.Join(names, ", "))
		return
	}
	home := b
	if line.Home != nil {
		home = line.Home
	}
	if made.Skill != "" && !slices.Contains(home.skillNames(), made.Skill) {
		c.report.add(Error, c.key("skill"), "skill_missing", made.Skill, strings.Join(home.skillNames(), ", "))
	}
	for i, v := range made.Variants {
		at := pathOf("variants", i) + "."
		if c.lines.Of("greeting") > 0 {
			at = ""
		}
		c.variant(at, v, line, home)
	}
}

// fieldPattern is a contact's field in what is said.
var fieldPattern = regexp.MustCompile(`\{[^{}]*\}`)

func (c *campaignChecker) variant(at string, v campaigns.Variant, line Line, home *Business) {
	if _, ok := home.Flows.Flow(v.Task); v.Task != "" && !ok {
		c.report.add(Error, c.key(at+"task"), "row_flow", v.Task, strings.Join(home.Flows.Names(), ", "))
	}
	if c.campaign.Mode != campaigns.Agentless {
		if v.Abandoned == "" && c.campaign.Mode == campaigns.Predictive {
			c.report.add(Error, c.key(at+"abandoned"), "campaign_abandoned")
		}
	} else if v.Task == "" {
		c.report.add(Warning, c.key(at+"greeting"), "campaign_no_task")
	}
	greeting := c.key(at + "greeting")
	if !campaigns.SaysName(v.Greeting, home.Name) {
		c.report.add(Warning, greeting, "campaign_name", home.Name)
	}
	if !line.Recording.Off && !campaigns.SaysRecorded(v.Greeting) {
		c.report.add(Warning, greeting, "campaign_record")
	}
	if !campaigns.SaysDecline(v.Greeting) {
		c.report.add(Warning, greeting, "campaign_decline")
	}
	for _, said := range []struct {
		key, text string
		most      float64
	}{{"greeting", v.Greeting, maxCampaignGreeting}, {"voicemail", v.Voicemail, maxCampaignVoicemail}, {"abandoned", v.Abandoned, maxCampaignVoicemail}} {
		text := fieldPattern.ReplaceAllString(said.text, "")
		if text == "" {
			continue
		}
		if s := Seconds(text, line.Language) / line.Rate; s > said.most {
			c.report.add(Warning, c.key(at+said.key), "campaign_long", int(s+0.5), int(said.most))
		}
		for _, found := range sound(text, line.Language, line.Rate, home.Terms) {
			// A greeting tells who, what and why in one go, a message all there is.
			if found.code != "speech_long" && found.code != "speech_sentences" {
				c.report.add(Warning, c.key(at+said.key), found.code, found.args...)
			}
		}
	}
}
