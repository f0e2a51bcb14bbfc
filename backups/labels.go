package backups

// Labels that say which backup an object belongs to.
const (
	// NameLabel is the backup's name, in the form of locations.LabelValue.
	NameLabel = "velero.io/backup-name"
	// UIDLabel is the backup's UID.
	UIDLabel = "velero.io/backup-uid"
)
