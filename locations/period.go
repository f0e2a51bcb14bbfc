package locations

import "time"

// LeastPeriod is how often a location is checked and synced at most, whatever it says: Velero looks every 10 seconds whether a check
// is due, and every minute whether a sync is.
const LeastPeriod = 10 * time.Second

// Period is how often something is really done that a location wants done every so often. 0 stays 0, which means never again.
func Period(wanted time.Duration) time.Duration {
	if wanted == 0 {
		return 0
	}
	return max(wanted, LeastPeriod)
}
