// Package ec2 is the part of EC2 that makes, copies and finds volumes and their snapshots, by EC2's Query protocol of
// version 2016-11-15. An action is a method in the file that is named after it or its group, and a line in actions.
package ec2

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/aws/query"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
)

// Options of the service.
type Options struct {
	Store *ebs.Store
	// Regions are those that exist.
	Regions []string
}

type service struct{ Options }

var actions = map[string]func(*service) query.Action{
	"AttachVolume":                  action((*service).attachVolume),
	"CopySnapshot":                  action((*service).copySnapshot),
	"CreateSnapshot":                action((*service).createSnapshot),
	"CreateSnapshots":               action((*service).createSnapshots),
	"CreateTags":                    action((*service).createTags),
	"CreateVolume":                  action((*service).createVolume),
	"DeleteSnapshot":                action((*service).deleteSnapshot),
	"DeleteTags":                    action((*service).deleteTags),
	"DeleteVolume":                  action((*service).deleteVolume),
	"DescribeAvailabilityZones":     action((*service).describeAvailabilityZones),
	"DescribeInstances":             action((*service).describeInstances),
	"DescribeLockedSnapshots":       action((*service).describeLockedSnapshots),
	"DescribeRegions":               action((*service).describeRegions),
	"DescribeSnapshotAttribute":     action((*service).describeSnapshotAttribute),
	"DescribeSnapshotTierStatus":    action((*service).describeSnapshotTierStatus),
	"DescribeSnapshots":             action((*service).describeSnapshots),
	"DescribeTags":                  action((*service).describeTags),
	"DescribeVolumes":               action((*service).describeVolumes),
	"DescribeVolumeStatus":          action((*service).describeVolumeStatus),
	"DescribeVolumesModifications":  action((*service).describeVolumesModifications),
	"DetachVolume":                  action((*service).detachVolume),
	"ListSnapshotsInRecycleBin":     action((*service).listSnapshotsInRecycleBin),
	"LockSnapshot":                  action((*service).lockSnapshot),
	"ModifySnapshotAttribute":       action((*service).modifySnapshotAttribute),
	"ModifySnapshotTier":            action((*service).modifySnapshotTier),
	"ModifyVolume":                  action((*service).modifyVolume),
	"RestoreSnapshotFromRecycleBin": action((*service).restoreSnapshotFromRecycleBin),
	"RestoreSnapshotTier":           action((*service).restoreSnapshotTier),
	"UnlockSnapshot":                action((*service).unlockSnapshot),
}

// Service returns the service. Its codes and texts are those of EC2's "Error codes for the Amazon EC2 API".
func Service(options Options) *query.Service {
	authFailure := aws.Error{
		Status: http.StatusUnauthorized, Code: "AuthFailure", Message: "AWS was not able to validate the provided access credentials",
	}
	requestExpired := aws.Error{Status: http.StatusBadRequest, Code: "RequestExpired", Message: "Request has expired."}
	out := &query.Service{
		Name: "ec2", Version: "2016-11-15", Namespace: "http://ec2.amazonaws.com/doc/2016-11-15/", Format: query.EC2,
		Actions: map[string]query.Action{}, Resource: resource,
		Refusals: query.Refusals{
			Unsigned:     aws.Error{Status: http.StatusForbidden, Code: "MissingAuthenticationToken", Message: "Request is missing Authentication Token"},
			UnknownKey:   authFailure,
			BadToken:     authFailure,
			BadSignature: authFailure,
			Skewed:       requestExpired,
			Expired:      requestExpired,
			WrongRegion:  aws.Error{Status: http.StatusUnauthorized, Code: "AuthFailure", Message: "Credential should be scoped to a valid region."},
			UnknownAction: func(action string) *aws.Error {
				return aws.NewError(http.StatusBadRequest, "InvalidAction", "The action "+action+" is not valid for this web service.")
			},
		},
	}
	s := &service{options}
	for name, bind := range actions {
		out.Actions[name] = bind(s)
	}
	return out
}

// action reads the parameters of an action and checks the signer's policy; a dry run ends there.
func action[In any](handle func(*service, *query.Request, In) (any, error)) func(*service) query.Action {
	return func(s *service) query.Action {
		return func(r *query.Request) (any, error) {
			var in In
			dryRun, _ := strconv.ParseBool(r.Parameters.Take("DryRun"))
			if err := r.Parameters.Decode(&in); err != nil {
				return nil, err
			}
			if err := authorize(r, r.Call.Operation); err != nil {
				return nil, err
			}
			if dryRun {
				return nil, aws.NewError(http.StatusPreconditionFailed, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
			}
			out, err := handle(s, r, in)
			if refusal := (*ebs.Error)(nil); errors.As(err, &refusal) {
				return nil, refuse(refusal.Code, refusal.Message)
			}
			return out, err
		}
	}
}

// authorize refuses what the signer's policy does not permit.
func authorize(r *query.Request, action string) error {
	if r.Permits(action) {
		return nil
	}
	return aws.NewError(http.StatusForbidden, "UnauthorizedOperation", "You are not authorized to perform this operation. User: "+r.Key.ARN()+
		" is not authorized to perform: "+action+" because no identity-based policy allows the "+action+" action. Encoded authorization failure message: "+r.ID)
}

// resource is the first volume, snapshot or instance that a request names.
func resource(p *query.Parameters) string {
	for _, name := range []string{"VolumeId", "SnapshotId", "SourceSnapshotId", "VolumeId.1", "SnapshotId.1", "ResourceId.1", "InstanceSpecification.InstanceId", "InstanceId.1"} {
		if id := p.Get(name); id != "" {
			return id
		}
	}
	return ""
}

func place(r *query.Request) ebs.Place {
	return ebs.Place{Account: r.Call.Account, Region: r.Call.Region}
}

// succeeded is the answer of actions that have nothing else to say.
type succeeded struct {
	Return bool `xml:"return"`
}

// set is how EC2 writes a list.
type set[T any] struct {
	Items []T `xml:"item"`
}

func newSet[T, U any](of []T, convert func(T) U) set[U] {
	var out set[U]
	for _, one := range of {
		out.Items = append(out.Items, convert(one))
	}
	return out
}

func refuse(code, message string) error { return aws.NewError(http.StatusBadRequest, code, message) }

func missing(parameter string) error {
	return refuse("MissingParameter", "The request must contain the parameter "+parameter)
}

func invalidChoice(parameter, value, choices string) error {
	return refuse("InvalidParameterValue", "Value ("+value+") for parameter "+parameter+" is invalid. Valid values: "+choices)
}

// required refuses a request with one of the values empty; names and values alternate.
func required(parameters ...string) error {
	for pair := range slices.Chunk(parameters, 2) {
		if pair[1] == "" {
			return missing(pair[0])
		}
	}
	return nil
}
