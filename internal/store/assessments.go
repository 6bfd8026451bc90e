package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"hotline/internal/quality"
)

const assessmentColumns = `id, call_id, subject, line, sheet, source, week, state, found, score, passed, judged, review, reply, made_at, reviewer, reviewed_at, replied_at, version`

// QualityCandidates implements quality.Store.
func (s *Store) QualityCandidates(ctx context.Context, from, to time.Time) ([]quality.Candidate, error) {
	return list(ctx, s.read, "list calls to be reviewed", func(from row) (c quality.Candidate, err error) {
		var answered, ended int64
		err = from.Scan(&c.Call, &c.Agent, &c.Line, &answered, &ended)
		c.Lasted = time.Duration(ended-answered) * time.Millisecond
		return c, err
	}, `SELECT id, agent, line, answered_at, ended_at FROM calls WHERE ended_at >= $1 AND ended_at < $2 AND answered_at IS NOT NULL ORDER BY id`, from.UnixMilli(), to.UnixMilli())
}

// said are the sealed columns of an assessment.
func (f *sealing) said(a quality.Assessment) (judged, review, reply []byte) {
	if a.Judged != nil {
		judged = f.sealJSON("judged", a.Judged)
	}
	if a.Review != nil {
		review = f.sealJSON("review", a.Review)
	}
	if a.Reply != nil {
		reply = f.sealJSON("reply", a.Reply)
	}
	return judged, review, reply
}

func number[T int | bool](v *T) any {
	if v == nil {
		return nil
	}
	switch v := any(*v).(type) {
	case bool:
		if v {
			return 1
		}
		return 0
	default:
		return v
	}
}

// AddAssessment implements quality.Store.
func (s *Store) AddAssessment(ctx context.Context, a quality.Assessment) (added bool, err error) {
	f := &sealing{s: s, table: "assessments", row: a.ID}
	judged, review, reply := f.said(a)
	if f.err != nil {
		return false, f.err
	}
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := s.group.exec(ctx, tx, `INSERT INTO assessments (`+assessmentColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) ON CONFLICT (call_id, subject) DO NOTHING`,
			a.ID, a.Call, a.Subject, a.Line, a.Sheet, a.Source, a.Week, a.State, number(a.Found), number(a.Score), number(a.Passed), judged, review, reply,
			a.MadeAt.UnixMilli(), a.Reviewer, millis(a.ReviewedAt), millis(a.RepliedAt), a.Version)
		if err != nil {
			return fmt.Errorf("keep assessment: %w", err)
		}
		n, err := res.RowsAffected()
		added = n > 0
		return err
	})
	return added, err
}

// PutAssessment implements quality.Store.
func (s *Store) PutAssessment(ctx context.Context, a quality.Assessment) error {
	f := &sealing{s: s, table: "assessments", row: a.ID}
	_, review, reply := f.said(a)
	if f.err != nil {
		return f.err
	}
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := s.group.exec(ctx, tx, `UPDATE assessments SET state = $3, score = $4, passed = $5, review = $6, reply = $7, reviewer = $8, reviewed_at = $9,
			replied_at = $10, version = version + 1 WHERE id = $1 AND version = $2`,
			a.ID, a.Version, a.State, number(a.Score), number(a.Passed), review, reply, a.Reviewer, millis(a.ReviewedAt), millis(a.RepliedAt))
		if err != nil {
			return fmt.Errorf("keep assessment %s: %w", a.ID, err)
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return fmt.Errorf("keep assessment %s: %w", a.ID, ErrStale)
		}
		return nil
	})
}

// Assessment implements quality.Store.
func (s *Store) Assessment(ctx context.Context, id string) (quality.Assessment, error) {
	return s.assessment(ctx, "id = $1", id)
}

// AssessmentOf implements quality.Store.
func (s *Store) AssessmentOf(ctx context.Context, call, subject string) (quality.Assessment, error) {
	return s.assessment(ctx, "call_id = $1 AND subject = $2", call, subject)
}

func (s *Store) assessment(ctx context.Context, condition string, args ...any) (quality.Assessment, error) {
	a, err := s.scanAssessment(s.read.QueryRowContext(ctx, `SELECT `+assessmentColumns+` FROM assessments WHERE `+condition, args...))
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return a, fmt.Errorf("assessment: %w", err)
	}
	return a, nil
}

func (s *Store) scanAssessment(from row) (a quality.Assessment, err error) {
	var found, score, passed sql.NullInt64
	var judged, review, reply []byte
	if err := from.Scan(&a.ID, &a.Call, &a.Subject, &a.Line, &a.Sheet, &a.Source, &a.Week, &a.State, &found, &score, &passed, &judged, &review, &reply,
		nullTime{&a.MadeAt}, &a.Reviewer, nullTime{&a.ReviewedAt}, nullTime{&a.RepliedAt}, &a.Version); err != nil {
		return a, err
	}
	if found.Valid {
		n := int(found.Int64)
		a.Found = &n
	}
	if score.Valid {
		n := int(score.Int64)
		a.Score = &n
	}
	if passed.Valid {
		p := passed.Int64 != 0
		a.Passed = &p
	}
	f := &sealing{s: s, table: "assessments", row: a.ID}
	if len(judged) > 0 {
		a.Judged = &quality.Judged{}
		f.openJSON("judged", judged, a.Judged)
	}
	if len(review) > 0 {
		a.Review = &quality.Verdict{}
		f.openJSON("review", review, a.Review)
	}
	if len(reply) > 0 {
		a.Reply = &quality.AgentReply{}
		f.openJSON("reply", reply, a.Reply)
	}
	return a, f.err
}

// Sampled implements quality.Store.
func (s *Store) Sampled(ctx context.Context, week string) (map[string]int, error) {
	return counts(ctx, s.read, "count the quality sample", `SELECT subject, COUNT(*) FROM assessments WHERE week = $1 AND source = 'sample' GROUP BY subject`, week)
}

// AssessmentFilter chooses assessments; a zero field chooses all.
type AssessmentFilter struct {
	Subjects []string // any of them; nil: all
	States   []string
	Week     string
	Call     string
	Limit    int // default 50, at most 500
	Cursor   string
}

func (f AssessmentFilter) where() *where {
	w := &where{}
	for column, list := range map[string][]string{"subject": f.Subjects, "state": f.States} {
		if list == nil {
			continue
		}
		args := make([]any, len(list))
		for i, v := range list {
			args[i] = v
		}
		if len(list) == 0 {
			w.add("1 = 0")
			continue
		}
		w.add(column+" IN (?"+strings.Repeat(", ?", len(list)-1)+")", args...)
	}
	if f.Week != "" {
		w.add("week = ?", f.Week)
	}
	if f.Call != "" {
		w.add("call_id = ?", f.Call)
	}
	return w
}

// Assessments lists them, the newest first.
func (s *Store) Assessments(ctx context.Context, f AssessmentFilter) (p Page[quality.Assessment], err error) {
	w := f.where()
	if err := w.after(f.Cursor, "assessment-DESC", "made_at", false); err != nil {
		return p, err
	}
	limit := min(cmp.Or(max(0, f.Limit), 50), 500)
	items, err := list(ctx, s.read, "list assessments", s.scanAssessment,
		`SELECT `+assessmentColumns+` FROM assessments`+w.String()+` ORDER BY made_at DESC, id DESC LIMIT `+strconv.Itoa(limit+1), w.args...)
	if err != nil {
		return p, err
	}
	if p.Items = items; len(items) > limit {
		p.Items = items[:limit]
		last := items[limit-1]
		p.Next = cursor{"assessment-DESC", last.MadeAt.UnixMilli(), last.ID}.String()
	}
	return p, nil
}

// SubjectQuality is how somebody's calls were judged.
type SubjectQuality struct {
	Subject  string  `json:"subject"`
	Calls    int     `json:"calls"`
	Reviewed int     `json:"reviewed"`
	Found    float64 `json:"found" doc:"average of the rules' scores; -1: none"`
	Score    float64 `json:"score" doc:"average of the reviews'; -1: none"`
	Passed   int     `json:"passed" doc:"of those reviewed"`
}

// QualityBySubject sums up those that a filter chooses.
func (s *Store) QualityBySubject(ctx context.Context, f AssessmentFilter) ([]SubjectQuality, error) {
	w := f.where()
	return list(ctx, s.read, "sum up assessments", func(from row) (q SubjectQuality, err error) {
		err = from.Scan(&q.Subject, &q.Calls, &q.Reviewed, &q.Found, &q.Score, &q.Passed)
		return q, err
	}, `SELECT subject, COUNT(*), COUNT(score), CAST(COALESCE(AVG(found), -1) AS DOUBLE PRECISION), CAST(COALESCE(AVG(score), -1) AS DOUBLE PRECISION), CAST(COALESCE(SUM(passed), 0) AS BIGINT)
		FROM assessments`+w.String()+` GROUP BY subject ORDER BY subject`, w.args...)
}
