package s3

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/simulator/aws"
)

func TestErrorTellsNothingOfItsCause(t *testing.T) {
	w := httptest.NewRecorder()
	writeError(w, httptest.NewRequest(http.MethodGet, "/", nil), aws.AsError(errors.New("open /secret/path")))
	if w.Code != 500 || strings.Contains(w.Body.String(), "secret") || !strings.Contains(w.Body.String(), "<Code>InternalError<") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
