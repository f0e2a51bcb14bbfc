package store

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// TestEndedUploadsAreForgotten ends uploads over some days: those of the last one are known.
func TestEndedUploadsAreForgotten(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s, err := Open(Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.CreateBucket("b", "us-east-1", "111111111111", Settings{})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i := range 10 {
		id, err := b.CreateUpload(UploadInfo{Key: "k"})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Abort("k", id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
		now = now.Add(10 * time.Hour)
		if known := len(b.ended.byID); known > 3 || known != len(b.ended.order) {
			t.Errorf("after %d: %d are known", i+1, known)
		}
	}
	for i, id := range ids {
		var want error
		if i < 8 {
			want = ErrNoSuchUpload
		}
		if err := b.Abort("k", id); !errors.Is(err, want) {
			t.Error(fmt.Errorf("upload %d: %w, want %w", i, err, want))
		}
	}
}
