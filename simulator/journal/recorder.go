package journal

import (
	"io"
	"net/http"
	"time"
)

// Recorder watches one request and its answer, and is the http.ResponseWriter that the request is served with. What it
// can't see, the service adds to Entry before Done.
type Recorder struct {
	Entry   Entry
	inner   http.ResponseWriter
	journal *Journal
	began   time.Time
}

var _ http.ResponseWriter = (*Recorder)(nil)

// Watch begins to watch a request, whose body it counts from now on. now is by the cloud's clock.
func (j *Journal) Watch(w http.ResponseWriter, r *http.Request, now time.Time) *Recorder {
	recorder := &Recorder{inner: w, journal: j, began: time.Now()}
	recorder.Entry.Time = now
	if r.Body != http.NoBody {
		r.Body = &countedBody{r.Body, recorder}
	}
	return recorder
}

// Done records the request. Nothing may be written any more.
func (r *Recorder) Done() {
	r.Entry.Seconds = time.Since(r.began).Seconds()
	r.journal.Record(r.Entry)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *Recorder) Unwrap() http.ResponseWriter { return r.inner }

// Header returns the headers of the answer.
func (r *Recorder) Header() http.Header { return r.inner.Header() }

// WriteHeader starts the answer.
func (r *Recorder) WriteHeader(status int) {
	if r.Entry.Status == 0 {
		r.Entry.Status = status
	}
	r.inner.WriteHeader(status)
}

// Write writes a piece of the answer's body.
func (r *Recorder) Write(p []byte) (int, error) {
	if r.Entry.Status == 0 {
		r.Entry.Status = http.StatusOK
	}
	n, err := r.inner.Write(p)
	r.Entry.BytesOut += int64(n)
	return n, err
}

type countedBody struct {
	io.ReadCloser
	recorder *Recorder
}

// Read counts what was read.
func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.recorder.Entry.BytesIn += int64(n)
	return n, err
}
