package generic

import (
	"context"
	"fmt"
	"strconv"
	"time"

	metainternalversion "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

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
