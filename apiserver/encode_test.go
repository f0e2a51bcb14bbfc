package apiserver

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	genericapiserver "k8s.io/apiserver/pkg/server"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// longest is the length of the longest text that was written at once.
type longest int

func (l *longest) Write(p []byte) (int, error) {
	*l = max(*l, longest(len(p)))
	return len(p), nil
}

// TestListsAreSentInChunks shows that no list is encoded as a whole.
func TestListsAreSentInChunks(t *testing.T) {
	api, err := NewAPI(Velero)
	if err != nil {
		t.Fatal(err)
	}
	groups := map[string]*genericapiserver.APIGroupInfo{}
	addStorage(groups, api, v1.SchemeGroupVersion.WithResource("backups"), nil)
	serializer := groups[v1.SchemeGroupVersion.Group].NegotiatedSerializer
	json, _ := runtime.SerializerInfoForMediaType(serializer.SupportedMediaTypes(), runtime.ContentTypeJSON)
	list := &v1.BackupList{Items: make([]v1.Backup, 2000)} // of more than a chunk
	for i := range list.Items {
		list.Items[i].ObjectMeta = metav1.ObjectMeta{Name: "full", Namespace: "velero"}
	}
	var written longest
	if err := serializer.EncoderForVersion(json.Serializer, v1.SchemeGroupVersion).Encode(list, &written); err != nil || written == 0 || written > chunk {
		t.Errorf("%d bytes were written at once: %v", written, err)
	}
}
