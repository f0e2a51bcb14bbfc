package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
	kubernetes "k8s.io/component-base/version"
)

// version and commit are what the program was built from, which the Makefile tells the linker.
var version, commit = "dev", "unknown"

// about is the program's version in words.
func about() string {
	return fmt.Sprintf("velero-locations %s (commit %s, Kubernetes %s, %s %s/%s)",
		version, commit, kubernetes.Get().GitVersion, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of the program, and what it was built from",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), about())
			return err
		},
	}
}
