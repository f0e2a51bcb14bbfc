package generic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/storage"

	"github.com/velero-locations/velero-locations/registry/generic/table"
)

// transactionStorage writes itself what has to be one transaction with other objects - an object that receives the mark, or one that
// moves away from what stands on it - and leaves all else to the storage below it.
type transactionStorage[T table.Object] struct {
	storage.Interface
	*direct[T]

	mark   *Exclusive[T] // nil: there is none
	anchor *Anchor[T]    // nil: nothing stands on objects of the kind
	env    *Environment
	queue  queue
}

// errTransaction ends an attempt to write the ordinary way what depends on other objects.
var errTransaction = errors.New("the write depends on other objects")

func (s *transactionStorage[T]) marked(object runtime.Object) bool {
	return s.mark != nil && s.mark.Marked(object.(T))
}

// Create implements storage.Interface.
func (s *transactionStorage[T]) Create(ctx context.Context, key string, object, out runtime.Object, ttl uint64) error {
	if !s.marked(object) {
		return s.Interface.Create(ctx, key, object, out, ttl)
	}
	if version, err := s.Versioner().ObjectResourceVersion(object); err == nil && version != 0 {
		return storage.ErrResourceVersionSetOnCreate
	}
	return s.transact(ctx, key, out, func(_ T, revision int64) (runtime.Object, error) {
		if revision != 0 {
			return nil, storage.NewKeyExistsError(key, revision)
		}
		return object, nil
	})
}

// GuaranteedUpdate implements storage.Interface.
func (s *transactionStorage[T]) GuaranteedUpdate(
	ctx context.Context, key string, out runtime.Object, ignoreNotFound bool,
	preconditions *storage.Preconditions, update storage.UpdateFunc, cached runtime.Object,
) error {
	ordinary := func(current runtime.Object, meta storage.ResponseMeta) (runtime.Object, *uint64, error) {
		marked, at := s.marked(current), s.anchor.at(current.(T))
		updated, ttl, err := update(current, meta)
		if err == nil && (!marked && s.marked(updated) || s.anchor.at(updated.(T)) != at) {
			return nil, nil, errTransaction
		}
		return updated, ttl, err
	}
	err := s.Interface.GuaranteedUpdate(ctx, key, out, ignoreNotFound, preconditions, ordinary, cached)
	if !errors.Is(err, errTransaction) {
		return err
	}
	return s.transact(ctx, key, out, func(current T, revision int64) (runtime.Object, error) {
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

// surroundings is what a write depends on, as it was at one revision.
type surroundings[T table.Object] struct {
	revision int64
	// target is the object to write.
	target stored[T]
	holder storedHolder
	// loser is the other object that carries the mark, nil if there is none.
	loser *stored[T]
}

// transaction is written if nothing has changed that it depends on.
type transaction struct {
	conditions []clientv3.Cmp
	writes     []clientv3.Op
}

// transact writes an object, if nothing has changed that the write was decided by. It starts over when something has: each such round,
// another writer got through.
func (s *transactionStorage[T]) transact(ctx context.Context, key string, out runtime.Object, update func(current T, revision int64) (runtime.Object, error)) error {
	full := s.key(key)
	done, err := s.queue.wait(ctx, s.holderKey(full))
	if err != nil {
		return err
	}
	defer done()
	for {
		forget(ctx) // what was seen of other objects before may have changed
		seen, err := s.look(ctx, full)
		if err != nil {
			return err
		}
		marked, at := s.marked(seen.target.object), s.anchor.at(seen.target.object)
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
		txn := &transaction{conditions: []clientv3.Cmp{clientv3.Compare(clientv3.ModRevision(full), "=", seen.target.revision)}}
		marks := !marked && s.marked(updated)
		if marks {
			if err := s.take(ctx, seen, txn); err != nil {
				return err
			}
		}
		if seen.target.revision != 0 && s.anchor.at(updated.(T)) != at {
			s.still(ctx, seen.revision, txn)
		}
		revision, err := s.write(ctx, seen, txn, data)
		if err != nil {
			return err
		}
		if revision == 0 {
			continue
		}
		if err := s.decode(data, revision, out); err != nil {
			return err
		}
		if marks {
			s.warn(ctx, seen, out)
		}
		return nil
	}
}

// writePatience is how long a transaction takes at most, whatever becomes of the request: whether it was written has to be known.
const writePatience = 10 * time.Second

// write returns the revision of what it wrote, or 0 when what was seen is no longer so.
func (s *transactionStorage[T]) write(ctx context.Context, seen *surroundings[T], txn *transaction, data []byte) (int64, error) {
	put, err := s.put(ctx, seen.target.key, data)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writePatience)
	defer cancel()
	response, err := s.etcd.Txn(ctx).If(txn.conditions...).Then(append(txn.writes, put)...).Commit()
	if err != nil {
		return 0, fmt.Errorf("writing %s: %w", seen.target.key, err)
	}
	if !response.Succeeded {
		return 0, nil
	}
	revision := response.Header.Revision
	if seen.loser == nil {
		return revision, nil
	}
	moved := storedHolder{holder{seen.target.name(), true}, seen.holder.key, revision}
	if repeated, err := s.repeat(ctx, moved); err == nil {
		return repeated, nil
	}
	return revision, nil // it is written, and repeated later
}

// look sees an object and what its write depends on.
func (s *transactionStorage[T]) look(ctx context.Context, key string) (*surroundings[T], error) {
	seen := &surroundings[T]{target: stored[T]{key: key, object: newOf[T]()}, holder: storedHolder{key: s.holderKey(key)}}
	response, err := s.getBoth(ctx, key, seen.holder.key)
	if err != nil {
		return nil, err
	}
	seen.revision = response.Header.Revision
	if kvs := response.Responses[0].GetResponseRange().Kvs; len(kvs) > 0 {
		if seen.target, err = s.read(ctx, key, kvs[0].Value, kvs[0].ModRevision); err != nil {
			return nil, err
		}
	}
	if s.mark == nil {
		return seen, nil
	}
	if kvs := response.Responses[1].GetResponseRange().Kvs; len(kvs) > 0 {
		if seen.holder, err = readHolder(seen.holder.key, kvs[0].Value, kvs[0].ModRevision); err != nil {
			return nil, err
		}
	}
	if seen.holder.Unrepeated {
		if _, err := s.repeat(ctx, seen.holder); err != nil {
			return nil, err
		}
		return s.look(ctx, key)
	}
	return seen, s.findLoser(ctx, seen)
}
