package campaigns

import "time"

// Windows are when people may be called, in the callee's time zone. The zero Windows
// is each day from 09:00 to 20:00.
type Windows struct {
	// Days are spans of each weekday, Sunday first; a day without one is not called
	// on. All empty: the default.
	Days [7][]Span `yaml:"-" json:"days"`
	// Holidays are days with spans of their own; none means nobody is called.
	Holidays []Holiday `yaml:"holidays" json:"holidays,omitempty"`
	// Zone is taken where the number does not tell the callee's; IANA.
	Zone string `yaml:"zone" json:"zone,omitempty"`
}

// Span is minutes of a day, From until To: {540, 1200} is 09:00 to 20:00.
type Span struct{ From, To int }

// Holiday is one or more days.
type Holiday struct {
	Name  string    `yaml:"name" json:"name"`
	First time.Time `yaml:"first" json:"first"` // midnight UTC of the calendar day
	Last  time.Time `yaml:"last" json:"last"`
	Open  []Span    `yaml:"-" json:"open,omitempty"`
}
