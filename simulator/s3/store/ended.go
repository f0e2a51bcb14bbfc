package store

import (
	"slices"
	"time"
)

// endedFor is how long an upload is remembered that was completed or aborted.
const endedFor = 24 * time.Hour

// endedUploads are those of late. S3 takes a request to end one again for the repetition of a request whose answer was lost.
type endedUploads struct {
	byID  map[string]ended
	order []string // in which they ended
}

type ended struct {
	key string
	at  time.Time
	// object is what was made of the upload, without content; nil when it was aborted.
	object *Object
}

// add remembers an upload, and forgets those that ended long before.
func (e *endedUploads) add(id string, upload ended) {
	if upload.object != nil {
		record := *upload.object
		record.content, record.older = nil, nil // to be free when they are deleted
		upload.object = &record
	}
	if e.byID == nil {
		e.byID = map[string]ended{}
	}
	e.byID[id] = upload
	e.order = append(e.order, id)
	for upload.at.Sub(e.byID[e.order[0]].at) > endedFor {
		delete(e.byID, e.order[0])
		e.order = e.order[1:]
	}
}

// find finds an upload that ended not long before now.
func (e *endedUploads) find(key, id string, now time.Time) (ended, bool) {
	upload, found := e.byID[id]
	return upload, found && upload.key == key && now.Sub(upload.at) <= endedFor
}

// Completed returns what an upload that ended was completed to, if it was of these parts. It may be gone by now.
func (b *Bucket) Completed(key, id string, parts []PartInfo) (*Object, error) {
	b.writes.Lock()
	defer b.writes.Unlock()
	return b.completed(key, id, parts)
}

func (b *Bucket) completed(key, id string, parts []PartInfo) (*Object, error) {
	upload, found := b.ended.find(key, id, b.store.now())
	if !found || upload.object == nil || upload.object.ETag != multipartETag(parts) ||
		!slices.EqualFunc(parts, upload.object.Parts, func(p PartInfo, o ObjectPart) bool { return p.Number == o.Number }) {
		return nil, ErrNoSuchUpload
	}
	return upload.object, nil
}
