// Package release says which release of velero-locations a program was built from.
package release

import (
	"fmt"
	"runtime/debug"
	"strings"

	kubernetes "k8s.io/component-base/version"
)

// undated is the version of a program that was built from files of which nothing is known.
const undated = "v0.0.0-devel"

// Release of a program. Go notes all of it when it builds the program from a checkout, or from a module.
type Release struct {
	// Version is a tag such as v0.1.0 or, between two, a Go pseudo-version, which has time and commit.
	Version string `json:"version"`
	// Commit in git, if it is known.
	Commit string `json:"gitCommit,omitempty"`
	// GoVersion is that of the compiler.
	GoVersion string `json:"goVersion"`
	// KubernetesVersion is that of the API machinery.
	KubernetesVersion string `json:"kubernetesVersion"`
}

// Current returns the release of the running program.
func Current() Release {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		build = &debug.BuildInfo{}
	}
	return of(build)
}

func of(build *debug.BuildInfo) Release {
	machinery, _, _ := strings.Cut(kubernetes.Get().GitVersion, "+")
	r := Release{Version: build.Main.Version, GoVersion: build.GoVersion, KubernetesVersion: machinery}
	if r.Version == "" || r.Version == "(devel)" {
		r.Version = undated
	}
	for _, setting := range build.Settings {
		if setting.Key == "vcs.revision" {
			r.Commit = setting.Value
		}
	}
	return r
}

// Announce lets /version of an API server tell the release behind the version of Kubernetes, by which clients decide what they may ask for.
func (r Release) Announce() error {
	own := strings.NewReplacer("+", ".", "(", "", ")", "").Replace(r.Version)
	if err := kubernetes.SetDynamicVersion(r.KubernetesVersion + "+velero-locations." + own); err != nil {
		return fmt.Errorf("telling the version: %w", err)
	}
	return nil
}
