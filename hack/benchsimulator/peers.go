package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// peer is a server of another project. It is built as a module of its own, never as a dependency of this one.
type peer struct {
	// main is the path of its main package, and version that of the module: the newest when it was written here.
	main, version string
	// command serves a data directory on an address.
	command func(ctx context.Context, binary, address, dir string) *exec.Cmd
}

var peers = map[string]peer{
	"minio": {"github.com/minio/minio", "v0.0.0-20260212201848-7aac2a2c5b7c", func(ctx context.Context, binary, address, dir string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, binary, "server", "--quiet", "--address", address, dir)
		cmd.Env = append(os.Environ(), "MINIO_ROOT_USER="+keyID, "MINIO_ROOT_PASSWORD="+keySecret, "MINIO_BROWSER=off", "MINIO_UPDATE=off")
		return cmd
	}},
	"versitygw": {"github.com/versity/versitygw/cmd/versitygw", "v1.8.0", func(ctx context.Context, binary, address, dir string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, binary, "--quiet", "--port", address, "--access", keyID, "--secret", keySecret, "--region", region, "posix", dir)
		cmd.Env = append(os.Environ(), "VGW_DISABLE_UPDATE_CHECK=1")
		return cmd
	}},
}

// binary returns the peer's program. It is built once and kept in the user's cache.
func (p peer) binary(ctx context.Context, name string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(cache, "benchsimulator", name+"-"+p.version)
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	fmt.Fprintf(os.Stderr, "building %s: takes minutes the first time\n", p.main)
	dir, err := os.MkdirTemp("", "benchsimulator-build-")
	if err != nil {
		return "", err
	}
	for _, args := range [][]string{
		{"mod", "init", "scratch"}, {"get", "-tool", p.main + "@" + p.version}, {"build", "-o", binary, p.main},
	} {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", errors.Join(fmt.Errorf("go %s for %s: %w: %s", args[0], name, err, tail(out)), os.RemoveAll(dir))
		}
	}
	return binary, os.RemoveAll(dir)
}

// tail is the end of a command's output, where its error is.
func tail(out []byte) []byte { return out[max(0, len(out)-1000):] }
