// Package probe asks the storage of a location what backups will need of it. It is one rule for all who ask: the controller of
// locations lists and tries to write, the API server lists when a location is typed, and the check of the command line takes
// all steps.
package probe

// Result is what came of a step.
type Result string

// The results of a step.
const (
	OK Result = "ok"
	// Warning: backups succeed, but there is something to know.
	Warning Result = "warning"
	// Failed: backups, or their deletion, will fail.
	Failed Result = "failed"
	// NotAsked: nothing was found out, which the message gives the reason of.
	NotAsked Result = "not asked"
)

// Row is a step and its result.
type Row struct {
	Check   string `json:"check"`
	Result  Result `json:"result"`
	Message string `json:"message,omitempty"`
	// Count is how many things the row is about, Bytes how large they are, and Names what the first of them are called.
	Count int      `json:"count,omitempty"`
	Bytes int64    `json:"bytes,omitempty"`
	Names []string `json:"names,omitempty"`
}

// Report is what was found out about a location.
type Report struct {
	Location  string `json:"location"`
	Namespace string `json:"namespace"`
	// Place is where the location keeps backups, as sentences name it.
	Place string `json:"place,omitempty"`
	// Checks are in the order in which they were made.
	Checks []Row `json:"checks"`
}

// Failures returns the names of the steps that failed.
func (r *Report) Failures() []string {
	var names []string
	for _, row := range r.Checks {
		if row.Result == Failed {
			names = append(names, row.Check)
		}
	}
	return names
}
