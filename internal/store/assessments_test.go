package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/internal/quality"
	"hotline/internal/store"
)

func TestAssessments(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		s := p.open(t)
		ctx := t.Context()
		began := time.UnixMilli(1_700_000_000_000).UTC()
		for i, agent := range []string{"li", "li", "wang", "", "li"} {
			r := call.Record{ID: fmt.Sprintf("C%d", i), Line: "main", Agent: agent, StartedAt: began, AnsweredAt: began, Outcome: call.Resolved}
			r.EndedAt = began.Add(time.Duration(i+1) * time.Minute)
			if i == 4 {
				r.AnsweredAt = time.Time{}
			}
			require.NoError(t, s.End(ctx, r))
		}
		list, err := s.QualityCandidates(ctx, began, began.Add(4*time.Minute))
		require.NoError(t, err)
		assert.Equal(t, []quality.Candidate{{Call: "C0", Agent: "li", Line: "main", Lasted: time.Minute}, {Call: "C1", Agent: "li", Line: "main", Lasted: 2 * time.Minute}, {Call: "C2", Agent: "wang", Line: "main", Lasted: 3 * time.Minute}}, list, "the end is open; who was not answered is none")

		found := 70
		a := quality.Assessment{
			ID: "A0", Call: "C0", Subject: "li", Line: "main", Sheet: "service", Source: "sample", Week: "2023-W46", State: quality.Waiting, Found: &found,
			Judged: &quality.Judged{Sheet: quality.Default("zh").Sheets[0], Findings: []quality.Finding{{Item: "greeting", State: quality.Good, Points: 10, AtMS: []int64{5}}}},
			MadeAt: began, Version: 1,
		}
		added, err := s.AddAssessment(ctx, a)
		require.NoError(t, err)
		assert.True(t, added)
		back, err := s.Assessment(ctx, "A0")
		require.NoError(t, err)
		assert.Equal(t, a, back)
		twice := a
		twice.ID = "A1"
		added, err = s.AddAssessment(ctx, twice)
		require.NoError(t, err)
		assert.False(t, added, "a call is reviewed once")
		for i, c := range []string{"C1", "C2", "C3"} {
			other := a
			other.ID, other.Call, other.Subject, other.MadeAt = fmt.Sprintf("A%d", i+2), c, []string{"li", "wang", "bot"}[i], began.Add(time.Duration(i+1)*time.Second)
			added, err := s.AddAssessment(ctx, other)
			require.NoError(t, err)
			require.True(t, added)
		}
		sampled, err := s.Sampled(ctx, "2023-W46")
		require.NoError(t, err)
		assert.Equal(t, map[string]int{"li": 2, "wang": 1, "bot": 1}, sampled)

		score, passed := 85, true
		a.State, a.Score, a.Passed, a.Reviewer, a.ReviewedAt = quality.Reviewed, &score, &passed, "chen", began.Add(time.Hour)
		points := 5.0
		a.Review = &quality.Verdict{Marks: []quality.GivenMark{{Item: "greeting", Points: &points, Comment: "太小声了，客户是张三"}}, Comment: "整体不错"}
		require.NoError(t, s.PutAssessment(ctx, a))
		require.ErrorIs(t, s.PutAssessment(ctx, a), store.ErrStale)
		a.Version++
		back, err = s.AssessmentOf(ctx, "C0", "li")
		require.NoError(t, err)
		assert.Equal(t, a, back)
		a.State, a.Reply, a.RepliedAt = quality.Replied, &quality.AgentReply{Agrees: true, Text: "以后注意"}, began.Add(2*time.Hour)
		require.NoError(t, s.PutAssessment(ctx, a))

		var got []string
		f := store.AssessmentFilter{Subjects: []string{"li", "bot"}, Limit: 2}
		for {
			page, err := s.Assessments(ctx, f)
			require.NoError(t, err)
			for _, x := range page.Items {
				got = append(got, x.ID)
			}
			if f.Cursor = page.Next; page.Next == "" {
				break
			}
		}
		assert.Equal(t, []string{"A4", "A2", "A0"}, got)
		page, err := s.Assessments(ctx, store.AssessmentFilter{Subjects: []string{}})
		require.NoError(t, err)
		assert.Empty(t, page.Items, "nobody's is nobody's")
		page, err = s.Assessments(ctx, store.AssessmentFilter{States: []string{quality.Replied}, Week: "2023-W46", Call: "C0"})
		require.NoError(t, err)
		require.Len(t, page.Items, 1)
		sums, err := s.QualityBySubject(ctx, store.AssessmentFilter{})
		require.NoError(t, err)
		assert.Equal(t, []store.SubjectQuality{
			{Subject: "bot", Calls: 1, Found: 70, Score: -1}, {Subject: "li", Calls: 2, Reviewed: 1, Found: 70, Score: 85, Passed: 1}, {Subject: "wang", Calls: 1, Found: 70, Score: -1},
		}, sums)

		// Rules quote nothing, and what people write goes with the call.
		_, _, err = s.Expire(ctx, store.KeepCalls, began.Add(90*time.Second))
		require.NoError(t, err)
		_, err = s.Assessment(ctx, "A0")
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}
