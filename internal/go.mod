module github.com/velero-locations/velero-locations/internal

go 1.26.0

require (
	github.com/KimMachineGun/automemlimit v1.0.1
	github.com/gofrs/flock v0.13.1
	go.etcd.io/bbolt v1.5.0
	go.uber.org/goleak v1.3.0
)

require (
	github.com/pbnjay/memory v0.0.0-20210728143218-7b4eea64cf58 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)
