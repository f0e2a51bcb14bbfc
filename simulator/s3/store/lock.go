package store

import "time"

// The modes of an object's retention, as S3 names them.
const (
	Governance = "GOVERNANCE"
	Compliance = "COMPLIANCE"
)

// Retention keeps a version from being deleted up to a time.
type Retention struct {
	// Mode is Governance, which a permission bypasses, or Compliance, which nothing does; empty for no retention.
	Mode  string    `json:"mode,omitempty"`
	Until time.Time `json:"until,omitzero"`
}

// DefaultRetention is the retention of new objects in a bucket. Days or Years is zero.
type DefaultRetention struct {
	Mode  string `json:"mode,omitempty"`
	Days  int    `json:"days,omitempty"`
	Years int    `json:"years,omitempty"`
}

// from returns the retention of an object that is stored now.
func (d DefaultRetention) from(now time.Time) Retention {
	if d.Mode == "" {
		return Retention{}
	}
	return Retention{Mode: d.Mode, Until: now.AddDate(d.Years, 0, d.Days)}
}

// active says that the retention holds at a time.
func (r Retention) active(now time.Time) bool { return r.Mode != "" && r.Until.After(now) }

// protected says that the version may not be deleted at a time.
func (o *Object) protected(now time.Time, bypassGovernance bool) bool {
	return o.LegalHold || o.Retention.active(now) && (o.Retention.Mode == Compliance || !bypassGovernance)
}

// Replaceable returns ErrLocked when a retention may not be replaced by another at a time: one in force can be extended,
// and one in governance mode can also be shortened, lifted or changed by those who may bypass it.
func (r Retention) Replaceable(by Retention, now time.Time, bypassGovernance bool) error {
	extends := by.Mode == r.Mode && !by.Until.Before(r.Until) || by.Mode == Compliance && r.Mode == Governance && !by.Until.Before(r.Until)
	if !r.active(now) || extends || r.Mode == Governance && bypassGovernance {
		return nil
	}
	return ErrLocked
}
