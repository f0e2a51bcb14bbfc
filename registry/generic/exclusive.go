package generic

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/semaphore"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/warning"
	"k8s.io/klog/v2"

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

// holder is what etcd has beside the objects of a namespace: which of them was the last to receive the mark. No other carries it, so that
// nobody has to look at them all. That one may have lost it since, or be gone.
type holder struct {
	Name string `json:"name"`
	// Unrepeated says that the mark was moved, and that watchers have still to be told once more.
	Unrepeated bool `json:"unrepeated,omitempty"`
}

// storedHolder is a holder as it is in etcd.
type storedHolder struct {
	holder

	key      string
	revision int64 // 0: it is not known yet
}

func (h storedHolder) put(name string, unrepeated bool) (clientv3.Op, error) {
	data, err := json.Marshal(holder{name, unrepeated})
	return clientv3.OpPut(h.key, string(data)), err
}

func (h storedHolder) unchanged() clientv3.Cmp {
	return clientv3.Compare(clientv3.ModRevision(h.key), "=", h.revision)
}

// holders is the prefix in etcd of those of a server.
func (s *transactionStorage[T]) holders() string { return s.key("exclusive") }

// holderKey of the namespace of an object.
func (s *transactionStorage[T]) holderKey(object string) string {
	return path.Join(s.holders(), strings.TrimPrefix(path.Dir(object), s.key("")))
}

// objectKey of the object that a holder names.
func (s *transactionStorage[T]) objectKey(h storedHolder) string {
	return path.Join(s.key(""), strings.TrimPrefix(h.key, s.holders()), h.Name)
}

// queue lets the writers of a namespace in one after the other, in the order in which they came: between servers the faster one wins,
// within one nobody starves.
type queue struct{ namespaces sync.Map }

func (q *queue) wait(ctx context.Context, namespace string) (done func(), err error) {
	turn, _ := q.namespaces.LoadOrStore(namespace, semaphore.NewWeighted(1))
	writer := turn.(*semaphore.Weighted)
	if err := writer.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("waiting for other writers: %w", err)
	}
	return func() { writer.Release(1) }, nil
}

// findLoser finds the object that loses the mark if another receives it.
func (s *transactionStorage[T]) findLoser(ctx context.Context, seen *surroundings[T]) error {
	if seen.holder.revision == 0 {
		return s.searchLoser(ctx, seen)
	}
	key := s.objectKey(seen.holder)
	if key == seen.target.key {
		return nil
	}
	found, err := s.get(ctx, key)
	if err == nil && found.revision != 0 && s.mark.Marked(found.object) {
		seen.loser = &found
	}
	return err
}

// searchLoser looks at all objects of a namespace in which no holder is known yet.
func (s *transactionStorage[T]) searchLoser(ctx context.Context, seen *surroundings[T]) error {
	prefix := path.Dir(seen.target.key) + "/"
	response, err := s.etcd.Get(ctx, prefix, clientv3.WithPrefix(), clientv3.WithRev(seen.revision))
	if err != nil {
		return fmt.Errorf("reading %s: %w", prefix, err)
	}
	for _, kv := range response.Kvs {
		found, err := s.read(ctx, string(kv.Key), kv.Value, kv.ModRevision)
		if err != nil {
			return err
		}
		if found.key != seen.target.key && s.mark.Marked(found.object) {
			seen.loser = &found
		}
	}
	return nil
}

// take adds to a transaction that the object receives the mark, and that another loses it. Watchers are told in the order of the
// operations: of none that is marked for a moment, never of two.
func (s *transactionStorage[T]) take(ctx context.Context, seen *surroundings[T], txn *transaction) error {
	txn.conditions = append(txn.conditions, seen.holder.unchanged())
	put, err := seen.holder.put(path.Base(seen.target.key), seen.loser != nil)
	if err != nil {
		return fmt.Errorf("encoding who carries the mark: %w", err)
	}
	txn.writes = append(txn.writes, put)
	if seen.loser == nil {
		return nil
	}
	loser := seen.loser.object
	s.mark.Unmark(loser)
	if generation := loser.GetGeneration(); generation != 0 {
		loser.SetGeneration(generation + 1)
	}
	data, err := s.encode(loser)
	if err != nil {
		return err
	}
	if put, err = s.put(ctx, seen.loser.key, data); err != nil {
		return err
	}
	txn.conditions = append(txn.conditions, clientv3.Compare(clientv3.ModRevision(seen.loser.key), "=", seen.loser.revision))
	txn.writes = append(txn.writes, put)
	return nil
}

// repeat writes the object once more that a holder names, as it was written with it, and returns its revision then. All events of a
// transaction have one revision: whoever has seen the first of them, a watcher that resumes or a cache, does not know that there are
// more. By this one they learn how it ended. If it fails, they are late, until the next writer or Background repeats it.
func (s *transactionStorage[T]) repeat(ctx context.Context, h storedHolder) (int64, error) {
	if !h.Unrepeated {
		return h.revision, nil
	}
	repeated, err := h.put(h.Name, false)
	if err != nil {
		return 0, fmt.Errorf("encoding who carries the mark: %w", err)
	}
	conditions, writes := []clientv3.Cmp{h.unchanged()}, []clientv3.Op{repeated}
	key := s.objectKey(h)
	response, err := s.etcd.Get(ctx, key)
	if err != nil {
		return 0, fmt.Errorf("reading %s: %w", key, err)
	}
	if len(response.Kvs) > 0 && response.Kvs[0].ModRevision == h.revision { // what was written since, watchers know of
		conditions = append(conditions, clientv3.Compare(clientv3.ModRevision(key), "=", h.revision))
		writes = append(writes, clientv3.OpPut(key, string(response.Kvs[0].Value)))
	}
	txn, err := s.etcd.Txn(ctx).If(conditions...).Then(writes...).Commit()
	switch {
	case err != nil:
		return 0, fmt.Errorf("writing %s once more: %w", key, err)
	case !txn.Succeeded || len(writes) == 1:
		return h.revision, nil
	}
	return txn.Header.Revision, nil
}

// repeatPeriod is how often is looked for what a server that was stopped has left to be repeated.
const repeatPeriod = 10 * time.Second

// repeatAll repeats, until the context ends, what others have not.
func (s *transactionStorage[T]) repeatAll(ctx context.Context) {
	ticker := time.NewTicker(repeatPeriod)
	defer ticker.Stop()
	for {
		response, err := s.etcd.Get(ctx, s.holders()+"/", clientv3.WithPrefix())
		for i := 0; err == nil && i < len(response.Kvs); i++ {
			kv := response.Kvs[i]
			var h storedHolder
			if h, err = readHolder(string(kv.Key), kv.Value, kv.ModRevision); err == nil {
				_, err = s.repeat(ctx, h)
			}
		}
		if err != nil && ctx.Err() == nil {
			klog.FromContext(ctx).Error(err, "Watchers may not have been told who carries a mark")
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func readHolder(key string, data []byte, revision int64) (storedHolder, error) {
	h := storedHolder{key: key, revision: revision}
	if err := json.Unmarshal(data, &h.holder); err != nil {
		return h, fmt.Errorf("decoding %s: %w", key, err)
	}
	return h, nil
}

// warn tells whoever moved the mark where it was before.
func (s *transactionStorage[T]) warn(ctx context.Context, seen *surroundings[T], winner runtime.Object) {
	if seen.loser != nil {
		warning.AddWarning(ctx, "", s.mark.Lost(seen.loser.object, winner.(T)))
	}
}
