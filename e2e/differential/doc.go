// Package differential compares velero-locations with Velero's own CRDs, request by request: corpus/ says what is sent,
// kinds/ has objects of each kind, differences.yaml what differs on purpose. There is nothing in it but the test.
package differential
