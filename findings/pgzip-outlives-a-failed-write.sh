#!/usr/bin/env bash
# pgzip's Close leaves a goroutine behind, for good, if what it wrote to has failed.
#
# Versions: github.com/klauspost/pgzip v1.3.0
# Expected: Close ends what the writer has begun, however the writing went, as documentation of io.Closer has it; an error is returned beside.
# Seen: after a failed write Close returns that error at once, and the goroutine that writes goes on waiting for blocks, with the buffers that it
#       holds: one for each upload that fails. Reset ends it, also after Close.
# Needs: Go.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export GOFLAGS=-mod=mod CGO_ENABLED=0
go mod init finding >/dev/null 2>&1
go get github.com/klauspost/pgzip@v1.3.0 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/klauspost/pgzip"
)

type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errors.New("full")
	}
	return len(p), nil
}

// left is how many goroutines more there are than before.
func left(before int) int {
	for range 100 {
		if runtime.NumGoroutine() == before {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return runtime.NumGoroutine() - before
}

func main() {
	before := runtime.NumGoroutine()
	for _, room := range []int{1 << 20, 100} {
		w := pgzip.NewWriter(&full{room})
		_, _ = w.Write(make([]byte, 256<<20)) // more than is compressed at once
		err := w.Close()
		fmt.Printf("closed: %v, goroutines left: %d\n", err, left(before))
		w.Reset(io.Discard)
		fmt.Printf("reset: goroutines left: %d\n", left(before))
	}
}
GO
got=$(go run .)
echo "$got"
[[ $got == 'closed: <nil>, goroutines left: 0
reset: goroutines left: 0
closed: full, goroutines left: 1
reset: goroutines left: 0' ]] || { echo "this has changed" >&2; exit 1; }
