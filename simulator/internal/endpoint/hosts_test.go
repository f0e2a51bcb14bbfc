package endpoint

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestOnlyHosts shows by which names a server answers.
func TestOnlyHosts(t *testing.T) {
	handler := OnlyHosts(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }), []string{"simulator.velero.svc"})
	for host, want := range map[string]int{
		"127.0.0.1:7446": http.StatusNoContent, "127.0.0.1": http.StatusNoContent, "[::1]:7446": http.StatusNoContent, "[::1]": http.StatusNoContent,
		"localhost:7446": http.StatusNoContent, "LOCALHOST": http.StatusNoContent, "localhost.:80": http.StatusNoContent, "10.0.0.7": http.StatusNoContent,
		"simulator.velero.svc:7446": http.StatusNoContent, "Simulator.Velero.svc": http.StatusNoContent,
		"rebound.example:7446": http.StatusMisdirectedRequest, "rebound.example": http.StatusMisdirectedRequest, "127.0.0.1.rebound.example": http.StatusMisdirectedRequest,
		"localhost.rebound.example": http.StatusMisdirectedRequest, "": http.StatusMisdirectedRequest, "simulator.velero.svc.example": http.StatusMisdirectedRequest,
	} {
		request := httptest.NewRequest(http.MethodPost, "/", nil)
		request.Host = host
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, request)
		if response.Code != want {
			t.Errorf("%q: %d, want %d", host, response.Code, want)
		}
	}
}
