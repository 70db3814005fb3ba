package simulate

// Truth is what a detection should say of the rows.
type Truth struct {
	Seed    uint64           `json:"seed"`
	Events  int              `json:"events"`
	Devices int              `json:"devices"`
	Start   string           `json:"start"`
	End     string           `json:"end"`
	Tables  map[string]int64 `json:"tables"` // rows of each
	// Rules are the names of the rules that the plants speak of, with the number of
	// plants on which each fires. On all other rows they are quiet.
	Rules  map[string]int `json:"rules"`
	Plants []Plant        `json:"plants"`
}

// Plant is one planted chain of events.
type Plant struct {
	Scenario string    `json:"scenario"`
	Case     string    `json:"case"`
	Rules    []string  `json:"rules"`  // that look for such chains
	Expect   string    `json:"expect"` // "fires" or "quiet"
	Why      string    `json:"why"`
	Also     []string  `json:"also,omitempty"` // rules that fire on it though it is not for them
	Device   string    `json:"device"`
	Time     string    `json:"time"` // of its first row
	End      string    `json:"end"`  // of its last
	Rows     []Planted `json:"rows"`
}

// Planted names a row of a plant.
type Planted struct {
	Table    string `json:"table"`
	ReportID int64  `json:"reportId"`
	Time     string `json:"time"`
}
