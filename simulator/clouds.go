package simulator

import (
	"context"
	"crypto/subtle"
	"net/http"
	"path/filepath"

	"github.com/velero-locations/velero-locations/simulator/azure"
	"github.com/velero-locations/velero-locations/simulator/internal/clouds"
	"github.com/velero-locations/velero-locations/simulator/portworx"
)

// openClouds opens the disks of Azure and the volumes of Portworx, and makes the server for them.
func (s *Simulator) openClouds() (err error) {
	tenants, clusters := map[string]azure.Tenant{}, map[string][]portworx.Cluster{}
	for _, account := range s.config.Accounts {
		tenants[account.ID], clusters[account.ID] = account.Azure, account.Portworx
	}
	disks := azure.Options{Locations: s.config.Clouds.Locations, Tenants: tenants, Now: s.clock.Now}
	volumes := portworx.Options{Clusters: clusters, UsableKey: s.usableKey, Now: s.clock.Now}
	if s.config.DataDir != "" {
		disks.Path, volumes.Path = filepath.Join(s.config.DataDir, azureFile), filepath.Join(s.config.DataDir, portworxFile)
	}
	if s.azure, err = azure.Open(disks); err != nil {
		return err
	}
	if s.portworx, err = portworx.Open(volumes); err != nil {
		return err
	}
	s.clouds = clouds.NewServer(clouds.Options{
		Pipeline: s.pipeline, Providers: []*clouds.Provider{azure.Provider(s.azure), portworx.Provider(s.portworx)},
	})
	return nil
}

// usableKey says whether S3 accepts an access key, and where a secret is given, whether it is the key's.
func (s *Simulator) usableKey(id string, secret *string) bool {
	key, found := s.accounts.Key(id)
	if !found || key.Expired(s.clock.Now()) {
		return false
	}
	return secret == nil || subtle.ConstantTimeCompare([]byte(*secret), []byte(key.Secret)) == 1
}

// Azure returns the disks and snapshots of all tenants, to look at and write to what no client can.
func (s *Simulator) Azure() *azure.Store { return s.azure }

// Portworx returns the volumes and snapshots of all clusters, to look at and write to what no client can, and the nodes, to
// let them fail.
func (s *Simulator) Portworx() *portworx.Store { return s.portworx }

// CloudsHandler serves the simulated Azure below /azure/v1, and the simulated Portworx below /portworx/v1.
func (s *Simulator) CloudsHandler() http.Handler { return s.clouds }

func (s *Simulator) listenClouds(ctx context.Context, out *Endpoints) (err error) {
	if address := s.config.Clouds.Address; address != "" {
		out.Clouds, err = s.listen(ctx, "clouds.address", address, s.withHealth(s.CloudsHandler()), true)
	}
	return err
}
