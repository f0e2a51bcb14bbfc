package registry_test

import (
	"context"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	k8sgeneric "k8s.io/apiserver/pkg/registry/generic"
	genericregistrytest "k8s.io/apiserver/pkg/registry/generic/testing"
	"k8s.io/apiserver/pkg/registry/rest"
	etcd3testing "k8s.io/apiserver/pkg/storage/etcd3/testing"
	"k8s.io/apiserver/pkg/storage/storagebackend"

	"github.com/velero-locations/velero-locations/apis/velero/install"
	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/v2alpha1"
	"github.com/velero-locations/velero-locations/registry/core"
	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/velero/backup"
	"github.com/velero-locations/velero-locations/registry/velero/backuprepository"
	"github.com/velero-locations/velero-locations/registry/velero/backupstoragelocation"
	"github.com/velero-locations/velero-locations/registry/velero/datadownload"
	"github.com/velero-locations/velero-locations/registry/velero/dataupload"
	"github.com/velero-locations/velero-locations/registry/velero/deletebackuprequest"
	"github.com/velero-locations/velero-locations/registry/velero/downloadrequest"
	"github.com/velero-locations/velero-locations/registry/velero/podvolumebackup"
	"github.com/velero-locations/velero-locations/registry/velero/podvolumerestore"
	"github.com/velero-locations/velero-locations/registry/velero/restore"
	"github.com/velero-locations/velero-locations/registry/velero/schedule"
	"github.com/velero-locations/velero-locations/registry/velero/serverstatusrequest"
	"github.com/velero-locations/velero-locations/registry/velero/volumesnapshotlocation"
)

// scheme in which a kind is served.
func scheme(t *testing.T, kind generic.Kind) *runtime.Scheme {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{install.Install, corev1.AddToScheme, kind.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	return scheme
}

// startEtcd returns how to reach a real etcd.
func startEtcd(t *testing.T) storagebackend.Config {
	t.Helper()
	server, storage := etcd3testing.NewUnsecuredEtcd3TestClientServer(t)
	t.Cleanup(func() { _ = server.V3Client.Close() })
	storage.EventsHistoryWindow = storagebackend.DefaultEventsHistoryWindow
	return *storage
}

// newStore returns a kind's store, empty, in an etcd that other stores may be in too.
func newStore(t *testing.T, storage storagebackend.Config, kind generic.Kind) *generic.Store {
	t.Helper()
	return newStoreWith(t, storage, kind, k8sgeneric.UndecoratedStorage)
}

// newStoreWith is newStore with a watch cache, or without.
func newStoreWith(t *testing.T, storage storagebackend.Config, kind generic.Kind, decorator k8sgeneric.StorageDecorator) *generic.Store {
	t.Helper()
	store := newIdleStore(t, storage, kind, decorator)
	if run := store.Background(); run != nil {
		go run(t.Context())
	}
	return store
}

// newIdleStore is newStoreWith without what runs beside the store.
func newIdleStore(t *testing.T, storage storagebackend.Config, kind generic.Kind, decorator k8sgeneric.StorageDecorator) *generic.Store {
	t.Helper()
	scheme := scheme(t, kind)
	storage.Prefix = "/" + t.Name()
	served := kind.GroupVersionResource()
	codec := serializer.NewCodecFactory(scheme).LegacyCodec(served.GroupVersion())
	storage.Codec = runtime.NewCodec(codec, generic.Bare(codec))
	resource := served.GroupResource()
	store, err := kind.NewStore(scheme, k8sgeneric.RESTOptions{
		StorageConfig:           storage.ForResource(resource),
		Decorator:               decorator,
		ResourcePrefix:          resource.String(),
		DeleteCollectionWorkers: 1,
		CountMetricPollPeriod:   time.Minute, // as a server has it, which counts from the start
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Destroy)
	return store
}

// kinds that are served, each with what the upstream tester of registries needs to know.
var kinds = map[string]struct {
	kind          generic.Kind
	valid         func() runtime.Object
	invalid       runtime.Object
	update        func(runtime.Object) runtime.Object
	invalidUpdate func(runtime.Object) runtime.Object
	fieldsPass    fields.Set
	fieldsFail    fields.Set
}{
	"BackupStorageLocation": {
		kind: backupstoragelocation.New(&generic.Environment{}),
		valid: func() runtime.Object {
			return &v1.BackupStorageLocation{
				ObjectMeta: metav1.ObjectMeta{Name: "primary", Namespace: metav1.NamespaceDefault},
				Spec: v1.BackupStorageLocationSpec{
					Provider: "aws", AccessMode: v1.AccessModeReadWrite, ObjectStorage: &v1.ObjectStorageLocation{Bucket: "backups"},
				},
			}
		},
		invalid: &v1.BackupStorageLocation{},
		update: func(obj runtime.Object) runtime.Object {
			obj.(*v1.BackupStorageLocation).Spec.ObjectStorage.Prefix = "team-a"
			return obj
		},
		invalidUpdate: func(obj runtime.Object) runtime.Object {
			obj.(*v1.BackupStorageLocation).Spec.Provider = ""
			return obj
		},
		fieldsPass: fields.Set{"spec.provider": "aws", "spec.default": "false", "status.phase": ""},
		fieldsFail: fields.Set{"spec.default": "true"},
	},
	"VolumeSnapshotLocation": {
		kind: volumesnapshotlocation.New(&generic.Environment{}),
		valid: func() runtime.Object {
			return &v1.VolumeSnapshotLocation{
				ObjectMeta: metav1.ObjectMeta{Name: "ebs", Namespace: metav1.NamespaceDefault},
				Spec:       v1.VolumeSnapshotLocationSpec{Provider: "aws", Config: map[string]string{"region": "us-east-1"}},
			}
		},
		invalid: &v1.VolumeSnapshotLocation{},
		update: func(obj runtime.Object) runtime.Object {
			obj.(*v1.VolumeSnapshotLocation).Spec.Config = map[string]string{"region": "us-west-1"}
			return obj
		},
		invalidUpdate: func(obj runtime.Object) runtime.Object {
			obj.(*v1.VolumeSnapshotLocation).Spec.Provider = ""
			return obj
		},
		fieldsPass: fields.Set{"spec.provider": "aws"},
		fieldsFail: fields.Set{"spec.provider": "gcp"},
	},
	"Backup": {
		kind: backup.New(&generic.Environment{}),
		valid: func() runtime.Object {
			return &v1.Backup{
				ObjectMeta: metav1.ObjectMeta{Name: "full", Namespace: metav1.NamespaceDefault},
				Spec:       v1.BackupSpec{StorageLocation: "primary"},
				Status:     v1.BackupStatus{Phase: v1.BackupPhaseCompleted},
			}
		},
		invalid: &v1.Backup{Spec: v1.BackupSpec{ExcludedNamespaces: []string{"*"}}},
		update: func(obj runtime.Object) runtime.Object {
			obj.(*v1.Backup).Status.Phase = v1.BackupPhaseDeleting
			return obj
		},
		invalidUpdate: func(obj runtime.Object) runtime.Object {
			obj.(*v1.Backup).Status.Phase = "Lost"
			return obj
		},
		fieldsPass: fields.Set{"spec.storageLocation": "primary", "status.phase": "Completed"},
		fieldsFail: fields.Set{"spec.storageLocation": "secondary"},
	},
	"Schedule": {
		kind: schedule.New(&generic.Environment{}),
		valid: func() runtime.Object {
			return &v1.Schedule{
				ObjectMeta: metav1.ObjectMeta{Name: "nightly", Namespace: metav1.NamespaceDefault},
				Spec:       v1.ScheduleSpec{Schedule: "0 1 * * *", Template: v1.BackupSpec{StorageLocation: "primary"}},
			}
		},
		invalid: &v1.Schedule{},
		update: func(obj runtime.Object) runtime.Object {
			obj.(*v1.Schedule).Spec.Paused = true
			return obj
		},
		invalidUpdate: func(obj runtime.Object) runtime.Object {
			obj.(*v1.Schedule).Spec.Schedule = ""
			return obj
		},
		fieldsPass: fields.Set{"spec.template.storageLocation": "primary", "status.phase": ""},
		fieldsFail: fields.Set{"status.phase": "Enabled"},
	},
	"DeleteBackupRequest": {
		kind: deletebackuprequest.New(&generic.Environment{}),
		valid: func() runtime.Object {
			return &v1.DeleteBackupRequest{
				ObjectMeta: metav1.ObjectMeta{Name: "full-x7", Namespace: metav1.NamespaceDefault},
				Spec:       v1.DeleteBackupRequestSpec{BackupName: "full"},
			}
		},
		invalid: &v1.DeleteBackupRequest{},
		update: func(obj runtime.Object) runtime.Object {
			obj.(*v1.DeleteBackupRequest).Status.Phase = v1.DeleteBackupRequestPhaseInProgress
			return obj
		},
		invalidUpdate: func(obj runtime.Object) runtime.Object {
			obj.(*v1.DeleteBackupRequest).Spec.BackupName = ""
			return obj
		},
		fieldsPass: fields.Set{"spec.backupName": "full"},
		fieldsFail: fields.Set{"spec.backupName": "other"},
	},
	"DownloadRequest": {
		kind: downloadrequest.New(&generic.Environment{}),
		valid: func() runtime.Object {
			return &v1.DownloadRequest{
				ObjectMeta: metav1.ObjectMeta{Name: "full-log", Namespace: metav1.NamespaceDefault},
				Spec:       v1.DownloadRequestSpec{Target: v1.DownloadTarget{Kind: v1.DownloadTargetKindBackupLog, Name: "full"}},
			}
		},
		invalid: &v1.DownloadRequest{},
		update: func(obj runtime.Object) runtime.Object {
			obj.(*v1.DownloadRequest).Status.DownloadURL = "https://example.com"
			return obj
		},
		invalidUpdate: func(obj runtime.Object) runtime.Object {
			obj.(*v1.DownloadRequest).Spec.Target.Kind = "BackupLogs"
			return obj
		},
		fieldsPass: fields.Set{"spec.target.kind": "BackupLog", "spec.target.name": "full"},
		fieldsFail: fields.Set{"status.phase": "Processed"},
	},
	"ServerStatusRequest": {
		kind: serverstatusrequest.New(&generic.Environment{}),
		valid: func() runtime.Object {
			return &v1.ServerStatusRequest{ObjectMeta: metav1.ObjectMeta{Name: "cli-x7", Namespace: metav1.NamespaceDefault}}
		},
		invalid: &v1.ServerStatusRequest{Status: v1.ServerStatusRequestStatus{Plugins: []v1.PluginInfo{{}}}},
		update: func(obj runtime.Object) runtime.Object {
			obj.(*v1.ServerStatusRequest).Status.Phase = v1.ServerStatusRequestPhaseProcessed
			return obj
		},
		invalidUpdate: func(obj runtime.Object) runtime.Object {
			obj.(*v1.ServerStatusRequest).Status.Phase = "Lost"
			return obj
		},
		fieldsPass: fields.Set{"status.phase": ""},
		fieldsFail: fields.Set{"status.phase": "Processed"},
	},
	"Restore": {
		kind: restore.New(&generic.Environment{}),
		valid: func() runtime.Object {
			return &v1.Restore{
				ObjectMeta: metav1.ObjectMeta{Name: "one", Namespace: metav1.NamespaceDefault},
				Spec:       v1.RestoreSpec{BackupName: "full"},
			}
		},
		invalid: &v1.Restore{},
		update: func(obj runtime.Object) runtime.Object {
			obj.(*v1.Restore).Status.Phase = v1.RestorePhaseInProgress
			return obj
		},
		invalidUpdate: func(obj runtime.Object) runtime.Object {
			obj.(*v1.Restore).Spec.ScheduleName = "nightly"
			return obj
		},
		fieldsPass: fields.Set{"spec.backupName": "full", "spec.scheduleName": ""},
		fieldsFail: fields.Set{"status.phase": "Completed"},
	},
	"PodVolumeBackup": {
		kind: podvolumebackup.New(&generic.Environment{}),
		valid: func() runtime.Object {
			return &v1.PodVolumeBackup{
				ObjectMeta: metav1.ObjectMeta{Name: "one", Namespace: metav1.NamespaceDefault},
				Spec: v1.PodVolumeBackupSpec{
					Node: "node-1", Pod: corev1.ObjectReference{Name: "db-0"}, Volume: "data", BackupStorageLocation: "primary",
				},
			}
		},
		invalid: &v1.PodVolumeBackup{},
		update: func(obj runtime.Object) runtime.Object {
			obj.(*v1.PodVolumeBackup).Spec.Cancel = true
			return obj
		},
		invalidUpdate: func(obj runtime.Object) runtime.Object {
			obj.(*v1.PodVolumeBackup).Spec.UploaderType = "rsync"
			return obj
		},
		fieldsPass: fields.Set{"spec.node": "node-1", "spec.backupStorageLocation": "primary"},
		fieldsFail: fields.Set{"status.phase": "Completed"},
	},
	"PodVolumeRestore": {
		kind: podvolumerestore.New(&generic.Environment{}),
		valid: func() runtime.Object {
			return &v1.PodVolumeRestore{
				ObjectMeta: metav1.ObjectMeta{Name: "one", Namespace: metav1.NamespaceDefault},
				Spec: v1.PodVolumeRestoreSpec{
					Pod: corev1.ObjectReference{Name: "db-0"}, Volume: "data", BackupStorageLocation: "primary", SnapshotID: "k1", SourceNamespace: "shop",
				},
			}
		},
		invalid: &v1.PodVolumeRestore{},
		update: func(obj runtime.Object) runtime.Object {
			obj.(*v1.PodVolumeRestore).Status.Node = "node-1"
			return obj
		},
		invalidUpdate: func(obj runtime.Object) runtime.Object {
			obj.(*v1.PodVolumeRestore).Spec.SnapshotID = ""
			return obj
		},
		fieldsPass: fields.Set{"spec.backupStorageLocation": "primary", "status.node": ""},
		fieldsFail: fields.Set{"status.phase": "Completed"},
	},
	"BackupRepository": {
		kind: backuprepository.New(&generic.Environment{}),
		valid: func() runtime.Object {
			return &v1.BackupRepository{
				ObjectMeta: metav1.ObjectMeta{Name: "one", Namespace: metav1.NamespaceDefault},
				Spec:       v1.BackupRepositorySpec{VolumeNamespace: "shop", BackupStorageLocation: "primary"},
			}
		},
		invalid: &v1.BackupRepository{},
		update: func(obj runtime.Object) runtime.Object {
			obj.(*v1.BackupRepository).Spec.MaintenanceFrequency.Duration = time.Hour
			return obj
		},
		invalidUpdate: func(obj runtime.Object) runtime.Object {
			obj.(*v1.BackupRepository).Spec.RepositoryType = "rsync"
			return obj
		},
		fieldsPass: fields.Set{"spec.volumeNamespace": "shop"},
		fieldsFail: fields.Set{"spec.backupStorageLocation": "secondary"},
	},
	"DataUpload": {
		kind: dataupload.New(&generic.Environment{}),
		valid: func() runtime.Object {
			return &v2alpha1.DataUpload{
				ObjectMeta: metav1.ObjectMeta{Name: "one", Namespace: metav1.NamespaceDefault},
				Spec: v2alpha1.DataUploadSpec{
					SnapshotType: v2alpha1.SnapshotTypeCSI, SourcePVC: "data", SourceNamespace: "shop", BackupStorageLocation: "primary",
				},
			}
		},
		invalid: &v2alpha1.DataUpload{},
		update: func(obj runtime.Object) runtime.Object {
			obj.(*v2alpha1.DataUpload).Status.Phase = v2alpha1.DataMovePhaseAccepted
			return obj
		},
		invalidUpdate: func(obj runtime.Object) runtime.Object {
			obj.(*v2alpha1.DataUpload).Status.NodeOS = "plan9"
			return obj
		},
		fieldsPass: fields.Set{"spec.backupStorageLocation": "primary"},
		fieldsFail: fields.Set{"status.phase": "Completed"},
	},
	"DataDownload": {
		kind: datadownload.New(&generic.Environment{}),
		valid: func() runtime.Object {
			return &v2alpha1.DataDownload{
				ObjectMeta: metav1.ObjectMeta{Name: "one", Namespace: metav1.NamespaceDefault},
				Spec: v2alpha1.DataDownloadSpec{
					TargetVolume: v2alpha1.TargetVolumeSpec{PVC: "data", Namespace: "shop"}, SourceNamespace: "shop", BackupStorageLocation: "primary", SnapshotID: "k1",
				},
			}
		},
		invalid: &v2alpha1.DataDownload{},
		update: func(obj runtime.Object) runtime.Object {
			obj.(*v2alpha1.DataDownload).Spec.TargetVolume.PV = "pv-1"
			return obj
		},
		invalidUpdate: func(obj runtime.Object) runtime.Object {
			obj.(*v2alpha1.DataDownload).Spec.NodeOS = "plan9"
			return obj
		},
		fieldsPass: fields.Set{"spec.backupStorageLocation": "primary"},
		fieldsFail: fields.Set{"status.phase": "Completed"},
	},
	"Secret": {
		kind: core.Secrets,
		valid: func() runtime.Object {
			return &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Name: "cloud-credentials", Namespace: metav1.NamespaceDefault},
				Type:       corev1.SecretTypeOpaque, Data: map[string][]byte{"cloud": []byte("x")},
			}
		},
		invalid: &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "bad"}, Data: map[string][]byte{"a/b": nil}},
		update: func(obj runtime.Object) runtime.Object {
			obj.(*corev1.Secret).Data["cloud"] = []byte("y")
			return obj
		},
		invalidUpdate: func(obj runtime.Object) runtime.Object {
			obj.(*corev1.Secret).Type = corev1.SecretTypeTLS
			return obj
		},
		fieldsPass: fields.Set{"type": "Opaque"},
		fieldsFail: fields.Set{"type": "kubernetes.io/tls"},
	},
	"ConfigMap": {
		kind: core.ConfigMaps,
		valid: func() runtime.Object {
			return &corev1.ConfigMap{
				ObjectMeta: metav1.ObjectMeta{Name: "settings", Namespace: metav1.NamespaceDefault}, Data: map[string]string{"a": "x"},
			}
		},
		invalid: &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: "bad"}, Data: map[string]string{"a": ""}, BinaryData: map[string][]byte{"a": nil},
		},
		update: func(obj runtime.Object) runtime.Object {
			obj.(*corev1.ConfigMap).Data["a"] = "y"
			return obj
		},
		invalidUpdate: func(obj runtime.Object) runtime.Object {
			obj.(*corev1.ConfigMap).Data["a b"] = ""
			return obj
		},
		fieldsPass: fields.Set{"metadata.name": "settings"},
		fieldsFail: fields.Set{"metadata.name": "other"},
	},
	"Event": {
		kind: core.Events,
		valid: func() runtime.Object {
			return &corev1.Event{
				ObjectMeta:     metav1.ObjectMeta{Name: "primary.1", Namespace: metav1.NamespaceDefault},
				InvolvedObject: corev1.ObjectReference{Kind: "BackupStorageLocation", Name: "primary"},
				Reason:         "Available",
			}
		},
		invalid: &corev1.Event{ObjectMeta: metav1.ObjectMeta{Name: "bad"}, InvolvedObject: corev1.ObjectReference{Namespace: "elsewhere"}},
		update: func(obj runtime.Object) runtime.Object {
			obj.(*corev1.Event).Count++
			return obj
		},
		invalidUpdate: func(obj runtime.Object) runtime.Object {
			obj.(*corev1.Event).InvolvedObject.Namespace = "elsewhere"
			return obj
		},
		fieldsPass: fields.Set{"involvedObject.name": "primary", "reason": "Available"},
		fieldsFail: fields.Set{"reason": "Unavailable"},
	},
	"PersistentVolume": {
		kind:    core.PersistentVolumes,
		valid:   func() runtime.Object { return newPersistentVolume() },
		invalid: &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "bad"}},
		update: func(obj runtime.Object) runtime.Object {
			obj.(*corev1.PersistentVolume).Status.Phase = corev1.VolumeReleased
			return obj
		},
		invalidUpdate: func(obj runtime.Object) runtime.Object {
			obj.(*corev1.PersistentVolume).Spec.CSI.VolumeHandle = "vol-2"
			return obj
		},
		fieldsPass: fields.Set{"metadata.name": "orders"},
		fieldsFail: fields.Set{"metadata.name": "other"},
	},
	"PersistentVolumeClaim": {
		kind:    core.PersistentVolumeClaims,
		valid:   func() runtime.Object { return newPersistentVolumeClaim() },
		invalid: &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "bad"}},
		update: func(obj runtime.Object) runtime.Object {
			obj.(*corev1.PersistentVolumeClaim).Status.Phase = corev1.ClaimBound
			return obj
		},
		invalidUpdate: func(obj runtime.Object) runtime.Object {
			obj.(*corev1.PersistentVolumeClaim).Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany}
			return obj
		},
		fieldsPass: fields.Set{"metadata.name": "orders", "metadata.namespace": metav1.NamespaceDefault},
		fieldsFail: fields.Set{"metadata.name": "other"},
	},
}

func TestKinds(t *testing.T) {
	storage := startEtcd(t)
	for name, test := range kinds {
		t.Run(name, func(t *testing.T) {
			run := func(name string, do func(*genericregistrytest.Tester)) {
				t.Run(name, func(t *testing.T) {
					store := newStore(t, storage, test.kind)
					store.TableConvertor = asBuiltIn{store.TableConvertor}
					tester := genericregistrytest.New(t, store.Store)
					if !store.NamespaceScoped() {
						tester.ClusterScope()
					}
					do(tester)
				})
			}
			run("Create", func(tester *genericregistrytest.Tester) {
				valid := test.valid()
				valid.(metav1.Object).SetNamespace("") // the tester chooses it
				tester.TestCreate(valid, test.invalid)
			})
			run("Update", func(tester *genericregistrytest.Tester) {
				tester.TestUpdate(test.valid(), test.update, test.invalidUpdate)
			})
			run("Delete", func(tester *genericregistrytest.Tester) { tester.TestDelete(test.valid()) })
			run("Get", func(tester *genericregistrytest.Tester) { tester.TestGet(test.valid()) })
			run("List", func(tester *genericregistrytest.Tester) { tester.TestList(test.valid()) })
			run("Watch", func(tester *genericregistrytest.Tester) {
				tester.TestWatch(test.valid(), []labels.Set{{}}, []labels.Set{{"no": "such"}}, []fields.Set{test.fieldsPass}, []fields.Set{test.fieldsFail})
			})
		})
	}
}

// asBuiltIn makes tables without what the tester does not know, since no built-in kind has it, but Velero's CRDs do: the
// format of numbers, and priorities as high as theirs.
type asBuiltIn struct{ rest.TableConvertor }

func (c asBuiltIn) ConvertToTable(ctx context.Context, object, options runtime.Object) (*metav1.Table, error) {
	table, err := c.TableConvertor.ConvertToTable(ctx, object, options)
	if err != nil {
		return nil, err
	}
	table.ColumnDefinitions = slices.Clone(table.ColumnDefinitions)
	for i := range table.ColumnDefinitions {
		column := &table.ColumnDefinitions[i]
		column.Priority = min(column.Priority, 1)
		if column.Format == "int64" {
			column.Format = ""
		}
	}
	return table, nil
}
