package release

import (
	"runtime/debug"
	"strings"
	"testing"

	kubernetes "k8s.io/component-base/version"
)

func TestOf(t *testing.T) {
	for name, test := range map[string]struct {
		build debug.BuildInfo
		want  Release
	}{
		"a tag": {
			debug.BuildInfo{GoVersion: "go1.26", Main: debug.Module{Version: "v0.1.0"}, Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}}},
			Release{Version: "v0.1.0", Commit: "abc", GoVersion: "go1.26"},
		},
		"no checkout": {debug.BuildInfo{GoVersion: "go1.26", Main: debug.Module{Version: "(devel)"}}, Release{Version: undated, GoVersion: "go1.26"}},
		"nothing":     {debug.BuildInfo{}, Release{Version: undated}},
	} {
		test.want.KubernetesVersion, _, _ = strings.Cut(kubernetes.Get().GitVersion, "+")
		if got := of(&test.build); got != test.want {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
	}
}

func TestAnnounce(t *testing.T) {
	r := Current()
	r.Version = "v0.0.0-20261130074155-c91508e0a1b2+dirty"
	for range 2 {
		if err := r.Announce(); err != nil {
			t.Fatal(err)
		}
		if got, want := kubernetes.Get().GitVersion, r.KubernetesVersion+"+velero-locations.v0.0.0-20261130074155-c91508e0a1b2.dirty"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got := Current().KubernetesVersion; got != r.KubernetesVersion {
			t.Errorf("the release says %q, said %q", got, r.KubernetesVersion)
		}
	}
}
