package bounded

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
)

func TestReadAll(t *testing.T) {
	for _, tt := range []struct {
		text  string
		limit int64
		want  string
		err   string
	}{
		{"", 0, "", ""},
		{"abc", 3, "abc", ""},
		{"abcd", 3, "abc", "larger than 3 bytes, which is the most that is read of it"},
		{strings.Repeat("a", 2<<20+1), 2 << 20, strings.Repeat("a", 2<<20), "larger than 2 MiB, which is the most that is read of it"},
	} {
		for name, reader := range map[string]func(io.Reader) io.Reader{"whole": func(r io.Reader) io.Reader { return r }, "halves": iotest.HalfReader, "data and error": iotest.DataErrReader} {
			got, err := ReadAll(reader(strings.NewReader(tt.text)), tt.limit)
			if string(got) != tt.want || err == nil && tt.err != "" || err != nil && err.Error() != tt.err {
				t.Errorf("%s: of %d bytes up to %d got %d bytes, %v; want %q", name, len(tt.text), tt.limit, len(got), err, tt.err)
			}
		}
	}
}

// TestRenew reads a stream without an end, whose pieces are within the limit each.
func TestRenew(t *testing.T) {
	r := NewReader(iotest.OneByteReader(bytes.NewReader(make([]byte, 100))), 10)
	for range 10 {
		if n, err := io.ReadFull(r, make([]byte, 10)); n != 10 || err != nil {
			t.Fatal(n, err)
		}
		r.Renew()
	}
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	small, pipe := filepath.Join(dir, "small"), filepath.Join(dir, "pipe")
	if err := errors.Join(os.WriteFile(small, []byte("text"), 0o600), syscall.Mkfifo(pipe, 0o600)); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadFile(t.Context(), small); string(got) != "text" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := ReadFile(t.Context(), "/dev/zero"); err == nil || err.Error() != "/dev/zero is larger than 16 MiB, which is the most that is read of it" {
		t.Error(err)
	}
	if _, err := ReadFile(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Error(err)
	}
	stopped, stop := context.WithCancel(t.Context())
	defer stop()
	failed := make(chan error, 1)
	go func() {
		_, err := ReadFile(stopped, pipe)
		failed <- err
	}()
	writer, err := os.OpenFile(pipe, os.O_WRONLY, 0) // which waits for whoever reads it
	if err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-failed; !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), pipe) {
		t.Error(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	large, pipe := filepath.Join(dir, "large"), filepath.Join(dir, "pipe")
	if err := errors.Join(os.WriteFile(large, nil, 0o600), os.Truncate(large, Document+1), syscall.Mkfifo(pipe, 0o600)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"": "", dir: "", filepath.Join(dir, "missing"): "", os.DevNull: "",
		large:       large + " is larger than 16 MiB, which is the most that is read of it",
		pipe:        pipe + " is a pipe: name a regular file, since it is read more than once",
		"/dev/zero": "/dev/zero is a device: name a regular file, since it is read more than once",
	} {
		if err := Check(path); err == nil && want != "" || err != nil && err.Error() != want {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

// TestOpen opens what is regular only, and waits for nobody.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	file, pipe := filepath.Join(dir, "file"), filepath.Join(dir, "pipe")
	if err := errors.Join(os.WriteFile(file, []byte("text"), 0o600), syscall.Mkfifo(pipe, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path  string
		limit int64
		want  string
	}{
		{file, 4, ""},
		{file, 3, file + " is larger than 3 bytes, which is the most that is read of it"},
		{dir, 4, dir + " is a directory: name a regular file, since it is read more than once"},
		{pipe, 4, pipe + " is a pipe: name a regular file, since it is read more than once"},
		{"/dev/zero", 4, "/dev/zero is a device: name a regular file, since it is read more than once"},
		{file + "2", 4, "stat " + file + "2: no such file or directory"},
	} {
		opened, err := Open(tt.path, tt.limit)
		if err == nil {
			err = opened.Close()
		}
		if err == nil && tt.want != "" || err != nil && err.Error() != tt.want {
			t.Errorf("%s: %v, want %q", tt.path, err, tt.want)
		}
	}
}

func TestTransport(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	client := http.Client{Transport: Transport{http.DefaultTransport, 1 << 20}}
	response, err := client.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if tooLarge := (*Error)(nil); len(got) != 1<<20 || !errors.As(err, &tooLarge) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
