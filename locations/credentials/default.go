package credentials

// The Secret, and the key in it, of locations that name none, as `velero install` makes it.
const (
	DefaultSecret = "cloud-credentials"
	DefaultKey    = "cloud"
)
