package replicas

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
)

// controllerKilled kills the controller that works while it makes a backup and another one waits: the next controller ends the first one,
// and makes the second one, once.
func controllerKilled(t *testing.T, s *stage) {
	t.Helper()
	place := fmt.Sprintf("failover-%d", s.round)
	running, waiting := place+"-running", place+"-waiting"
	s.KubectlWith(t, devtest.Location(place, "us-east-1", "", place), "apply", "-f", "-")
	s.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Available", "bsl/"+place, "--timeout=30s")
	leader := s.controllers.Leader(t)
	// It takes the name at once, and is long about the content.
	content := place + "/backups/" + running + "/" + running + ".tar.gz"
	s.Must(t, "velero-locations simulator fault add latency delay=1m --operation s3:PutObject --prefix "+content+" --name "+place)
	for _, name := range []string{running, waiting} {
		s.Must(t, "velero backup create "+name+" --storage-location "+place+" --include-namespaces velero")
	}
	devtest.Poll(t, time.Minute, "the first backup to begin", func() bool { return strings.Contains(s.journal(t), place+"/backups/"+running+"/") })

	leader.Kill(t)
	killed := time.Now()
	s.Must(t, "velero-locations simulator fault remove "+place)
	devtest.Poll(t, time.Minute, "the next controller to end the backup", func() bool { return s.phase(t, running) == "Failed" })
	s.failover = max(s.failover, time.Since(killed))
	devtest.Poll(t, time.Minute, "the next controller to make the backup that waits", func() bool { return s.phase(t, waiting) == "Completed" })
	leader.Start(t)

	journal := s.journal(t)
	for name, want := range map[string]int{running: 0, waiting: 1} {
		if got := strings.Count(journal, " 200 s3:PutObject             velero-backups/"+place+"/backups/"+name+"/"+name+".tar.gz "); got != want {
			t.Errorf("the content of backup %s was written %d times, want %d:\n%s", name, got, want, journal)
		}
	}
}

// journal is which objects were put.
func (s *stage) journal(t *testing.T) string {
	t.Helper()
	return s.Must(t, "velero-locations simulator journal --operation s3:PutObject")
}

func (s *stage) phase(t *testing.T, backup string) string {
	t.Helper()
	return s.Kubectl(t, "get", "backups.velero.io", backup, "-o", "jsonpath={.status.phase}")
}

// controllerStopped stops the controller that works: it says so, and the next one does not wait until its lease has run out.
func controllerStopped(t *testing.T, s *stage) {
	t.Helper()
	leader := s.controllers.Leader(t)
	leader.Stop(t)
	stopped := time.Now()
	s.controllers.Leader(t)
	s.handover = max(s.handover, time.Since(stopped))
	leader.Start(t)
}
