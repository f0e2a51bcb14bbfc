#!/usr/bin/env bash
# ext4 lets an fdatasync succeed that wrote nothing, when it turns read-only at that moment.
#
# Versions: Linux 6.18, e2fsprogs 1.47; a file that is preallocated, as etcd's log is.
# Expected: what fdatasync has acknowledged is on the disk, whatever comes after; what is under way as the filesystem fails gets EIO or EROFS.
# Seen: in about one of ten failures the write that is under way is acknowledged, and reads as zeros once the filesystem is mounted again. A
#       database that has acknowledged a change on the strength of that has lost it.
# Needs: Go, root, a loop device, mkfs.ext4, and a kernel with /sys/fs/ext4/DEVICE/trigger_fs_error, by which ext4 can be told that there is an error.
set -euo pipefail
dir=$(mktemp -d)
trap 'umount -q "$dir/mnt" || true; rm -rf "$dir"' EXIT
mkdir "$dir/mnt" "$dir/write"
cd "$dir/write"
go mod init finding >/dev/null 2>&1
cat >main.go <<'GO'
// Given the name of a file: writes blocks that are not zero to it, says how many were acknowledged, and ends at the first that fails.
// Given a number, too: says how many of so many blocks are not as they were written.
package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

const size, blocks = 100 << 10, 600

func main() {
	block := bytes.Repeat([]byte{1}, size)
	if len(os.Args) > 2 {
		content, err := os.ReadFile(os.Args[1])
		count, convErr := strconv.Atoi(os.Args[2])
		if err != nil || convErr != nil {
			fmt.Println(err, convErr)
			os.Exit(1)
		}
		lost := 0
		for i := range count {
			if !bytes.Equal(content[i*size:(i+1)*size], block) {
				lost++
			}
		}
		fmt.Println(lost)
		return
	}
	file, err := os.Create(os.Args[1])
	if err == nil {
		err = syscall.Fallocate(int(file.Fd()), 0, 0, size*blocks)
	}
	if err == nil {
		err = file.Sync()
	}
	acknowledged := 0
	for ; err == nil && acknowledged < blocks; acknowledged++ {
		if _, err = file.WriteAt(block, int64(acknowledged)*size); err == nil {
			err = syscall.Fdatasync(int(file.Fd()))
		}
		if err != nil {
			break
		}
	}
	fmt.Println(acknowledged)
}
GO
CGO_ENABLED=0 go build -o ../blocks .
cd "$dir"
for round in {1..100}; do
	rm -f disk
	truncate -s 200M disk
	mkfs.ext4 -q disk
	mount -o loop,errors=remount-ro disk mnt
	./blocks mnt/log >acknowledged &
	sleep "0.0$((RANDOM % 60 + 20))"
	echo test >"/sys/fs/ext4/$(basename "$(findmnt -n -o SOURCE mnt)")/trigger_fs_error"
	wait
	umount mnt
	mount -o loop disk mnt
	lost=$(./blocks mnt/log "$(<acknowledged)")
	umount mnt
	if ((lost > 0)); then
		echo "Linux $(uname -r | cut -d. -f1-2): of $(<acknowledged) blocks that were acknowledged $lost are lost, in round $round"
		exit 0
	fi
done
echo "in $round rounds nothing was lost: this has changed" >&2
exit 1
