package simulator

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/velero-locations/velero-locations/simulator/aws/query"
	"github.com/velero-locations/velero-locations/simulator/aws/sts"
	"github.com/velero-locations/velero-locations/simulator/ec2"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
)

// openVolumes opens the volumes and snapshots, creates those of the configuration, and makes the server for them.
func (s *Simulator) openVolumes() error {
	options := ebs.Options{
		SnapshotDuration: ebs.DefaultSnapshotDuration, SnapshotRetention: time.Duration(s.config.EC2.SnapshotRetention),
		IDSeed: s.config.EC2.IDSeed, Now: s.clock.Now,
	}
	if duration := s.config.EC2.SnapshotDuration; duration != nil {
		options.SnapshotDuration = time.Duration(*duration)
	}
	if s.config.DataDir != "" {
		options.Path = filepath.Join(s.config.DataDir, volumesFile)
	}
	var err error
	if s.volumes, err = ebs.Open(options); err != nil {
		return err
	}
	s.query = query.NewServer(query.Options{
		Pipeline: s.pipeline, Regions: s.config.Regions,
		Services: []*query.Service{ec2.Service(ec2.Options{Store: s.volumes, Regions: s.config.Regions}), sts.Service(sts.Options{Accounts: s.accounts, Issuers: s.config.issuers()})},
	})
	return s.createVolumes()
}

func (s *Simulator) createVolumes() error {
	for _, account := range s.config.Accounts {
		for _, wanted := range account.Volumes {
			place := ebs.Place{Account: account.ID, Region: ec2.RegionOf(wanted.AvailabilityZone, s.config.Regions)}
			if existing, err := s.volumes.FindVolume(wanted.ID); err == nil {
				if existing.Place != place {
					return fmt.Errorf("volume %s of account %s in %s: account %s has a volume of that id in %s",
						wanted.ID, place.Account, place.Region, existing.Account, existing.Region)
				}
				continue
			}
			_, err := s.volumes.CreateVolume(place, ebs.VolumeRequest{
				ID: wanted.ID, Zone: wanted.AvailabilityZone, Performance: wanted.performance(), Tags: wanted.Tags, Data: []byte(wanted.Data),
			})
			if err != nil {
				return fmt.Errorf("creating volume %s: %w", wanted.ID, err)
			}
		}
	}
	return nil
}

// Volumes returns the volumes and snapshots of all accounts, to look at and write to what no client can.
func (s *Simulator) Volumes() *ebs.Store { return s.volumes }

// EC2Handler serves EC2 and STS at an endpoint where the region that a request is signed for picks the region it is for.
func (s *Simulator) EC2Handler() http.Handler { return s.query }

// RegionalEC2Handler serves the endpoint of EC2 and STS of a region.
func (s *Simulator) RegionalEC2Handler(region string) http.Handler { return s.query.Regional(region) }

// listenEC2 opens the addresses that the configuration has for EC2.
func (s *Simulator) listenEC2(ctx context.Context, out *Endpoints) (err error) {
	config := s.config.EC2
	if config.Address != "" {
		if out.EC2, err = s.listen(ctx, "ec2.address", config.Address, s.withHealth(s.EC2Handler()), true); err != nil {
			return err
		}
	}
	out.EC2Regions = map[string]string{}
	for region, address := range config.RegionalAddresses {
		if out.EC2Regions[region], err = s.listen(ctx, "ec2.regionalAddresses."+region, address, s.withHealth(s.RegionalEC2Handler(region)), true); err != nil {
			return err
		}
	}
	return nil
}
