package s3

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/lifecycle"
	"github.com/velero-locations/velero-locations/simulator/s3/storageclass"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// maxRestoreDays is as long as a copy may be kept, which keeps times where formats can hold them.
const maxRestoreDays = 36500

type restoreRequest struct {
	Days *int
	Tier string `xml:"GlacierJobParameters>Tier"`
	Type string
}

// restoreObject is RestoreObject: it takes as long as S3 takes at most, by the cloud's clock.
func restoreObject(q *request) error {
	var in restoreRequest
	if len(q.document) > 0 {
		if err := readXML(q.document, "RestoreRequest", &in); err != nil {
			return err
		}
	}
	if in.Type != "" {
		return aws.NotImplemented("Type")
	}
	status := http.StatusAccepted
	object, err := q.bucket.Change(q.key, q.query.Get("versionId"), func(a *store.Attributes) error {
		if a.Restore.Restored(q.Now) {
			status = http.StatusOK
		}
		return in.apply(a, q.Now)
	})
	q.showVersion(object)
	if err != nil {
		return refusal(err, q.key)
	}
	q.notify("s3:ObjectRestore:Post", object)
	q.W.WriteHeader(status)
	return nil
}

// apply starts to restore an object. Where that has begun, a faster tier speeds it up; where there is a copy, that stays for longer.
// An object in INTELLIGENT_TIERING leaves its archive, for no number of days.
func (in *restoreRequest) apply(a *store.Attributes, now time.Time) error {
	archive, tier := cmp.Or(a.ArchiveTier(now), a.StorageClass()), in.Tier
	stays := a.ArchiveTier(now) == "" // and gets a copy
	if tier == "" {
		tier = storageclass.DefaultTier
	}
	switch {
	case !storageclass.Archived(archive):
		return invalidObjectState("Restore is not allowed for the object's current storage class", a, now)
	case (in.Days == nil) == stays || !slices.Contains(storageclass.Tiers, tier):
		return malformedXML()
	case stays && (*in.Days < 1 || *in.Days > maxRestoreDays):
		return aws.NewError(http.StatusBadRequest, "InvalidArgument", "Restoration days should be at least 1 and at most 36500")
	}
	takes, found := storageclass.Retrieval(archive, tier)
	if !found {
		return aws.NewError(http.StatusBadRequest, "InvalidArgument", "Retrieval option is not supported by this storage class")
	}
	ready := now.Add(takes)
	switch {
	case a.Restore.Ongoing(now) && !ready.Before(a.Restore.Ready):
		return aws.NewError(http.StatusConflict, "RestoreAlreadyInProgress", "Object restore is already in progress")
	case !stays:
		a.Restore = store.Restore{Ready: ready}
	case a.Restore.Restored(now):
		a.Restore.Until = lifecycle.After(now, *in.Days)
	default:
		a.Restore = store.Restore{Ready: ready, Until: lifecycle.After(ready, *in.Days)}
	}
	return nil
}

// invalidObjectState refuses to read what is in an archive.
func invalidObjectState(message string, a *store.Attributes, now time.Time) *aws.Error {
	e := aws.NewError(http.StatusForbidden, "InvalidObjectState", message).With("StorageClass", a.StorageClass())
	if tier := a.ArchiveTier(now); tier != "" {
		e = e.With("AccessTier", tier)
	}
	return e
}

// describeRestore says in which archive of INTELLIGENT_TIERING an object is, and what became of the request to restore it.
func (q *request) describeRestore(object *store.Object, h http.Header) {
	if tier := object.ArchiveTier(q.Now); tier != "" {
		h.Set("X-Amz-Archive-Status", tier)
	}
	switch restore := object.Restore; {
	case restore.Ongoing(q.Now):
		h.Set("X-Amz-Restore", `ongoing-request="true"`)
	case restore.Restored(q.Now):
		h.Set("X-Amz-Restore", `ongoing-request="false", expiry-date="`+restore.Until.Format(http.TimeFormat)+`"`)
	}
}

// restoreStatus is what lists say of it to those who ask.
type restoreStatus struct {
	IsRestoreInProgress bool
	RestoreExpiryDate   string `xml:",omitempty"`
}

func (q *request) restoreStatus(object *store.Object) *restoreStatus {
	switch restore := object.Restore; {
	case restore.Ongoing(q.Now):
		return &restoreStatus{IsRestoreInProgress: true}
	case restore.Restored(q.Now):
		return &restoreStatus{RestoreExpiryDate: formatTime(restore.Until)}
	}
	return nil
}

// appendRestoreStatus adds the element of it, if there is one.
func (q *request) appendRestoreStatus(out []byte, object *store.Object) []byte {
	status := q.restoreStatus(object)
	switch {
	case status == nil:
		return out
	case status.IsRestoreInProgress:
		return append(out, "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>"...)
	}
	out = append(out, "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress>"...)
	return append(appendElement(out, "RestoreExpiryDate", status.RestoreExpiryDate), "</RestoreStatus>"...)
}

// optionalAttributes is the header of a list that asks for more about its objects.
const optionalAttributes = "X-Amz-Optional-Object-Attributes"

func (q *request) wantsRestoreStatus() (bool, error) {
	wanted := q.Header.Get(optionalAttributes)
	if wanted != "" && wanted != "RestoreStatus" {
		return false, invalidArgument("x-amz-optional-object-attributes", wanted, "Invalid attribute name specified")
	}
	return wanted != "", nil
}
