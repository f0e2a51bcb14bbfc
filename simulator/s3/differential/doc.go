// Package differential compares the simulator's S3 with bare gofakes3, request by request: corpus/ says what is sent,
// differences.yaml what differs on purpose. There is nothing in it but the test.
package differential
