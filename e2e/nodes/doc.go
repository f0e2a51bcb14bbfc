// Package nodes runs Velero's own server and node agent on the nodes of a cluster that kind makes, with the API of velero.io from our
// server and our simulator for the cloud. There is nothing in it but tests, which `make e2e-kind` runs, and what their pods run.
package nodes
