package console

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// TestHistory keeps what changes, and so much of it.
func TestHistory(t *testing.T) {
	var h history
	location := &v1.BackupStorageLocation{ObjectMeta: metav1.ObjectMeta{UID: "u"}}
	for i := range 2 * kept {
		h.note(location, []string{"Available", "Unavailable"}[i%2], "", nil)
		h.note(location, []string{"Available", "Unavailable"}[i%2], "", nil) // which is nothing new
	}
	turns := h.of(location, nil)
	if len(turns) != kept || turns[0].Phase == turns[1].Phase {
		t.Errorf("there are %d turns, which begin with %v", len(turns), turns[:2])
	}
}
