package replicas

import (
	"context"
	"strconv"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	toolswatch "k8s.io/client-go/tools/watch"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	client "github.com/velero-locations/velero-locations/generated/clientset/versioned/typed/velero/v1"
)

// follower is a watcher that goes on where it was when its watch ends, and never lists again.
type follower struct {
	watcher *toolswatch.RetryWatcher

	mu       sync.Mutex
	seen     map[change]bool
	defaults map[string]bool // which locations are the default, as far as it knows
	two      int             // how often there were two
	over     error           // why it could not go on
}

func startFollower(ctx context.Context, locations client.BackupStorageLocationInterface, from *velerov1.BackupStorageLocationList) (*follower, error) {
	f := &follower{seen: map[change]bool{}, defaults: map[string]bool{}}
	for _, each := range from.Items {
		f.defaults[each.Name] = each.Spec.Default
	}
	var err error
	f.watcher, err = toolswatch.NewRetryWatcherWithContext(ctx, from.ResourceVersion, &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return locations.Watch(ctx, options)
		},
	})
	return f, err
}

func (f *follower) run() {
	for event := range f.watcher.ResultChan() {
		f.see(event)
	}
}

func (f *follower) see(event watch.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	location, ok := event.Object.(*velerov1.BackupStorageLocation)
	if !ok {
		f.over = apierrors.FromObject(event.Object)
		return
	}
	number, _ := strconv.Atoi(location.Labels[label])
	f.seen[change{location.Name, number}] = true
	f.defaults[location.Name] = location.Spec.Default
	count := 0
	for _, is := range f.defaults {
		if is {
			count++
		}
	}
	if count > 1 {
		f.two++
	}
}

// missing are those of some changes that have not been seen.
func (f *follower) missing(changes []change) []change {
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []change
	for _, c := range changes {
		if !f.seen[c] {
			found = append(found, c)
		}
	}
	return found
}

// alive says whether something can still come.
func (f *follower) alive() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.over == nil
}

// takeDefaults returns how often two defaults were seen since it was last asked.
func (f *follower) takeDefaults() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	two := f.two
	f.two = 0
	return two
}
