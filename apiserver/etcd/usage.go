package etcd

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"k8s.io/apimachinery/pkg/api/resource"
)

// minReserve is the least room that etcd has beyond the quota of its users.
const minReserve = 16 << 20

// limit is the size at which etcd itself refuses to write, by its NOSPACE alarm. It is larger than the quota, at which the API server
// refuses what makes objects or changes them: to delete takes some writes, too.
func (o *Options) limit() int64 {
	quota := o.Quota.Value()
	return quota + max(quota/16, minReserve)
}

// Usage says how full the database is.
type Usage struct {
	// Size of the database, and of what is free in it until it is defragmented.
	Size, Free int64
	// Quota that the size may not grow beyond.
	Quota int64
	// Largest are the kinds of objects that take most of it, the largest first, as far as that was looked for.
	Largest []Share
}

// Share is what the objects of one kind take.
type Share struct {
	// Group and Resource of the kind.
	Group, Resource string
	// Size of all objects.
	Size int64
}

// Usage returns how full the database is.
func (s *Server) Usage() Usage {
	backend := s.etcd.Server.Backend()
	size := backend.Size()
	usage := Usage{Size: size, Free: max(size-backend.SizeInUse(), 0), Quota: s.quota}
	if largest := s.largest.Load(); largest != nil {
		usage.Largest = *largest
	}
	return usage
}

// Full says whether there is no room for more.
func (u Usage) Full() bool { return u.Size >= u.Quota }

// tight says whether what is free is needed.
func (u Usage) tight() bool { return u.Size >= u.Quota/10*9 }

// Advice says what to do about a database that is full.
func (u Usage) Advice() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the server's etcd is full (%s of %s): delete objects", bytesOf(u.Size), bytesOf(u.Quota))
	for i, share := range u.Largest[:min(3, len(u.Largest))] {
		b.WriteString([]string{", of which ", ", ", ", "}[i])
		fmt.Fprintf(&b, "%s take %s", share.name(), bytesOf(share.Size))
	}
	b.WriteString("; deletions are accepted, and what they free can be used within seconds. Or start the server with a larger --embedded-etcd-quota")
	return b.String()
}

func (s Share) name() string { return strings.TrimSuffix(s.Resource+"."+s.Group, ".") }

// bytesOf writes a size as quantities are written, to the mebibyte.
func bytesOf(size int64) string {
	const mebibyte = 1 << 20
	if size < mebibyte {
		return "less than 1Mi"
	}
	return resource.NewQuantity(size/mebibyte*mebibyte, resource.BinarySI).String()
}

// weighPage is how many objects are weighed at a time.
const weighPage = 100

// weigh returns what the objects of each kind take. Their keys are prefix, group, which kinds of the core have none of, resource, and more.
func (s *Server) weigh(ctx context.Context) ([]Share, error) {
	sizes := map[Share]int64{}
	end := []byte(clientv3.GetPrefixRangeEnd(s.prefix))
	for next := []byte(s.prefix); ; {
		page, err := s.etcd.Server.Range(ctx, &pb.RangeRequest{Key: next, RangeEnd: end, Limit: weighPage, Serializable: true})
		if err != nil {
			return nil, fmt.Errorf("weighing objects: %w", err)
		}
		for _, kv := range page.Kvs {
			if kind, ok := kindOf(strings.TrimPrefix(string(kv.Key), s.prefix)); ok {
				sizes[kind] += int64(len(kv.Key) + len(kv.Value))
			}
		}
		if !page.More {
			break
		}
		next = append(slices.Clone(page.Kvs[len(page.Kvs)-1].Key), 0)
	}
	shares := make([]Share, 0, len(sizes))
	for kind, size := range sizes {
		kind.Size = size
		shares = append(shares, kind)
	}
	slices.SortFunc(shares, func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.Size, a.Size), cmp.Compare(a.name(), b.name()))
	})
	return shares, nil
}

func kindOf(key string) (kind Share, ok bool) {
	parts := strings.SplitN(strings.TrimLeft(key, "/"), "/", 3)
	switch {
	case len(parts) < 2:
		return Share{}, false
	case strings.Contains(parts[0], "."): // as groups do, but not resources
		return Share{Group: parts[0], Resource: parts[1]}, true
	default:
		return Share{Resource: parts[0]}, true
	}
}
