package generic

import (
	"context"
	"fmt"
	"strconv"
	"time"

	metainternalversion "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/storage"
	storageerrors "k8s.io/apiserver/pkg/storage/errors"
)

// Get returns an object, as rest.StandardStorage says. One that has to be as new as etcd's is asked of etcd, but not decoded if the watch
// cache has what etcd has, or what came later. It may be shared: it is not to be changed.
func (s *Store) Get(ctx context.Context, name string, options *metav1.GetOptions) (runtime.Object, error) {
	if options.ResourceVersion != "" {
		return s.Store.Get(ctx, name, options)
	}
	key, err := s.KeyFunc(ctx, name)
	if err != nil {
		return nil, err
	}
	newest := &undecoded{}
	if err := s.Storage.Get(ctx, key, storage.GetOptions{}, newest); err != nil {
		return nil, storageerrors.InterpretGetError(err, s.DefaultQualifiedResource, name)
	}
	cached, err := s.Store.Get(ctx, name, &metav1.GetOptions{ResourceVersion: "0"})
	if err == nil && s.asNew(cached, newest) {
		return cached, nil
	}
	return s.Store.Get(ctx, name, options)
}

// asNew says whether an object is at least as new as another one.
func (s *Store) asNew(object, other runtime.Object) bool {
	version, err := s.Storage.Versioner().ObjectResourceVersion(object)
	if err != nil {
		return false
	}
	otherVersion, err := s.Storage.Versioner().ObjectResourceVersion(other)
	return err == nil && version >= otherVersion
}

// undecoded is what is in etcd, of which nothing is read but its version. Decoders that Bare returns leave all else.
type undecoded struct {
	metav1.TypeMeta
	metav1.ObjectMeta
}

// DeepCopyObject implements runtime.Object.
func (u *undecoded) DeepCopyObject() runtime.Object {
	return &undecoded{u.TypeMeta, *u.DeepCopy()}
}

// cachePeriod is how often a watch cache asks by itself.
const cachePeriod = 100 * time.Millisecond

// freshen makes the options of a list, which leave open how new it is to be, ask for all that was written before. That is what they ask for
// anyway, but a watch cache whose kind has no news asks etcd ten times a second at most whether it has missed any, and lets the list wait for
// the next time: here it is asked at once.
func (s *Store) freshen(ctx context.Context, options *metainternalversion.ListOptions) error {
	if options.ResourceVersion != "" {
		return nil
	}
	revision, err := s.Storage.Storage.GetCurrentResourceVersion(ctx)
	if err != nil {
		return fmt.Errorf("asking etcd for its revision: %w", err)
	}
	options.ResourceVersion, options.ResourceVersionMatch = strconv.FormatUint(revision, 10), metav1.ResourceVersionMatchNotOlderThan
	// The list waits until the cache is as new, whether or not this helps. While a connection is lost, nobody takes the question.
	ctx, cancel := context.WithTimeout(ctx, cachePeriod)
	defer cancel()
	_ = s.Storage.Storage.RequestWatchProgress(ctx)
	return nil
}
