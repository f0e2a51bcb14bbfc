package dev_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
)

func restoreOf(name, backup string, change ...func(*velerov1.RestoreSpec)) *velerov1.Restore {
	r := &velerov1.Restore{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: velerov1.RestoreSpec{BackupName: backup}}
	for _, change := range change {
		change(&r.Spec)
	}
	return r
}

// restored waits until a restore has ended.
func (l *laptop) restored(t *testing.T, name string) *velerov1.Restore {
	t.Helper()
	restore := &velerov1.Restore{}
	poll(t, "the end of restore "+name, func(ctx context.Context) bool {
		err := l.Get(ctx, client.ObjectKey{Namespace: "velero", Name: name}, restore)
		return err == nil && restore.Status.CompletionTimestamp != nil || restore.Status.Phase == velerov1.RestorePhaseFailedValidation
	})
	return restore
}

func (l *laptop) object(t *testing.T, namespace, name string, into client.Object) {
	t.Helper()
	if err := l.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, into); err != nil {
		t.Fatal(err)
	}
}

// TestLifeOfRestore backs up an application with its volumes, changes it, and restores it beside itself and over itself.
func TestLifeOfRestore(t *testing.T) {
	l := start(t)
	l.create(t, storage("primary", "team", true))
	l.snapshotLocation(t, "aws", map[string]string{"region": "us-east-1"})
	l.create(t, backup("shop", func(b *velerov1.Backup) { b.Spec.IncludedNamespaces = []string{"shop"} }))
	if made := l.ended(t, "shop"); made.Status.Phase != completed {
		t.Fatalf("got %+v", made.Status)
	}
	before := l.contents(t)

	t.Run("into another namespace", func(t *testing.T) {
		l.create(t, restoreOf("beside", "shop", func(s *velerov1.RestoreSpec) { s.NamespaceMapping = map[string]string{"shop": "copy"} }))
		got := l.restored(t, "beside")
		if got.Status.Phase != velerov1.RestorePhaseCompleted || got.Status.Errors != 0 || got.Status.Warnings != 0 || got.Status.Progress == nil || got.Status.Progress.ItemsRestored == 0 {
			t.Errorf("got %+v; results: %s", got.Status, l.download(t, velerov1.DownloadTargetKindRestoreResults, "beside"))
		}
		var old, settings corev1.ConfigMap
		l.object(t, "shop", "settings", &old)
		l.object(t, "copy", "settings", &settings)
		if !maps.Equal(settings.Data, old.Data) || settings.Labels[backups.NameLabel] != "shop" || settings.Labels["velero.io/restore-name"] != "beside" {
			t.Errorf("got %+v", settings)
		}
		for _, name := range []string{"carts", "orders"} {
			var claim corev1.PersistentVolumeClaim
			var pv corev1.PersistentVolume
			l.object(t, "copy", name, &claim)
			l.object(t, "", claim.Spec.VolumeName, &pv)
			ref := pv.Spec.ClaimRef
			if !strings.HasPrefix(pv.Name, "velero-clone-") || pv.Annotations["velero.io/original-pv-name"] != "shop-"+name || ref == nil || ref.Namespace != "copy" || ref.Name != name {
				t.Errorf("claim %s has %+v", name, pv)
			}
			var original corev1.PersistentVolume
			l.object(t, "", "shop-"+name, &original)
			if made, from := ebsVolume(&pv), ebsVolume(&original); made == from || l.contents(t)[made] != before[from] {
				t.Errorf("volume %s holds %s, volume %s held %s", made, l.contents(t)[made], from, before[from])
			}
		}
		if log := l.download(t, velerov1.DownloadTargetKindRestoreLog, "beside"); !strings.Contains(log, "Restore begins") || !strings.Contains(log, "Restore ends") {
			t.Errorf("got log %s", log)
		}
		if list := l.download(t, velerov1.DownloadTargetKindRestoreResourceList, "beside"); !strings.Contains(list, `"copy/settings(created)"`) || !strings.Contains(list, `"copy(created)"`) {
			t.Errorf("got list %s", list)
		}
	})

	t.Run("over what is there", func(t *testing.T) {
		var settings corev1.ConfigMap
		l.object(t, "shop", "settings", &settings)
		title := settings.Data["title"]
		settings.Data["title"] = "changed"
		if err := l.Update(t.Context(), &settings); err != nil {
			t.Fatal(err)
		}
		l.create(t, restoreOf("none", "shop"))
		if got := l.restored(t, "none"); got.Status.Phase != velerov1.RestorePhaseCompleted || got.Status.Warnings == 0 {
			t.Errorf("got %+v", got.Status)
		}
		if results := l.download(t, velerov1.DownloadTargetKindRestoreResults, "none"); !strings.Contains(results, "configmaps/shop/settings: it exists already, and differs") {
			t.Errorf("got %s", results)
		}
		l.create(t, restoreOf("update", "shop", func(s *velerov1.RestoreSpec) { s.ExistingResourcePolicy = velerov1.PolicyTypeUpdate }))
		if got := l.restored(t, "update"); got.Status.Phase != velerov1.RestorePhaseCompleted {
			t.Errorf("got %+v; results: %s", got.Status, l.download(t, velerov1.DownloadTargetKindRestoreResults, "update"))
		}
		l.object(t, "shop", "settings", &settings)
		if settings.Data["title"] != title || settings.Labels["velero.io/restore-name"] != "update" {
			t.Errorf("got %+v", settings)
		}
	})

	t.Run("refused", func(t *testing.T) {
		l.create(t, restoreOf("hooked", "shop", func(s *velerov1.RestoreSpec) {
			s.Hooks.Resources = []velerov1.RestoreResourceHookSpec{{Name: "h"}}
		}))
		got := l.restored(t, "hooked")
		if got.Status.Phase != velerov1.RestorePhaseFailedValidation || len(got.Status.ValidationErrors) != 1 || !strings.HasPrefix(got.Status.ValidationErrors[0], "spec.hooks: ") {
			t.Errorf("got %+v", got.Status)
		}
	})

	t.Run("deleted", func(t *testing.T) {
		gone := restoreOf("beside", "")
		gone.Namespace = "velero"
		if err := l.Delete(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		l.gone(t, gone)
		of := func(name string) func(string) bool {
			return func(key string) bool { return strings.HasPrefix(key, "team/restores/"+name+"/") }
		}
		if keys := l.keys(t); slices.ContainsFunc(keys, of("beside")) || !slices.ContainsFunc(keys, of("update")) {
			t.Errorf("got keys %q", keys)
		}
		l.remove(t, "shop")
		if keys := l.keys(t); len(keys) > 0 {
			t.Errorf("got keys %q", keys)
		}
		err := l.Get(t.Context(), client.ObjectKey{Namespace: "velero", Name: "update"}, &velerov1.Restore{})
		if !apierrors.IsNotFound(err) {
			poll(t, "the end of the restores", func(ctx context.Context) bool {
				return apierrors.IsNotFound(l.Get(ctx, client.ObjectKey{Namespace: "velero", Name: "update"}, &velerov1.Restore{}))
			})
		}
	})
}

func ebsVolume(pv *corev1.PersistentVolume) string {
	if csi := pv.Spec.CSI; csi != nil {
		return csi.VolumeHandle
	}
	if ebs := pv.Spec.AWSElasticBlockStore; ebs != nil {
		return ebs.VolumeID[strings.LastIndex(ebs.VolumeID, "/")+1:]
	}
	return ""
}

// contents are what the volumes hold, as names that are the same for the same content, by their ids.
func (l *laptop) contents(t *testing.T) map[string]string {
	t.Helper()
	all, err := l.control.Volumes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	held := map[string]string{}
	for _, volume := range all {
		held[volume.ID] = volume.Content
	}
	return held
}
