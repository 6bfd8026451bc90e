package campaigns

import (
	"strings"
	"time"
)

// place is where a callee may be, and when he may be called there.
type place struct {
	zones []*time.Location // at least one
	all   []calendar       // of the campaign and of the server, in each zone
}

// where says by which clocks a contact is called: his own zone's if that is known, else
// those of all the zones that his number may be in.
func (r *Rules) where(c Campaign, contact Contact) place {
	return r.place(c, r.zonesOf(contact))
}

// zonesOf are the names of the zones that a contact may be in; none when that is not known.
func (r *Rules) zonesOf(contact Contact) []string {
	if r.location(contact.Zone) != nil {
		return []string{contact.Zone}
	}
	if r.cfg.Numbers == nil {
		return nil
	}
	return r.cfg.Numbers.Zones(contact.Number)
}

// place is where who may be in some zones is; without one of them, where the campaign says,
// or the server.
func (r *Rules) place(c Campaign, names []string) place {
	var p place
	add := func(names ...string) {
		for _, name := range names {
			if loc := r.location(name); loc != nil {
				p.zones = append(p.zones, loc)
			}
		}
	}
	add(names...)
	if len(p.zones) == 0 {
		add(c.Windows.Zone)
	}
	if len(p.zones) == 0 {
		add(r.cfg.Zone)
	}
	if len(p.zones) == 0 {
		p.zones = append(p.zones, time.UTC)
	}
	p.all = make([]calendar, 0, 2*len(p.zones))
	var days Windows // closed on the business's holidays alone
	if r.cfg.Holidays != nil {
		days = Windows{Days: wholeWeek, Holidays: r.cfg.Holidays(c.Line)}
	}
	for _, zone := range p.zones {
		p.all = append(p.all, calendar{c.Windows, zone}, calendar{r.cfg.Hours, zone})
		if len(days.Holidays) > 0 {
			p.all = append(p.all, calendar{days, zone})
		}
	}
	return p
}

// Zone is by which clock a contact speaks of times: his own, or that of all his number's
// places. nil where they differ.
func (r *Rules) Zone(c Campaign, contact Contact) *time.Location {
	p := r.where(c, contact)
	if len(p.zones) != 1 {
		return nil
	}
	return p.zones[0]
}

var wholeWeek = func() (days [7][]Span) {
	for i := range days {
		days[i] = []Span{{0, 24 * 60}}
	}
	return days
}()

// location is nil for what is no zone.
func (r *Rules) location(name string) *time.Location {
	if name == "" || name == "Local" { // the server's own zone says nothing of a callee's
		return nil
	}
	if loc, ok := r.zones.Load(name); ok {
		return loc.(*time.Location)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	r.zones.Store(name, loc)
	return loc
}

// day is the callee's calendar day, 2026-11-21; of several zones, the first's.
func (p place) day(t time.Time) string { return t.In(p.zones[0]).Format(time.DateOnly) }

// midnight is when a calendar day, given by its midnight UTC, has begun in all zones.
func (p place) midnight(day time.Time) time.Time {
	whole := Windows{Holidays: []Holiday{{First: day, Open: []Span{{0, 24 * 60}}}}}
	whole.Days[0] = []Span{{}} // all other days are closed
	var begun time.Time
	for _, zone := range p.zones {
		if at, ok := whole.Next(day.Add(-15*time.Hour), zone); ok {
			begun = latest(begun, at)
		}
	}
	return begun
}

// next is the first moment from t on that is open in all zones.
func (p place) next(t time.Time) (time.Time, bool) { return nextOpen(t, p.all) }

// opened refuses what is outside the hours, or before the campaign's start.
func (p place) opened(now time.Time, c Campaign) (Refusal, string, time.Time) {
	if now.Before(c.Start) {
		return RefusedWindow, groundOf("not_begun", c.Start.UTC().Format(time.RFC3339)), c.Start
	}
	shut, is := closedAt(now, p.all)
	if !is {
		spans, _ := p.all[0].windows.On(calendarDay(now, p.zones[0]))
		return "", groundOf("window", spansText(spans), p.text(), now.In(p.zones[0]).Format("15:04")), time.Time{}
	}
	spans, holiday := shut.windows.On(calendarDay(now, shut.zone))
	at := now.In(shut.zone).Format("15:04")
	if holiday != "" {
		return RefusedHoliday, groundOf("holiday", holiday, spansText(spans), at, shut.zone.String()), time.Time{}
	}
	return RefusedWindow, groundOf("outside_window", spansText(spans), at, shut.zone.String()), time.Time{}
}

// calendarDay is the midnight UTC of the day that a zone's calendar shows.
func calendarDay(t time.Time, zone *time.Location) time.Time {
	return wallClock(t.In(zone)).Truncate(24 * time.Hour)
}

// text names the zones; of many, the first three.
func (p place) text() string {
	names := make([]string, 0, 4)
	for i, zone := range p.zones {
		if i == 3 {
			names = append(names, "…")
			break
		}
		names = append(names, zone.String())
	}
	return strings.Join(names, ", ")
}
