package business

import (
	"slices"
)

// The kinds of a planned row.
const (
	PlanAdd       = "added"
	PlanChange    = "changed"
	PlanSame      = "unchanged"
	PlanDuplicate = "duplicate" // the same question and answer stand elsewhere: left out
)

// Planned is what an import would do with one of its rows.
type Planned struct {
	Kind   string
	Row    Row
	Before Row // of a changed row
}

// Compare tells what importing rows into a business that has others would do. What
// contradicts, repeats or breaks a rule is added to report, with the row's place.
// A row replaces the one of its id or, where it has none of its own, that of the same
// question. near, which may be nil, finds a row of the same meaning.
func Compare(b *Business, have, rows []Row, report *Report, near func(Row) (Row, bool)) []Planned {
	byID, byQuestion := map[string]int{}, map[string]int{}
	for i, r := range slices.Backward(have) {
		byID[r.ID] = i
		byQuestion[Fold(r.Question)] = i
	}
	var absent []string
	for _, c := range columns() {
		if c.name != "id" && !slices.ContainsFunc(rows, func(r Row) bool { return r.field(c.name) != "" }) {
			absent = append(absent, c.name)
		}
	}
	plan := make([]Planned, 0, len(rows))
	replaced := map[int]bool{}
	for _, r := range rows {
		i, known := byID[r.ID]
		if !known && r.madeID {
			i, known = byQuestion[Fold(r.Question)]
		}
		if !known || replaced[i] || r.Question == "" {
			plan = append(plan, Planned{Kind: PlanAdd, Row: r})
			continue
		}
		replaced[i] = true
		if r.madeID {
			r.ID, r.madeID = have[i].ID, have[i].madeID
		}
		for _, c := range absent {
			// What the file has no column for stays as it was.
			(&folder{report: &Report{}}).cell(&r, c, have[i].field(c), place{})
		}
		p := Planned{Kind: PlanChange, Row: r, Before: have[i]}
		if r.Digest() == have[i].Digest() {
			p.Kind = PlanSame
		}
		plan = append(plan, p)
	}
	merged := make([]Row, 0, len(have)+len(plan))
	for i, r := range have {
		if !replaced[i] {
			merged = append(merged, r)
		}
	}
	stands := len(merged)
	for _, p := range plan {
		merged = append(merged, p.Row)
	}
	found := checkPlanned(b, merged, stands)
	report.Problems = append(report.Problems, found.Problems...)
	type spot struct {
		file string
		line int
	}
	duplicate, told := map[spot]bool{}, map[spot]bool{}
	for _, p := range found.Problems {
		at := spot{p.File, p.Line}
		duplicate[at] = duplicate[at] || p.Code == "question_repeated"
		told[at] = told[at] || p.Code == "contradiction" || p.Code == "variant_shared"
	}
	for i := range plan {
		r := plan[i].Row
		at := spot{r.File, r.Line}
		if plan[i].Kind == PlanAdd && duplicate[at] {
			plan[i].Kind = PlanDuplicate
		}
		if plan[i].Kind == PlanAdd && near != nil && !told[at] && r.Question != "" {
			nearTo(report, r, near)
		}
	}
	return plan
}

// checkPlanned checks the rows from stands on, alone and against all.
func checkPlanned(b *Business, merged []Row, stands int) Report {
	var all Report
	checkerOf(b, merged, &all).rows()
	files := map[string]bool{}
	for _, r := range merged[stands:] {
		files[r.File] = true
	}
	return Report{Problems: slices.DeleteFunc(all.Problems, func(p Problem) bool { return !files[p.File] })}
}

func nearTo(report *Report, r Row, near func(Row) (Row, bool)) {
	other, ok := near(r)
	if !ok || other.ID == r.ID || !overlap(&r, &other) {
		return
	}
	code := "near_contradiction"
	if Fold(other.Speech()) == Fold(r.Speech()) && other.Flow == r.Flow {
		code = "near_duplicate"
	}
	report.add(Warning, place{file: r.File, line: r.Line, field: "question"}, code, other.Question, place{file: other.File, line: other.Line})
}
