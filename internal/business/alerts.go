package business

import (
	"time"

	"hotline/dialog/emotion"
	"hotline/dialog/moderation"
)

// Alerts are from when on the live wall tells a supervisor; a negative one is never. When
// a complaint is likely stands under feelings, what is sensitive under moderation/.
type Alerts struct {
	// Wait is how long a caller waits. 1 min.
	Wait time.Duration `yaml:"wait" json:"wait,omitempty"`
	// Silence is how long nobody speaks while two people are connected. 30 s.
	Silence time.Duration `yaml:"silence" json:"silence,omitempty"`
	// Nobody is how long somebody waits while no agent is ready. 20 s.
	Nobody time.Duration `yaml:"nobody" json:"nobody,omitempty"`
}

// Sensitive are the words of a language that must not be said; nil where there are none.
func (b *Business) Sensitive(language string) *moderation.Matcher { return b.words[language] }

// Moods tells how callers feel who speak a language; nil where nothing does.
func (b *Business) Moods(language string) *emotion.Recognizer { return b.moods[language] }

// Thresholds are from when on a caller counts as upset.
func (f Feelings) Thresholds() emotion.Thresholds {
	return emotion.Thresholds{Angry: f.Angry, Sinking: f.Sinking, Voice: f.Voice}
}
