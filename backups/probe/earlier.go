package probe

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/locations"
)

// earlier removes what checks have left that were killed, or might not delete.
func (c *check) earlier(ctx context.Context) Row {
	row, prefix, looked := Row{Result: OK, Message: "nothing is left of them"}, keys(c.Place), 0
	var stay []string
	var refusal string
	for key, err := range c.Store.Keys(ctx, prefix) {
		if err != nil {
			return c.fail(err)
		}
		if key == c.key || !random.MatchString(strings.TrimPrefix(key, prefix)) {
			continue
		}
		if looked++; looked > mostLeft {
			break
		}
		switch old, err := c.old(ctx, key); {
		case err != nil:
			return c.unknown(err)
		case !old:
			continue
		}
		row.Names = append(row.Names, key)
		if reason := c.discard(ctx, key); reason != "" {
			stay, refusal = append(stay, key), reason
		}
	}
	row.Count = len(row.Names)
	switch {
	case len(stay) > 0:
		row.Result, row.Count = Warning, len(stay)
		row.Message = fmt.Sprintf("%s left by an earlier check, to be deleted by hand: %s (%s)", locations.Count(len(stay), "object"), locations.Enumerate(stay), refusal)
		row.Names = stay
	case row.Count > 0:
		row.Message = fmt.Sprintf("removed %s left by an earlier check: %s", locations.Count(row.Count, "object"), locations.Enumerate(row.Names))
	}
	row.Names = first(row.Names)
	return row
}

// old says whether no check that runs now can have written an object, by the clock of the storage.
func (c *check) old(ctx context.Context, key string) (bool, error) {
	object, err := c.Store.Open(ctx, key)
	switch {
	case errors.Is(err, objectstore.ErrNotFound): // another check was faster
		return false, nil
	case err != nil:
		return false, err
	}
	defer func() { _ = object.Close() }()
	skew, told := c.Store.Skew()
	return told && !object.Modified.IsZero() && time.Now().Add(skew).Sub(object.Modified) > leftAfter, nil
}

// discard deletes an object, and its versions if there are any, or says why not.
func (c *check) discard(ctx context.Context, key string) (refusal string) {
	if c.Unwritable != "" {
		return c.Unwritable
	}
	err := c.Store.Delete(ctx, key)
	if err == nil && c.versioned {
		err = c.Store.Purge(ctx, key)
	}
	if err != nil {
		return c.explain(err)
	}
	return ""
}
