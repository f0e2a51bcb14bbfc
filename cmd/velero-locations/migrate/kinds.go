package migrate

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/v2alpha1"
)

var backupLocations = v1.SchemeGroupVersion.WithResource("backupstoragelocations")

// kinds in the order in which they are made: what is referred to comes before what refers to it. DownloadRequests and
// ServerStatusRequests are left behind: they are questions, whose answers nobody waits for any more.
var kinds = []schema.GroupVersionResource{
	backupLocations,
	v1.SchemeGroupVersion.WithResource("volumesnapshotlocations"),
	v1.SchemeGroupVersion.WithResource("backuprepositories"),
	v1.SchemeGroupVersion.WithResource("schedules"),
	v1.SchemeGroupVersion.WithResource("backups"),
	v1.SchemeGroupVersion.WithResource("restores"),
	v1.SchemeGroupVersion.WithResource("podvolumebackups"),
	v1.SchemeGroupVersion.WithResource("podvolumerestores"),
	v2alpha1.SchemeGroupVersion.WithResource("datauploads"),
	v2alpha1.SchemeGroupVersion.WithResource("datadownloads"),
	v1.SchemeGroupVersion.WithResource("deletebackuprequests"),
}
