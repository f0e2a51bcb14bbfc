package registry_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	genericregistrytest "k8s.io/apiserver/pkg/registry/generic/testing"
	"k8s.io/apiserver/pkg/registry/rest"
	"sigs.k8s.io/yaml"

	"github.com/velero-locations/velero-locations/registry/core"
	"github.com/velero-locations/velero-locations/registry/generic"
)

func newPersistentVolume() *corev1.PersistentVolume {
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: "orders"},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("8Gi")},
			AccessModes:                   []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete,
			VolumeMode:                    new(corev1.PersistentVolumeFilesystem),
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				CSI: &corev1.CSIPersistentVolumeSource{Driver: "ebs.csi.aws.com", VolumeHandle: "vol-1"},
			},
		},
		Status: corev1.PersistentVolumeStatus{Phase: corev1.VolumeBound},
	}
}

func newPersistentVolumeClaim() *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "orders", Namespace: metav1.NamespaceDefault},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("8Gi")}},
			VolumeMode:  new(corev1.PersistentVolumeFilesystem),
		},
		Status: corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending},
	}
}

// merged is an object with a patch, in YAML, that replaces what it names of the spec.
func merged[T runtime.Object](t *testing.T, into T, patch string) T {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte("spec: {" + patch + "}"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
	return into
}

func TestVolumesAreValidated(t *testing.T) {
	for patch, want := range map[string]string{
		"":                   "",
		"accessModes: []":    "spec.accessModes: Required value: at least one access mode is required, such as ReadWriteOnce",
		"accessModes: [RWO]": `spec.accessModes[0]: Unsupported value: "RWO": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"`,
		"accessModes: [ReadWriteOncePod, ReadWriteOnce]":     "spec.accessModes: Forbidden: ReadWriteOncePod may not stand beside other access modes",
		"capacity: {storage: 0}":                             `spec.capacity[storage]: Invalid value: "0": must be greater than zero`,
		"capacity: {cpu: 1}":                                 `spec.capacity[cpu]: Unsupported value: "cpu": supported values: "storage"`,
		"persistentVolumeReclaimPolicy: Keep":                `spec.persistentVolumeReclaimPolicy: Unsupported value: "Keep": supported values: "Delete", "Recycle", "Retain"`,
		"volumeMode: Tape":                                   `spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"`,
		"storageClassName: gp_3":                             "spec.storageClassName: Invalid value",
		"csi: null":                                          "spec: Required value: say what the volume is made of: csi, for example, with a driver and a volumeHandle",
		"csi: {driver: '', volumeHandle: ''}":                "spec.csi.driver: Required value, spec.csi.volumeHandle: Required value",
		"awsElasticBlockStore: {volumeID: vol-1}":            "spec: Forbidden: a volume is made of one thing only, not of awsElasticBlockStore and csi",
		"csi: null, awsElasticBlockStore: {volumeID: vol-1}": "",
		"csi: null, awsElasticBlockStore: {}":                "spec.awsElasticBlockStore.volumeID: Required value",
		"csi: null, azureDisk: {diskName: '', diskURI: ''}":  "spec.azureDisk.diskName: Required value, spec.azureDisk.diskURI: Required value",
		"csi: null, gcePersistentDisk: {}":                   "spec.gcePersistentDisk.pdName: Required value",
		"csi: null, portworxVolume: {}":                      "spec.portworxVolume.volumeID: Required value",
		"nodeAffinity: {}":                                   "spec.nodeAffinity.required: Required value: say which nodes can reach the volume",
		"nodeAffinity: {required: {nodeSelectorTerms: []}}":  "spec.nodeAffinity.required.nodeSelectorTerms: Required value: without a term no node can reach the volume",
		"nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: zone, operator: Is}]}]}}":              `spec.nodeAffinity.required: Invalid value: nodeSelectorTerms[0].matchExpressions[0].operator: Unsupported value: "Is"`,
		"nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: zone, operator: In, values: [a]}]}]}}": "",
	} {
		check(t, patch, core.PersistentVolumes.Validate(merged(t, newPersistentVolume(), patch), nil), want)
	}
	for patch, want := range map[string]string{
		"": "",
		"capacity: {storage: 9Gi}, nodeAffinity: {required: {nodeSelectorTerms: [{}]}}, claimRef: {name: x}": "",
		"csi: {volumeHandle: vol-2}": "spec: Forbidden: what the volume is made of cannot change",
		"volumeMode: Block":          `spec.volumeMode: Invalid value: "Block": the mode of a volume cannot change`,
	} {
		check(t, "change of "+patch, core.PersistentVolumes.Validate(merged(t, newPersistentVolume(), patch), newPersistentVolume()), want)
	}
	bound := func() *corev1.PersistentVolume {
		return merged(t, newPersistentVolume(), "nodeAffinity: {required: {nodeSelectorTerms: [{}]}}")
	}
	check(t, "change of affinity", core.PersistentVolumes.Validate(newPersistentVolume(), bound()), "spec.nodeAffinity: Forbidden: it cannot change once it is set")
}

func TestClaimsAreValidated(t *testing.T) {
	for patch, want := range map[string]string{
		"":                                     "",
		"accessModes: null":                    "spec.accessModes: Required value: at least one access mode is required, such as ReadWriteOnce",
		"resources: {requests: null}":          "spec.resources.requests[storage]: Required value: give a size, such as 8Gi",
		"resources: {requests: {storage: -1}}": `spec.resources.requests[storage]: Invalid value: "-1": must be greater than zero`,
		"volumeMode: Tape":                     `spec.volumeMode: Unsupported value: "Tape"`,
		"storageClassName: gp_3":               "spec.storageClassName: Invalid value",
		"selector: {matchLabels: {'a b': c}}":  "spec.selector.matchLabels: Invalid value",
	} {
		check(t, patch, core.PersistentVolumeClaims.Validate(merged(t, newPersistentVolumeClaim(), patch), nil), want)
	}
	const onlyRequests = "spec: Forbidden: of a claim only resources.requests and volumeAttributesClassName can change"
	for patch, want := range map[string]string{
		"volumeName: orders, storageClassName: gp3": "",
		"resources: {requests: {storage: 9Gi}}":     "",
		"resources: {requests: {storage: 7Gi}}":     "spec.resources.requests[storage]: Forbidden: a claim cannot ask for less than before, 8Gi",
		"volumeAttributesClassName: fast":           "",
		"accessModes: [ReadWriteMany]":              onlyRequests,
		"volumeMode: Block":                         onlyRequests,
	} {
		check(t, "change of "+patch, core.PersistentVolumeClaims.Validate(merged(t, newPersistentVolumeClaim(), patch), newPersistentVolumeClaim()), want)
	}
	bound := func() *corev1.PersistentVolumeClaim {
		return merged(t, newPersistentVolumeClaim(), "volumeName: orders, storageClassName: gp3")
	}
	for _, patch := range []string{"volumeName: other", "storageClassName: gp2"} {
		check(t, "change of "+patch+" when bound", core.PersistentVolumeClaims.Validate(merged(t, bound(), patch), bound()), onlyRequests)
	}
}

// check compares all errors, each of which begins as is wanted.
func check(t *testing.T, name string, errs field.ErrorList, want string) {
	t.Helper()
	var got []string
	for _, err := range errs {
		got = append(got, err.Error())
	}
	if joined := strings.Join(got, ", "); !strings.HasPrefix(joined, want) || (want == "" && joined != "") {
		t.Errorf("%q: got errors\n%s\nwant\n%s", name, joined, want)
	}
}

// TestVolumeTables compares with what kubectl prints of volumes and claims in a cluster.
func TestVolumeTables(t *testing.T) {
	storage := startEtcd(t)
	volume := newPersistentVolume()
	volume.Spec.ClaimRef = &corev1.ObjectReference{Namespace: "shop", Name: "orders"}
	volume.Spec.StorageClassName = "gp3"
	claim := newPersistentVolumeClaim()
	claim.Status = corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimBound, AccessModes: claim.Spec.AccessModes, Capacity: volume.Spec.Capacity}
	pending := claim.DeepCopy()
	claim.Spec.VolumeName = "orders"
	claim.Annotations = map[string]string{corev1.BetaStorageClassAnnotation: "old"}
	pending.Status.Phase = ""
	for _, test := range []struct {
		kind   generic.Kind
		object runtime.Object
		want   string
	}{
		{core.PersistentVolumes, volume, "Name=orders Capacity=8Gi Access Modes=RWO Reclaim Policy=Delete Status=Bound Claim=shop/orders StorageClass=gp3 VolumeAttributesClass=<unset> Reason= VolumeMode=Filesystem"},
		{core.PersistentVolumes, newPersistentVolume(), "Name=orders Capacity=8Gi Access Modes=RWO Reclaim Policy=Delete Status=Bound Claim= StorageClass= VolumeAttributesClass=<unset> Reason= VolumeMode=Filesystem"},
		{core.PersistentVolumeClaims, claim, "Name=orders Status=Bound Volume=orders Capacity=8Gi Access Modes=RWO StorageClass=old VolumeAttributesClass=<unset> VolumeMode=Filesystem"},
		{core.PersistentVolumeClaims, pending, "Name=orders Status=Pending Volume= Capacity= Access Modes= StorageClass= VolumeAttributesClass=<unset> VolumeMode=Filesystem"},
	} {
		store := newStore(t, storage, test.kind)
		ctx := genericregistrytest.NewClusterScopeContext(store.Store)
		if store.NamespaceScoped() {
			ctx = genericregistrytest.NewNamespaceScopeContext(store.Store, metav1.NamespaceDefault)
		}
		created, err := store.Create(ctx, test.object, rest.ValidateAllObjectFunc, &metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		table, err := store.ConvertToTable(ctx, created, nil)
		if err != nil {
			t.Fatal(err)
		}
		var cells []string
		for i, column := range table.ColumnDefinitions {
			cell := table.Rows[0].Cells[i]
			if cell == nil {
				cell = "" // as kubectl prints it
			}
			if column.Name != "Age" {
				cells = append(cells, fmt.Sprintf("%s=%v", column.Name, cell))
			}
		}
		if got := strings.Join(cells, " "); got != test.want {
			t.Errorf("the row is\n%s\nwant\n%s", got, test.want)
		}
		if _, _, err := store.Delete(ctx, "orders", rest.ValidateAllObjectFunc, &metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}
