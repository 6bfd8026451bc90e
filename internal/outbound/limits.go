package outbound

// Limits are the settings of the server that bind all campaigns together; 0 is no limit.
type Limits struct {
	// PerMinute and PerDay are calls out of all campaigns and people.
	PerMinute int `json:"per_minute"`
	PerDay    int `json:"calls_per_day"`
	// Calls are those of campaigns at once on one server.
	Calls    int           `json:"calls"`
	Trunks   []TrunkLimits `json:"trunks"`   // that let calls out
	Settings []Setting     `json:"settings"` // all that bind campaigns, to be shown
}

// TrunkLimits are those of a carrier.
type TrunkLimits struct {
	Name      string  `json:"name"`
	Channels  int     `json:"channels"`   // calls at once, in and out
	PerSecond float64 `json:"per_second"` // calls out begun
}

// Setting is one setting of the server, by its name in the file.
type Setting struct {
	Name  string `json:"name"`
	Unit  Unit   `json:"unit" enum:"text,flag,most,count,purposes,seconds"`
	Value string `json:"value"`
}

// Unit is what a setting's value is.
type Unit string

// The units.
const (
	Text     Unit = "text"     // words or times, divided by commas; "" is any
	Flag     Unit = "flag"     // true or false
	Most     Unit = "most"     // a number that is not exceeded; 0 is no limit
	Count    Unit = "count"    // how many there are
	Purposes Unit = "purposes" // purposes of campaigns, or none
	Seconds  Unit = "seconds"
)

// Limits are the settings of the server that bind all campaigns together.
func (s *Service) Limits() Limits {
	l := Limits{PerMinute: s.cfg.PerMinute}
	if s.cfg.Limits != nil {
		l = s.cfg.Limits()
	}
	if l.Trunks == nil {
		l.Trunks = []TrunkLimits{}
	}
	if l.Settings == nil {
		l.Settings = []Setting{}
	}
	return l
}
