package simulator

import (
	"github.com/velero-locations/velero-locations/simulator/aws/query"
	"github.com/velero-locations/velero-locations/simulator/aws/sts"
	"github.com/velero-locations/velero-locations/simulator/azure"
	"github.com/velero-locations/velero-locations/simulator/ec2"
	"github.com/velero-locations/velero-locations/simulator/internal/clouds"
	"github.com/velero-locations/velero-locations/simulator/portworx"
	"github.com/velero-locations/velero-locations/simulator/s3"
)

// operations are those of all services, such as s3:PutObject, in no order. The services that they are taken from serve nothing.
func operations() []string {
	all := s3.Operations()
	for _, service := range []*query.Service{ec2.Service(ec2.Options{}), sts.Service(sts.Options{})} {
		for action := range service.Actions {
			all = append(all, service.Name+":"+action)
		}
	}
	for _, provider := range []*clouds.Provider{azure.Provider(nil), portworx.Provider(nil)} {
		for _, operation := range provider.Operations {
			all = append(all, provider.Name+":"+operation.Name)
		}
	}
	return all
}
