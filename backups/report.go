package backups

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/locations"
)

// Annotations of a Backup about its verification.
const (
	// VerifyAnnotation asks for one. Its value says which request it is; it goes with the answer.
	VerifyAnnotation = "velero-locations.io/verify"
	// VerifiedAnnotation is True, False or Unknown, VerifiedAtAnnotation when that was found out, and VerifiedMessageAnnotation what
	// can be restored, and why not all.
	VerifiedAnnotation        = "velero-locations.io/verified"
	VerifiedAtAnnotation      = "velero-locations.io/verified-at"
	VerifiedMessageAnnotation = "velero-locations.io/verified-message"
	// reportAnnotation has the Report.
	reportAnnotation = "velero-locations.io/verification"
)

// Restorable says whether a backup in a phase has contents that can be restored.
func Restorable(phase velerov1.BackupPhase) bool {
	return phase == velerov1.BackupPhaseCompleted || phase == velerov1.BackupPhasePartiallyFailed
}

// Report is what a verification of a backup has found out.
type Report struct {
	Backup   string      `json:"backup"`
	Location string      `json:"location"`
	At       metav1.Time `json:"at"`
	// Verified is True if nothing is wrong, False if something is missing or damaged, and Unknown if that could not be found out.
	Verified metav1.ConditionStatus `json:"verified"`
	// Objects and Volumes are what a restore could bring back.
	Objects Tally `json:"objects"`
	Volumes Tally `json:"volumes"`
	// Findings are the first of what was found, and Omitted is how many more there are.
	Findings []Finding `json:"findings,omitempty"`
	Omitted  int       `json:"omitted,omitempty"`
}

// Tally is how many there are that can be restored, of how many that were backed up. Names are the first of the former.
type Tally struct {
	Restorable int      `json:"restorable"`
	Total      int      `json:"total"`
	Names      []string `json:"names,omitempty"`
}

// Finding is one thing that was found.
type Finding struct {
	Severity Severity `json:"severity"`
	// About is the key of a file, the path of an object in the archive, or a volume.
	About   string `json:"about"`
	Message string `json:"message"`
}

// Severity says what a finding means for its backup.
type Severity string

// The severities of findings.
const (
	// Broken is something that is missing or damaged, and stays so.
	Broken Severity = "Broken"
	// Unknown is something that could not be found out, because of storage, settings or credentials.
	Unknown Severity = "Unknown"
	// Note is something that is not verified, or was known when the backup ended.
	Note Severity = "Note"
)

const (
	// mostFindings, mostNames and longest keep a report far below what the annotations of an object may have.
	mostFindings = 50
	mostNames    = 100
	longest      = 500
)

// NewReport returns a report in which nothing is wrong.
func NewReport(backup *velerov1.Backup, at time.Time) *Report {
	return &Report{Backup: backup.Name, Location: backup.Spec.StorageLocation, At: metav1.NewTime(at.UTC().Truncate(time.Second)), Verified: metav1.ConditionTrue}
}

// Add adds a finding.
func (r *Report) Add(severity Severity, about, message string) {
	switch {
	case severity == Broken:
		r.Verified = metav1.ConditionFalse
	case severity == Unknown && r.Verified == metav1.ConditionTrue:
		r.Verified = metav1.ConditionUnknown
	}
	if len(r.Findings) == mostFindings {
		r.Omitted++
		return
	}
	r.Findings = append(r.Findings, Finding{severity, shorten(about), shorten(message)})
}

func (r *Report) broken(about, format string, args ...any) {
	r.Add(Broken, about, fmt.Sprintf(format, args...))
}

// restorable counts something that can be restored.
func (t *Tally) restorable(name string) {
	t.Restorable++
	if name != "" && len(t.Names) < mostNames {
		t.Names = append(t.Names, name)
	}
}

func (t *Tally) of(noun string) string {
	if t.Restorable == t.Total {
		return locations.Count(t.Total, noun)
	}
	text := fmt.Sprintf("%d of %s", t.Restorable, locations.Count(t.Total, noun))
	if len(t.Names) > 0 && len(t.Names) == t.Restorable {
		text += " (" + strings.Join(t.Names, ", ") + ")"
	}
	return text
}

// Restorable says what can be restored, unless the objects could not be read to find that out.
func (r *Report) Restorable() string {
	if r.Verified == metav1.ConditionUnknown && r.Objects.Restorable == 0 {
		return "not known"
	}
	all := ""
	if r.Objects.Restorable == r.Objects.Total && r.Volumes.Restorable == r.Volumes.Total {
		all = "all of "
	}
	return all + r.Objects.of("object") + " and " + r.Volumes.of("volume")
}

// Summary says in one sentence what can be restored, and the first reason why not all, or not surely.
func (r *Report) Summary() string {
	var grave []Finding
	for _, severity := range []Severity{Broken, Unknown} {
		for _, finding := range r.Findings {
			if finding.Severity == severity {
				grave = append(grave, finding)
			}
		}
	}
	text := "can be restored: " + r.Restorable()
	if len(grave) == 0 {
		return text
	}
	text += "; " + grave[0].About + ": " + grave[0].Message
	if more := len(grave) - 1 + r.Omitted; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}

// Annotate writes the report into its backup, in answer to a request; empty: nobody asked. A later request stays.
func (r *Report) Annotate(backup *velerov1.Backup, request string) error {
	encoded, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	if backup.Annotations == nil {
		backup.Annotations = map[string]string{}
	}
	if backup.Annotations[VerifyAnnotation] == request {
		delete(backup.Annotations, VerifyAnnotation)
	}
	backup.Annotations[VerifiedAnnotation] = string(r.Verified)
	backup.Annotations[VerifiedAtAnnotation] = r.At.UTC().Format(time.RFC3339)
	backup.Annotations[VerifiedMessageAnnotation] = shorten(r.Summary())
	backup.Annotations[reportAnnotation] = string(encoded)
	return nil
}

// ReportOf returns the last report about a backup; nil: there is none.
func ReportOf(backup *velerov1.Backup) (*Report, error) {
	encoded, found := backup.Annotations[reportAnnotation]
	if !found {
		return nil, nil // absence is an answer
	}
	report := &Report{}
	if err := json.Unmarshal([]byte(encoded), report); err != nil {
		return nil, fmt.Errorf("annotation %s of backup %q is no report: %w", reportAnnotation, backup.Name, err)
	}
	return report, nil
}

// VerifiedAt is when a backup was verified last; zero: it was not.
func VerifiedAt(backup *velerov1.Backup) time.Time {
	at, err := time.Parse(time.RFC3339, backup.Annotations[VerifiedAtAnnotation])
	if err != nil {
		return time.Time{} // whoever wrote it, it is written anew
	}
	return at
}

func shorten(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= longest {
		return text
	}
	return strings.ToValidUTF8(text[:longest], "") + "..."
}
