package verbs

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// result of a command line.
type result struct {
	stdout, stderr string
	err            error
}

// run runs a command line as velero does, with no kubeconfig but what the arguments name.
func run(t *testing.T, args ...string) result {
	t.Helper()
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "absent"))
	for _, variable := range []string{namespaceVariable, "KUBERNETES_SERVICE_HOST", "KUBERNETES_MASTER"} {
		t.Setenv(variable, "")
	}
	return runHere(t, args...)
}

// runHere runs a command line in the environment of the tests, so that several may run at once.
func runHere(t *testing.T, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	root := &cobra.Command{Use: "velero", SilenceUsage: true, SilenceErrors: true}
	root.AddCommand(Commands(genericiooptions.IOStreams{In: strings.NewReader(""), Out: &stdout, ErrOut: &stderr}, nil)...)
	root.SetArgs(args)
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	err := root.ExecuteContext(t.Context())
	return result{stdout.String(), stderr.String(), err}
}

// request that a server was sent.
type request struct {
	method, uri, body string
}

// api is a server with a fixed answer to each request, in their order; the last answer stays. It
// stands for faults and for objects that the real server would not store.
func api(t *testing.T, answers ...func(http.ResponseWriter)) (url string, requests *[]request) {
	t.Helper()
	requests = &[]request{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		answer := answers[min(len(*requests), len(answers)-1)]
		*requests = append(*requests, request{r.Method, r.URL.RequestURI(), string(body)})
		w.Header().Set("Content-Type", "application/json")
		answer(w)
	}))
	t.Cleanup(server.Close)
	return server.URL, requests
}

// answer is one with a status code and a body.
func answer(code int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(code)
		io.WriteString(w, body)
	}
}

func wantLines(t *testing.T, got string, want ...string) {
	t.Helper()
	if want := strings.Join(want, "\n") + "\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
