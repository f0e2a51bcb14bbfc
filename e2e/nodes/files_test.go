//go:build kind

package nodes

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// shop is what is backed up: a pod with files in a volume and in a folder of its own, and beside it a claim that is bound to a volume of EBS.
// The class of kind makes volumes of type hostPath, as the one for the cache is; an annotation makes it one of type local.
var shop = fmt.Sprintf(`apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: orders, namespace: shop, annotations: {volumeType: local}}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 64Mi}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: cache, namespace: shop}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 64Mi}}
---
apiVersion: v1
kind: Pod
metadata: {name: shop, namespace: shop}
spec:
  securityContext: {runAsUser: 65532, runAsGroup: 65532}
  containers:
  - name: files
    image: files:latest
    imagePullPolicy: IfNotPresent
    args: [/orders, /drafts]
    volumeMounts:
    - {name: orders, mountPath: /orders}
    - {name: drafts, mountPath: /drafts}
    - {name: cache, mountPath: /cache}
  volumes:
  - name: orders
    persistentVolumeClaim: {claimName: orders}
  - name: drafts
    emptyDir: {}
  - name: cache
    persistentVolumeClaim: {claimName: cache}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: archive, labels: {topology.kubernetes.io/zone: us-east-1a}}
spec:
  capacity: {storage: 8Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: ebs
  claimRef: {apiVersion: v1, kind: PersistentVolumeClaim, namespace: shop, name: archive}
  csi: {driver: ebs.csi.aws.com, volumeHandle: %s}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: archive, namespace: shop}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: ebs
  volumeName: archive
  resources: {requests: {storage: 8Gi}}
`, cluster.Volume)

// testFiles makes a backup in each location, and restores each into a namespace of its own.
func testFiles(t *testing.T, s *storage) {
	t.Helper()
	k := s.Kind
	s.begin(t)
	k.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Available", "bsl", "--all", "-n", "velero", "--timeout=2m")
	k.KubectlWith(t, shop, "apply", "-f", "-")
	k.Wait(t, "wait", "--for=jsonpath={.status.phase}=Bound", "pvc", "--all", "-n", "shop", "--timeout=3m")
	written := digests(t, k, "shop")

	// Where it goes is decided when it is asked for, whatever becomes the default meanwhile.
	devtest.WantContains(t, k.Must(t, "velero backup create first --include-namespaces shop --default-volumes-to-fs-backup"), "submitted")
	k.Kubectl(t, "patch", "bsl", "west", "-n", "velero", "--type=merge", "-p", `{"spec":{"default":true}}`)
	wantCompleted(t, k, "backups.velero.io/first")
	wantVolumes(t, k, "first", "default")
	s.wantSnapshot(t, "first")

	k.Must(t, "velero schedule unpause minutely")
	second := ""
	devtest.Poll(t, 2*time.Minute, "the schedule to make a backup", func() bool {
		second = strings.TrimSpace(k.Kubectl(t, "get", "backups.velero.io", "-n", "velero", "-l", "velero.io/schedule-name=minutely", "-o", "name"))
		return second != ""
	})
	k.Must(t, "velero schedule pause minutely")
	second, _, _ = strings.Cut(second, "\n")
	wantCompleted(t, k, second)
	second = strings.TrimPrefix(second, "backup.velero.io/")
	wantVolumes(t, k, second, "west")
	s.wantRepositories(t)

	for backup, namespace := range map[string]string{"first": "shop-east", second: "shop-west"} {
		k.Must(t, "velero restore create "+namespace+" --from-backup "+backup+" --namespace-mappings shop:"+namespace)
		wantCompleted(t, k, "restores.velero.io/"+namespace)
		if got := digests(t, k, namespace); got != written {
			t.Errorf("%s came back as\n%s\nwant\n%s", backup, got, written)
		}
	}
	s.wantPrefixes(t)

	k.Must(t, "velero backup delete first --confirm")
	k.Wait(t, "wait", "--for=delete", "backups.velero.io/first", "-n", "velero", "--timeout=3m")
	s.wantDeleted(t, "first")
	k.Wait(t, "delete", "namespace", "shop", "shop-east", "shop-west", "--timeout=5m")
	k.Kubectl(t, "delete", "pv", "archive")
}

// digests are what the pod of a namespace says of its files.
func digests(t *testing.T, k *cluster.Kind, namespace string) string {
	t.Helper()
	k.Wait(t, "wait", "--for=condition=Ready", "pod/shop", "-n", namespace, "--timeout=3m")
	said := ""
	devtest.Poll(t, time.Minute, "the pod to say what is in its volumes", func() bool {
		said = k.Kubectl(t, "logs", "shop", "-c", "files", "-n", namespace)
		return strings.Count(said, "\n") == 2
	})
	return said
}

// wantCompleted waits for a backup or a restore.
func wantCompleted(t *testing.T, k *cluster.Kind, name string) {
	t.Helper()
	phase := ""
	devtest.Poll(t, 5*time.Minute, name+" to end", func() bool {
		phase = k.Kubectl(t, "get", name, "-n", "velero", "-o", "jsonpath={.status.phase}")
		return phase == "Completed" || strings.Contains(phase, "Failed")
	})
	if phase != "Completed" {
		kind, name, _ := strings.Cut(name, "/")
		kind, _, _ = strings.Cut(kind, ".")
		kind = strings.TrimSuffix(kind, "s")
		t.Fatalf("%s %s ended as %s\n%s", kind, name, phase, k.Must(t, "velero "+kind+" describe --details "+name+" 2>&1; velero "+kind+" logs "+name+" 2>&1 | grep -v level=info"))
	}
}

// wantVolumes checks that the files of the pod went to a location, but those of the volume of type hostPath, which the backup warns of.
func wantVolumes(t *testing.T, k *cluster.Kind, backup, location string) {
	t.Helper()
	got := k.Kubectl(t, "get", "podvolumebackups.velero.io", "-n", "velero", "-l", "velero.io/backup-name="+backup, "--sort-by=.spec.volume",
		"-o", `jsonpath={range .items[*]}{.spec.volume} {.spec.uploaderType} {.spec.backupStorageLocation} {.status.phase}{"\n"}{end}`)
	if want := fmt.Sprintf("drafts kopia %[1]s Completed\norders kopia %[1]s Completed\n", location); got != want {
		t.Errorf("backup %s has of volumes\n%s\nwant\n%s", backup, got, want)
	}
	devtest.WantContains(t, k.Must(t, "velero backup logs "+backup), "Volume cache in pod shop/shop is a hostPath volume which is not supported")
}
