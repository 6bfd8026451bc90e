package business

import (
	"fmt"
	"slices"
)

// TaskFigures are how the conversations in which a task was under way came out.
type TaskFigures struct {
	Tasks       int `json:"tasks"`
	Completed   int `json:"completed"`   // to the ticket, the booking or the answer, without a person
	Transferred int `json:"transferred"` // a person went on
	// Wanted are those of Transferred that the script wants there: the caller asks for
	// a person, there is danger, the owner decides.
	Wanted int `json:"wanted"`
	Open   int `json:"open"` // the caller gave up, or the script ends on the way
	// Share is that of the completed in those that came to an end and were not wanted
	// at a person, of 1; ShareOfAll counts these too. Scripts are written to try what
	// is hard: neither says what share of real calls it will be.
	Share      float64 `json:"share"`
	ShareOfAll float64 `json:"share_of_all"`
}

// CompletedTasks counts them.
func CompletedTasks(results []ScriptResult) TaskFigures {
	var f TaskFigures
	for _, r := range results {
		task, completed, transferred, wanted := false, false, false, false
		for i, t := range r.Done {
			var want Expect
			if i > 0 && i <= len(r.Turns) {
				want = r.Turns[i-1].Expect
			}
			task = task || t.Flow != "" || want.Flow != ""
			wanted = wanted || slices.Contains(want.Act, "transfer")
			completed = completed || t.Flow != "" && t.completed
			transferred = transferred || task && slices.Contains(t.Acts, "transfer")
		}
		switch {
		case !task:
			continue
		case transferred:
			f.Transferred++
			if wanted {
				f.Wanted++
			}
		case completed:
			f.Completed++
		default:
			f.Open++
		}
		f.Tasks++
	}
	if ended := f.Completed + f.Transferred; ended > 0 {
		f.ShareOfAll = float64(f.Completed) / float64(ended)
	}
	if possible := f.Completed + f.Transferred - f.Wanted; possible > 0 {
		f.Share = float64(f.Completed) / float64(possible)
	}
	return f
}

func (f TaskFigures) String() string {
	return fmt.Sprintf("%d of %d tasks that need no person were completed without one (%.0f %%); %d were meant for a person, %d left on the way",
		f.Completed, f.Completed+f.Transferred-f.Wanted, 100*f.Share, f.Wanted, f.Open)
}
