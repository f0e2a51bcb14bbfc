// Package storageclass is what S3 documents of its storage classes: which are archives, how long it takes to get something out of them,
// and which way objects can go from one to another.
package storageclass

import (
	"slices"
	"time"
)

// The classes that objects can be in, from the warmest to the coldest.
const (
	Standard           = "STANDARD"
	ReducedRedundancy  = "REDUCED_REDUNDANCY"
	StandardIA         = "STANDARD_IA"
	IntelligentTiering = "INTELLIGENT_TIERING"
	OneZoneIA          = "ONEZONE_IA"
	GlacierIR          = "GLACIER_IR"
	Glacier            = "GLACIER"
	DeepArchive        = "DEEP_ARCHIVE"
)

// All are all of them, in that order.
var All = []string{Standard, ReducedRedundancy, StandardIA, IntelligentTiering, OneZoneIA, GlacierIR, Glacier, DeepArchive}

// The archives of objects in INTELLIGENT_TIERING.
const (
	ArchiveAccess     = "ARCHIVE_ACCESS"
	DeepArchiveAccess = "DEEP_ARCHIVE_ACCESS"
)

// ArchiveDays are the fewest days without access after which objects can go to each of them, MaxArchiveDays the most.
var ArchiveDays = map[string]int{ArchiveAccess: 90, DeepArchiveAccess: 180}

// MaxArchiveDays is two years.
const MaxArchiveDays = 730

// The tiers of a retrieval from an archive.
const (
	Expedited   = "Expedited"
	DefaultTier = "Standard"
	Bulk        = "Bulk"
)

// Tiers are all of them.
var Tiers = []string{Expedited, DefaultTier, Bulk}

// retrievals are how long S3 takes at most to restore an object of an archive, a class or one in INTELLIGENT_TIERING, by tier.
var retrievals = map[string]map[string]time.Duration{
	Glacier:     {Expedited: 5 * time.Minute, DefaultTier: 5 * time.Hour, Bulk: 12 * time.Hour},
	DeepArchive: {DefaultTier: 12 * time.Hour, Bulk: 48 * time.Hour},

	ArchiveAccess:     {Expedited: 5 * time.Minute, DefaultTier: 5 * time.Hour, Bulk: 12 * time.Hour},
	DeepArchiveAccess: {DefaultTier: 12 * time.Hour, Bulk: 48 * time.Hour},
}

// Known says whether there is such a class.
func Known(class string) bool { return slices.Contains(All, class) }

// Archived says whether what is in a class must be restored before it can be read.
func Archived(class string) bool { return retrievals[class] != nil }

// Retrieval is how long it takes to restore an object of an archive, if that has the tier.
func Retrieval(archive, tier string) (takes time.Duration, found bool) {
	takes, found = retrievals[archive][tier]
	return takes, found
}

// Colder says whether a class is colder than another.
func Colder(class, than string) bool { return slices.Index(All, class) > slices.Index(All, than) }

// Leads says whether rules may move objects from one class to another: to colder ones only, and never from one zone to several.
func Leads(from, to string) bool {
	return Colder(to, from) && slices.Contains(Targets, to) && (from != OneZoneIA || to != GlacierIR)
}

// Targets are those that rules may move objects to.
var Targets = []string{StandardIA, IntelligentTiering, OneZoneIA, GlacierIR, Glacier, DeepArchive}

// MinimumDays is how long an object stays in a class before a rule moves it on.
var MinimumDays = map[string]int{StandardIA: 30, OneZoneIA: 30, GlacierIR: 90}
