package generic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"

	clientv3 "go.etcd.io/etcd/client/v3"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/warning"

	"github.com/velero-locations/velero-locations/registry/generic/table"
)

// Exclusive is a mark that at most one object of a namespace carries, such as being the default.
// Whoever sets it on an object takes it from the other in the same transaction of etcd: no reader
// sees two, whatever crashes, and however many servers write.
type Exclusive[T table.Object] struct {
	// Marked says whether an object carries the mark.
	Marked func(T) bool
	// Unmark takes the mark from an object.
	Unmark func(T)
	// Lost returns the warning to whoever moved the mark to an object from another.
	Lost func(from, to T) string
}

// exclusiveStorage writes the objects that receive the mark itself, and leaves all else to the
// storage below it.
type exclusiveStorage[T table.Object] struct {
	storage.Interface
	*direct[T]

	mark *Exclusive[T]
}

// errTakesMark ends an attempt to write an object that receives the mark the ordinary way.
var errTakesMark = errors.New("the object receives the mark")

// Create implements storage.Interface.
func (s *exclusiveStorage[T]) Create(ctx context.Context, key string, object, out runtime.Object, ttl uint64) error {
	if !s.mark.Marked(object.(T)) {
		return s.Interface.Create(ctx, key, object, out, ttl)
	}
	if version, err := s.Versioner().ObjectResourceVersion(object); err == nil && version != 0 {
		return storage.ErrResourceVersionSetOnCreate
	}
	return s.take(ctx, key, out, func(_ T, revision int64) (runtime.Object, error) {
		if revision != 0 {
			return nil, storage.NewKeyExistsError(key, revision)
		}
		return object, nil
	})
}

// GuaranteedUpdate implements storage.Interface.
func (s *exclusiveStorage[T]) GuaranteedUpdate(
	ctx context.Context, key string, out runtime.Object, ignoreNotFound bool,
	preconditions *storage.Preconditions, update storage.UpdateFunc, cached runtime.Object,
) error {
	ordinary := func(current runtime.Object, meta storage.ResponseMeta) (runtime.Object, *uint64, error) {
		marked := s.mark.Marked(current.(T))
		updated, ttl, err := update(current, meta)
		if err == nil && !marked && s.mark.Marked(updated.(T)) {
			return nil, nil, errTakesMark
		}
		return updated, ttl, err
	}
	err := s.Interface.GuaranteedUpdate(ctx, key, out, ignoreNotFound, preconditions, ordinary, cached)
	if !errors.Is(err, errTakesMark) {
		return err
	}
	return s.take(ctx, key, out, func(current T, revision int64) (runtime.Object, error) {
		if revision == 0 && !ignoreNotFound {
			return nil, storage.NewKeyNotFoundError(key, 0)
		}
		if err := preconditions.Check(key, current); err != nil {
			return nil, err
		}
		updated, _, err := update(current, storage.ResponseMeta{ResourceVersion: uint64(revision)}) // revisions are positive
		return updated, err
	})
}

// take writes an object that receives the mark, and in the same transaction those that lose it.
// It starts over when anything in the namespace was written in between: each such round, another
// writer got through.
func (s *exclusiveStorage[T]) take(ctx context.Context, key string, out runtime.Object, update func(current T, revision int64) (runtime.Object, error)) error {
	for {
		seen, err := s.look(ctx, key)
		if err != nil {
			return err
		}
		updated, err := update(seen.target.object, seen.target.revision)
		if err != nil {
			return err
		}
		data, err := s.encode(updated)
		if err != nil {
			return err
		}
		if seen.target.revision != 0 && bytes.Equal(data, seen.target.data) {
			return s.decode(data, seen.target.revision, out)
		}
		revision, err := s.write(ctx, seen, data)
		if err != nil {
			return err
		}
		if revision == 0 {
			continue
		}
		if err := s.decode(data, revision, out); err != nil {
			return err
		}
		s.warn(ctx, seen, out.(T))
		return nil
	}
}

// write returns the revision of its transaction, or 0 when what was seen is no longer so.
func (s *exclusiveStorage[T]) write(ctx context.Context, seen *namespaceState[T], data []byte) (int64, error) {
	conditions := []clientv3.Cmp{
		clientv3.Compare(clientv3.ModRevision(seen.prefix).WithPrefix(), "<", seen.revision+1),
		clientv3.Compare(clientv3.ModRevision(seen.target.key), "=", seen.target.revision),
	}
	// Watchers are told in the order of the operations: of none that is marked for a moment, never of two.
	var writes []clientv3.Op
	for _, loser := range seen.marked {
		s.mark.Unmark(loser.object)
		if generation := loser.object.GetGeneration(); generation != 0 {
			loser.object.SetGeneration(generation + 1)
		}
		unmarked, err := s.encode(loser.object)
		if err != nil {
			return 0, err
		}
		put, err := s.put(ctx, loser.key, unmarked)
		if err != nil {
			return 0, err
		}
		conditions = append(conditions, clientv3.Compare(clientv3.ModRevision(loser.key), "=", loser.revision))
		writes = append(writes, put)
	}
	put, err := s.put(ctx, seen.target.key, data)
	if err != nil {
		return 0, err
	}
	response, err := s.etcd.Txn(ctx).If(conditions...).Then(append(writes, put)...).Commit()
	if err != nil {
		return 0, fmt.Errorf("writing %s: %w", seen.target.key, err)
	}
	if !response.Succeeded {
		return 0, nil
	}
	return s.repeat(ctx, seen.target.key, put, response.Header.Revision), nil
}

// repeat writes an object once more, as it was written in a transaction, and returns its revision then. All events of the
// transaction have one revision: whoever has seen the first of them, a watcher that resumes or a cache, does not know that
// there are more. By this one they learn how it ended. If it fails, they are late, and nothing else is wrong.
func (s *exclusiveStorage[T]) repeat(ctx context.Context, key string, put clientv3.Op, revision int64) int64 {
	response, err := s.etcd.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(key), "=", revision)).Then(put).Commit()
	if err != nil || !response.Succeeded {
		return revision
	}
	return response.Header.Revision
}

func (s *exclusiveStorage[T]) warn(ctx context.Context, seen *namespaceState[T], winner T) {
	for _, loser := range seen.marked {
		warning.AddWarning(ctx, "", s.mark.Lost(loser.object, winner))
	}
}

// namespaceState is what a namespace held at one revision.
type namespaceState[T table.Object] struct {
	revision int64
	prefix   string // in etcd, of the namespace
	// target is the object to write.
	target stored[T]
	// marked are the other objects that carry the mark.
	marked []stored[T]
}

// look sees all of an object's namespace at once.
func (s *exclusiveStorage[T]) look(ctx context.Context, key string) (*namespaceState[T], error) {
	full := s.key(key)
	seen := &namespaceState[T]{prefix: path.Dir(full) + "/", target: stored[T]{key: full, object: newOf[T]()}}
	response, err := s.etcd.Get(ctx, seen.prefix, clientv3.WithPrefix())
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", seen.prefix, err)
	}
	seen.revision = response.Header.Revision
	for _, kv := range response.Kvs {
		found, err := s.read(ctx, string(kv.Key), kv.Value, kv.ModRevision)
		if err != nil {
			return nil, err
		}
		switch {
		case found.key == full:
			seen.target = found
		case s.mark.Marked(found.object):
			seen.marked = append(seen.marked, found)
		}
	}
	return seen, nil
}
