// Package provider holds the rules of storage providers: how they are named, and what their
// settings mean. A provider is a table, a file each, that validation, suggestions, completion and
// documentation read.
package provider

import (
	"slices"
	"strings"
)

// Role is what a provider is asked for, and so which kind of location its settings stand in.
type Role string

const (
	// ObjectStore is the role in backup storage locations.
	ObjectStore Role = "backup storage location"
	// VolumeSnapshotter is the role in volume snapshot locations.
	VolumeSnapshotter Role = "volume snapshot location"
)

func (r Role) other() Role {
	if r == ObjectStore {
		return VolumeSnapshotter
	}
	return ObjectStore
}

// Provider says what is particular to one provider.
type Provider struct {
	// Name in normal form.
	Name string
	// Aliases are other names, in normal form, under which the same plugin was published.
	Aliases []string
	// ObjectStore says which settings backup storage locations have. Nil: the provider has none.
	ObjectStore *Schema
	// VolumeSnapshotter says which settings volume snapshot locations have. Nil: the provider has none.
	VolumeSnapshotter *Schema
	// CheckBucket says what the name of a bucket must be, if it is not that. Nil: anything.
	CheckBucket func(bucket string, config map[string]string) error
	// DoubtBucket says what is doubtful about the name of a bucket that can be used. Nil: nothing.
	DoubtBucket func(bucket string, config map[string]string) string
	// Identities document which credentials work where. Empty: nothing is to be said.
	Identities string
	// Endpoint returns which storage the settings lead to, in a form that can be compared; empty
	// for the provider's own. Nil: always that.
	Endpoint func(config map[string]string) string
}

// Known returns the providers whose settings are known, in order of their names.
func Known() []*Provider {
	return []*Provider{&aws, &azure, &gcp, &portworx}
}

// Find returns a provider by its name in any form; nil where it is not known, or not in that role.
func Find(name string, role Role) *Provider {
	for _, p := range Known() {
		if normal := Normal(name); p.Schema(role) != nil && (normal == p.Name || slices.Contains(p.Aliases, normal)) {
			return p
		}
	}
	return nil
}

// Names returns the short names of the providers known in a role.
func Names(role Role) []string {
	var names []string
	for _, p := range Known() {
		if p.Schema(role) != nil {
			names = append(names, p.Short())
		}
	}
	return names
}

// Schema returns the provider's settings in a role; nil where it has none.
func (p *Provider) Schema(role Role) *Schema {
	if role == VolumeSnapshotter {
		return p.VolumeSnapshotter
	}
	return p.ObjectStore
}

// Short is the name by which users know the provider, such as aws.
func (p *Provider) Short() string { return Short(p.Name) }

// Short is the shortest form of a provider's name, which may be given in any form.
func Short(name string) string { return strings.TrimPrefix(name, domain) }

// domain that names without a slash belong to.
const domain = "velero.io/"

// Normal returns the normal form of a provider's name, as Velero's plugin lookup does: a name
// without a slash belongs to velero.io, so that aws and velero.io/aws are the same. An empty name
// stays empty.
func Normal(name string) string {
	if name == "" || strings.Contains(name, "/") {
		return name
	}
	return domain + name
}

// SpeaksS3 says whether locations of a provider, named in any form, are reached by the S3 protocol
// with the settings of AWSObjectStore.
func SpeaksS3(name string) bool {
	return Normal(name) == AWS
}

// CheckBucket says what the name of a bucket of a provider, named in any form, must be, if it is not that.
func CheckBucket(name, bucket string, config map[string]string) error {
	return Find(name, ObjectStore).checkBucket(bucket, config)
}

func (p *Provider) checkBucket(bucket string, config map[string]string) error {
	if p == nil || p.CheckBucket == nil {
		return nil
	}
	return p.CheckBucket(bucket, config)
}

// DoubtBucket says what is doubtful about the name of a bucket, of a provider named in any form, that can be used.
func DoubtBucket(name, bucket string, config map[string]string) string {
	p := Find(name, ObjectStore)
	if p == nil || p.DoubtBucket == nil {
		return ""
	}
	return p.DoubtBucket(bucket, config)
}

// Endpoint returns which storage the settings of a provider, named in any form, lead to. Two backup
// storage locations with the same endpoint, bucket and prefix are the same place.
func Endpoint(name string, config map[string]string) string {
	p := Find(name, ObjectStore)
	if p == nil {
		return Normal(name)
	}
	if p.Endpoint == nil {
		return p.Name
	}
	return p.Name + " " + p.Endpoint(config)
}
