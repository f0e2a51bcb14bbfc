package s3_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7/pkg/signer"
)

// unfinished is a signed PUT that announces a size; its body is still to be sent.
func (c *cloud) unfinished(t *testing.T, key string, size int64) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, c.URL+"/alice-home/"+key, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	r = signer.SignV4(*r, aliceKey.ID, aliceKey.Secret, "", "us-east-1")
	var head bytes.Buffer
	fmt.Fprintf(&head, "PUT /alice-home/%s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", key, c.host(), size)
	if err := r.Header.Write(&head); err != nil {
		t.Fatal(err)
	}
	head.WriteString("\r\n")
	return head.Bytes()
}

// TestStalledConnections leaves 1,000 uploads where they are. Another client is served, memory follows what came and not
// what was announced, and the stalled are told and forgotten.
func TestStalledConnections(t *testing.T) {
	config := twoAccounts()
	config.S3.StallTimeout = "5s"
	c := start(t, config)
	request := append(c.unfinished(t, "stalled", 4<<30), "first bytes"...)
	before := allocated()
	var clients sync.WaitGroup
	answers := make(chan string, 1000)
	sent := make(chan struct{}, cap(answers))
	for range cap(answers) {
		clients.Go(func() {
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", c.host())
			if err != nil {
				answers <- err.Error()
				sent <- struct{}{}
				return
			}
			defer conn.Close()
			_, _ = conn.Write(request)
			sent <- struct{}{}
			answer, _ := io.ReadAll(conn)
			answers <- string(answer)
		})
	}
	for range cap(answers) {
		<-sent
	}
	if got := text(t, c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home/k", "text")); got != "" {
		t.Errorf("beside the stalled: %s", got)
	}
	if given := len(answers); given > 0 {
		t.Errorf("another client was served when %d of the stalled had been given up", given)
	}
	if grown := allocated() - before; grown > 200<<20 {
		t.Errorf("1,000 stalled uploads take %d MiB", grown>>20)
	}
	clients.Wait()
	close(answers)
	for answer := range answers {
		if !strings.Contains(answer, "<Code>RequestTimeout</Code>") {
			t.Fatalf("a stalled client was told: %q", answer)
		}
	}
}

func allocated() int64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// TestMemoryLimit fills a simulator up, with clients that lie about what they send among the others.
func TestMemoryLimit(t *testing.T) {
	config := twoAccounts()
	config.MemoryLimit = "8Mi"
	c := start(t, config)
	before := allocated()
	for range 20 {
		if answer := rawAnswer(t, c.host(), append(c.unfinished(t, "lie", 4<<30), "short"...)); !strings.Contains(answer, "IncompleteBody") {
			t.Errorf("a lie was answered: %s", answer)
		}
	}
	half := string(content(5 << 20))
	put := func(key string) *http.Response {
		t.Helper()
		return c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home/"+key, half)
	}
	if response := put("one"); response.StatusCode != http.StatusOK {
		t.Fatalf("after the lies: %d %s", response.StatusCode, text(t, response))
	}
	checkAnswer(t, put("two"), 507, []string{"InsufficientStorage", "memoryLimit"}, "us-east-1")
	checkAnswer(t, c.send(t, aliceKey, "us-east-1", http.MethodDelete, "/alice-home/one", ""), 204, nil, "us-east-1")
	checkAnswer(t, put("two"), 200, nil, "us-east-1")
	if grown := allocated() - before; grown > 100<<20 {
		t.Errorf("it took %d MiB", grown>>20)
	}
}

// TestSlowClientIsServed sends a body in small pieces for longer than a stall may take.
func TestSlowClientIsServed(t *testing.T) {
	const pieces = 30
	config := twoAccounts()
	config.S3.StallTimeout = "1s"
	c := start(t, config)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", c.host())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(c.unfinished(t, "slow", pieces)); err != nil {
		t.Fatal(err)
	}
	for range pieces {
		time.Sleep(50 * time.Millisecond) // the pace is what is tested
		if _, err := conn.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	answer := make([]byte, 15)
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "HTTP/1.1 200 OK" {
		t.Errorf("%q, %v", answer, err)
	}
}
