package lifecycle

import (
	"time"

	"github.com/velero-locations/velero-locations/simulator/s3/storageclass"
)

// Tiering is one of a bucket's configurations of S3 Intelligent-Tiering: which objects go to which archive when nobody reads them.
type Tiering struct {
	ID     string  `xml:"Id" json:"id"`
	Filter *Filter `xml:",omitempty" json:"filter,omitempty"`
	Status string  `json:"status"`
	Tiers  []Tier  `xml:"Tiering" json:"tiers"`
}

// Tier is an archive, and after how many days without access objects go there.
type Tier struct {
	AccessTier string `json:"accessTier"`
	Days       int    `json:"days"`
}

// ArchiveTier is the coldest archive that a version has to be in by now, of which the last access is known; empty is none. Small objects
// are never moved.
func ArchiveTier(configurations []Tiering, v *Version, accessed, now time.Time) string {
	tier := ""
	if v.Class != storageclass.IntelligentTiering || v.Size < smallest {
		return tier
	}
	for _, c := range configurations {
		rule := Rule{Filter: c.Filter, Status: c.Status}
		if !rule.covers(v) {
			continue
		}
		for _, t := range c.Tiers {
			if tier != storageclass.DeepArchiveAccess && !After(accessed, t.Days).After(now) {
				tier = t.AccessTier
			}
		}
	}
	return tier
}
