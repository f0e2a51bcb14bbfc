package backup

import (
	"slices"
	"strings"
	"testing"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
)

// TestRunNotesMissingNamespaces shows that no misspelt namespace is passed over in silence, whatever resources are chosen.
func TestRunNotesMissingNamespaces(t *testing.T) {
	no := false
	const suggestion = `spec.includedNamespaces[0]: there is no namespace "shpo": did you mean "shop"?`
	for name, tc := range map[string]struct {
		spec           velerov1.BackupSpec
		errs, warnings []string // of the namespace, and of the cluster
	}{
		"all resources":        {spec: velerov1.BackupSpec{IncludedNamespaces: []string{"shpo", "other"}}, errs: []string{suggestion}},
		"beside a pattern":     {spec: velerov1.BackupSpec{IncludedNamespaces: []string{"shpo", "oth*"}}, errs: []string{suggestion}},
		"a resource":           {spec: velerov1.BackupSpec{IncludedNamespaces: []string{"shpo", "other"}, IncludedResources: []string{"configmaps"}}, warnings: []string{suggestion}},
		"no cluster resources": {spec: velerov1.BackupSpec{IncludedNamespaces: []string{"shpo", "other"}, IncludeClusterResources: &no}, warnings: []string{suggestion}},
		"a pattern": {
			spec:     velerov1.BackupSpec{IncludedNamespaces: []string{"other", "nope*"}},
			warnings: []string{`spec.includedNamespaces[1]: no namespace has a name such as "nope*"`},
		},
		"excluded, too": {spec: velerov1.BackupSpec{IncludedNamespaces: []string{"shpo", "other"}, ExcludedNamespaces: []string{"shpo"}}},
		"all":           {spec: velerov1.BackupSpec{IncludedNamespaces: []string{"*"}, IncludedResources: []string{"configmaps"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, application, tc.spec)
			if _, err := w.run.do(t.Context()); err != nil {
				t.Fatal(err)
			}
			var outcome backups.Outcome
			w.decode(t, backups.Results, &outcome)
			if got := outcome.Errors.Namespaces["shpo"]; !slices.Equal(got, tc.errs) {
				t.Errorf("got errors %q, want %q", got, tc.errs)
			}
			others := func(text string) bool { return !strings.Contains(text, "includedNamespaces") }
			if got := slices.DeleteFunc(outcome.Warnings.Cluster, others); !slices.Equal(got, tc.warnings) {
				t.Errorf("got warnings %q, want %q", got, tc.warnings)
			}
		})
	}
}
