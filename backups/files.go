package backups

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/velero-locations/velero-locations/internal/bounded"
)

// Snapshot is an entry of VolumeSnapshots: a snapshot that was asked for.
type Snapshot struct {
	Spec   SnapshotSpec   `json:"spec"`
	Status SnapshotStatus `json:"status"`
}

// SnapshotSpec says of what a snapshot was asked for, and where.
type SnapshotSpec struct {
	BackupName string `json:"backupName"`
	BackupUID  string `json:"backupUID"`
	// Location is the name of the VolumeSnapshotLocation.
	Location             string `json:"location"`
	PersistentVolumeName string `json:"persistentVolumeName"`
	ProviderVolumeID     string `json:"providerVolumeID"`
	VolumeType           string `json:"volumeType"`
	// VolumeAZ is the availability zone, and VolumeIOPS what the volume is provisioned for.
	VolumeAZ   string `json:"volumeAZ,omitempty"`
	VolumeIOPS *int64 `json:"volumeIOPS,omitempty"`
}

// SnapshotStatus says what became of it.
type SnapshotStatus struct {
	ProviderSnapshotID string        `json:"providerSnapshotID,omitempty"`
	Phase              SnapshotPhase `json:"phase,omitempty"`
}

// SnapshotPhase is how far a snapshot is. What the provider still copies after its answer is Completed, too.
type SnapshotPhase string

// The phases of a snapshot.
const (
	SnapshotCompleted SnapshotPhase = "Completed"
	SnapshotFailed    SnapshotPhase = "Failed"
)

// VolumeInfo is an entry of VolumeInfos: what was done about a volume.
type VolumeInfo struct {
	PVCName      string `json:"pvcName,omitempty"`
	PVCNamespace string `json:"pvcNamespace,omitempty"`
	PVName       string `json:"pvName,omitempty"`
	// BackupMethod is NativeSnapshot here; Velero has others. Empty: the volume was skipped.
	BackupMethod          string `json:"backupMethod,omitempty"`
	SnapshotDataMoved     bool   `json:"snapshotDataMoved"`
	PreserveLocalSnapshot bool   `json:"preserveLocalSnapshot"`
	Skipped               bool   `json:"skipped"`
	SkippedReason         string `json:"skippedReason,omitempty"`

	StartTimestamp      *metav1.Time `json:"startTimestamp,omitempty"`
	CompletionTimestamp *metav1.Time `json:"completionTimestamp,omitempty"`
	// Result is succeeded or failed.
	Result string `json:"result,omitempty"`

	NativeSnapshotInfo *NativeSnapshotInfo `json:"nativeSnapshotInfo,omitempty"`
	PVInfo             *PVInfo             `json:"pvInfo,omitempty"`

	// These are in files that Velero's own server wrote.
	CSISnapshotInfo          *CSISnapshotInfo          `json:"csiSnapshotInfo,omitempty"`
	SnapshotDataMovementInfo *SnapshotDataMovementInfo `json:"snapshotDataMovementInfo,omitempty"`
}

// The methods of snapshots: by the provider's own API, and by the volume's CSI driver.
const (
	NativeSnapshot = "NativeSnapshot"
	CSISnapshot    = "CSISnapshot"
)

// NativeSnapshotInfo is about a snapshot by the provider's own API.
type NativeSnapshotInfo struct {
	SnapshotHandle string `json:"snapshotHandle"`
	VolumeType     string `json:"volumeType"`
	VolumeAZ       string `json:"volumeAZ"`
	// IOPS is a number.
	IOPS string `json:"iops"`
	// Phase has a capital letter in Velero's files, too.
	Phase SnapshotPhase `json:"Phase"`
}

// CSISnapshotInfo is about a snapshot by a CSI driver.
type CSISnapshotInfo struct {
	SnapshotHandle string `json:"snapshotHandle"`
	// Size is in bytes.
	Size   int64  `json:"size"`
	Driver string `json:"driver"`
	// VSCName is the name of the VolumeSnapshotContent.
	VSCName     string `json:"vscName"`
	OperationID string `json:"operationID,omitempty"`
}

// SnapshotDataMovementInfo is about the data of a snapshot that were moved to the backup location.
type SnapshotDataMovementInfo struct {
	// DataMover is who moved them. Empty: what Velero has built in.
	DataMover    string `json:"dataMover"`
	UploaderType string `json:"uploaderType"`
	OperationID  string `json:"operationID"`
	// Size and IncrementalSize are in bytes.
	Size            int64 `json:"size"`
	IncrementalSize int64 `json:"incrementalSize,omitempty"`
}

// RestoredVolume is an entry of RestoreVolumeInfos: what became of a volume.
type RestoredVolume struct {
	PVCName      string `json:"pvcName,omitempty"`
	PVCNamespace string `json:"pvcNamespace,omitempty"`
	PVName       string `json:"pvName,omitempty"`
	// RestoreMethod is NativeSnapshot here; Velero has others.
	RestoreMethod      string              `json:"restoreMethod,omitempty"`
	SnapshotDataMoved  bool                `json:"snapshotDataMoved"`
	NativeSnapshotInfo *NativeSnapshotInfo `json:"nativeSnapshotInfo,omitempty"`

	// These are in files that Velero's own server wrote.
	CSISnapshotInfo          *CSISnapshotInfo          `json:"csiSnapshotInfo,omitempty"`
	SnapshotDataMovementInfo *SnapshotDataMovementInfo `json:"snapshotDataMovementInfo,omitempty"`
}

// PVInfo is what a restore wants to know of a PersistentVolume.
type PVInfo struct {
	ReclaimPolicy string            `json:"reclaimPolicy"`
	Labels        map[string]string `json:"labels"`
}

// Outcome is the content of Results.
type Outcome struct {
	Errors   Messages `json:"errors"`
	Warnings Messages `json:"warnings"`
}

// Messages are grouped by what they are about.
type Messages struct {
	// Velero has those about the backup as a whole, Cluster those about objects without a namespace.
	Velero     []string            `json:"velero,omitempty"`
	Cluster    []string            `json:"cluster,omitempty"`
	Namespaces map[string][]string `json:"namespaces,omitempty"`
}

// Add adds a message about an object in a namespace; without one, about the cluster.
func (m *Messages) Add(namespace, message string) {
	if namespace == "" {
		m.Cluster = append(m.Cluster, message)
		return
	}
	if m.Namespaces == nil {
		m.Namespaces = map[string][]string{}
	}
	m.Namespaces[namespace] = append(m.Namespaces[namespace], message)
}

// Len counts the messages.
func (m *Messages) Len() int {
	n := len(m.Velero) + len(m.Cluster)
	for _, messages := range m.Namespaces {
		n += len(messages)
	}
	return n
}

// First is the first message, on one line: about the backup as a whole if there is one, then about the cluster, then about the
// first namespace. Empty: there is none.
func (m *Messages) First() string {
	groups := [][]string{m.Velero, m.Cluster}
	for _, namespace := range slices.Sorted(maps.Keys(m.Namespaces)) {
		groups = append(groups, m.Namespaces[namespace])
	}
	for _, message := range slices.Concat(groups...) {
		return strings.Join(strings.Fields(message), " ")
	}
	return ""
}

// Names is the content of ResourceList: namespace/name, or name, of all objects of the tarball, by
// group/version/kind.
type Names map[string][]string

// Add adds an object.
func (n Names) Add(item Item) {
	kind := item.Resource.GroupVersion().String() + "/" + item.Kind
	name := item.Name
	if item.Namespace != "" {
		name = item.Namespace + "/" + name
	}
	n[kind] = append(n[kind], name)
}

// Encode returns a value as JSON under gzip, as all files but Metadata and Log are.
func Encode(value any) ([]byte, error) {
	var b bytes.Buffer
	compressed := gzip.NewWriter(&b)
	if err := errors.Join(json.NewEncoder(compressed).Encode(value), compressed.Close()); err != nil {
		return nil, fmt.Errorf("encoding %T: %w", value, err)
	}
	return b.Bytes(), nil
}

// Decode reads what Encode, or Velero, has written. It inflates to no more than is held in memory of an answer.
func Decode(r io.Reader, value any) error {
	plain, err := newPlain(r)
	if err != nil {
		return fmt.Errorf("decompressing %T: %w", value, err)
	}
	decoder := json.NewDecoder(bounded.NewReader(plain, bounded.List))
	if err := decoder.Decode(value); err != nil {
		return fmt.Errorf("decoding %T: %w", value, err)
	}
	// The checksum is behind the value.
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("decoding %T: behind its end: %w", value, cmp.Or(err, errBehind))
	}
	return nil
}
