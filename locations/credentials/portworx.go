package credentials

import "regexp"

// Portworx is a key to a cluster of the simulated Portworx. Velero's plugin has no credentials file: it runs inside of the
// cluster.
type Portworx struct {
	Cluster   string
	AccessKey string
	SecretKey string
}

// String shows nothing of the secret, so that it may be printed by accident.
func (Portworx) String() string { return "Portworx credentials" }

// GoString shows nothing of the secret either.
func (c Portworx) GoString() string { return c.String() }

// MarshalLog shows nothing of the secret in structured logs.
func (c Portworx) MarshalLog() any { return c.String() }

// section is a line that begins a profile of an AWS credentials file.
var section = regexp.MustCompile(`(?m)^[ \t]*\[[^\]\n]*\][ \t]*\r?$`)

// ParsePortworx reads a credentials file, given by its content: NAME=VALUE lines. They may stand in an AWS credentials
// file, so that one file serves locations of both. Errors never repeat a line or a value of the file.
func ParsePortworx(file []byte) (Portworx, error) {
	variables, err := parseVariables(section.ReplaceAll(file, nil))
	if err != nil {
		return Portworx{}, err
	}
	if err := required(variables, "PORTWORX_CLUSTER", "PORTWORX_ACCESS_KEY", "PORTWORX_SECRET_KEY"); err != nil {
		return Portworx{}, err
	}
	return Portworx{variables["PORTWORX_CLUSTER"], variables["PORTWORX_ACCESS_KEY"], variables["PORTWORX_SECRET_KEY"]}, nil
}
