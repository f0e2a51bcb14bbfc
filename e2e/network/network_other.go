//go:build !linux

package network

import (
	"errors"
	"testing"
)

const gateway = ""

var errLinux = errors.New("only Linux gives tests a network of their own")

// Missing says why there is no network of the tests' own.
func Missing() error { return errLinux }

// Main runs the tests of a package in the machine's network, and returns the exit code.
func Main(m *testing.M) int { return m.Run() }

type away struct{}

func newAway() (*away, string, error)          { return nil, "", errLinux }
func (a *away) close()                         {}
func (a *away) do(tb testing.TB, begin func()) { tb.Helper(); begin() }
func (a *away) cut() error                     { return errLinux }
func (a *away) join() error                    { return errLinux }

// Disk makes a directory a file system of a size in bytes, which only Linux does.
func Disk(tb testing.TB, _ string, _ int) {
	tb.Helper()
	tb.Fatal(errLinux)
}
