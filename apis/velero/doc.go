// Package velero holds what is common to all versions of group velero.io. The types of each version stand in a
// package of its own; they are what clients write and read, what etcd holds, and what the server's rules work on. There is
// no other form of them: docs/decisions/one-set-of-types.md says why, and how a second version of a kind would come.
package velero

// GroupName is the API group that Velero's kinds belong to.
const GroupName = "velero.io"
