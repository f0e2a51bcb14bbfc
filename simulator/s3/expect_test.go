package s3_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/simulator"
)

// leave is a body that is sent only once the server gave leave to.
type leave struct {
	io.Reader
	read bool
}

func (l *leave) Read(p []byte) (int, error) {
	l.read = true
	return l.Reader.Read(p)
}

// TestRefusedBeforeBody uploads as clients do that ask for leave to send the body: a refusal comes without it, at once.
func TestRefusedBeforeBody(t *testing.T) {
	c := start(t, twoAccounts())
	c.Client().Transport = &http.Transport{ExpectContinueTimeout: time.Hour}
	for name, test := range map[string]struct {
		key    simulator.AccessKeyConfig
		path   string
		status int
		read   bool
	}{
		"accepted":     {aliceKey, "/alice-home/k", 200, true},
		"wrong secret": {simulator.AccessKeyConfig{ID: aliceKey.ID, Secret: "guessed"}, "/alice-home/k", 403, false},
		"no bucket":    {aliceKey, "/none/k", 404, false},
		"another's":    {bobKey, "/alice-home/k", 403, false},
		"bad argument": {aliceKey, "/alice-home/k?uploadId=u&partNumber=none", 400, false},
	} {
		t.Run(name, func(t *testing.T) {
			body := &leave{Reader: strings.NewReader("some text")}
			response := c.send(t, test.key, "us-east-1", http.MethodPut, test.path, "some text", func(r *http.Request) {
				r.Body = io.NopCloser(body)
				r.Header.Set("Expect", "100-continue")
			})
			checkStatus(t, response, test.status, "")
			if body.read != test.read {
				t.Errorf("the body was sent: %t", body.read)
			}
		})
	}
}

// TestLeaveForNothing shows that a client is told to go on that asks for leave to send an empty body, as botocore does.
func TestLeaveForNothing(t *testing.T) {
	c := start(t, twoAccounts())
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", c.host())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for _, key := range []string{"empty", "another"} {
		request := strings.Replace(string(c.unfinished(t, key, 0)), "\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n", 1)
		if _, err := conn.Write([]byte(request)); err != nil {
			t.Fatal(err)
		}
		interim, err := reader.ReadString('\n')
		if err != nil || interim != "HTTP/1.1 100 Continue\r\n" {
			t.Fatalf("%q, %v", interim, err)
		}
		if _, err := reader.Discard(len("\r\n")); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		checkStatus(t, answer, http.StatusOK, "")
	}
	checkStatus(t, c.send(t, aliceKey, "us-east-1", http.MethodHead, "/alice-home/another", ""), http.StatusOK, "")
}
