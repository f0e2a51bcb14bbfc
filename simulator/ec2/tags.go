package ec2

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/aws/query"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
)

type tag struct {
	Key   string  `xml:"key"`
	Value *string `xml:"value"`
}

func newTags(tags ebs.Tags) set[tag] {
	return newSet(slices.Sorted(maps.Keys(tags)), func(key string) tag {
		value := tags[key]
		return tag{key, &value}
	})
}

func storeTags(tags []tag) (ebs.Tags, error) {
	out := ebs.Tags{}
	for _, t := range tags {
		if _, twice := out[t.Key]; twice {
			return nil, refuse("InvalidParameterValue", "Duplicate tag key '"+t.Key+"' specified.")
		}
		out[t.Key] = ""
		if t.Value != nil {
			out[t.Key] = *t.Value
		}
	}
	return out, nil
}

type tagSpecification struct {
	ResourceType string
	Tags         []tag `query:"Tag"`
}

// specifiedTags returns the tags for what a request creates. To tag it then takes the permission to tag it later.
func specifiedTags(r *query.Request, specifications []tagSpecification, resourceType string) (ebs.Tags, error) {
	var tags []tag
	for _, specification := range specifications {
		if specification.ResourceType != resourceType {
			return nil, refuse("InvalidParameterValue", "'"+specification.ResourceType+"' is not a valid taggable resource type for this operation.")
		}
		tags = append(tags, specification.Tags...)
	}
	if len(tags) == 0 {
		return nil, nil
	}
	if err := authorize(r, "ec2:CreateTags"); err != nil {
		return nil, err
	}
	return storeTags(tags)
}

type tagsInput struct {
	Resources []string `query:"ResourceId"`
	Tags      []tag    `query:"Tag"`
}

func (s *service) createTags(r *query.Request, in tagsInput) (any, error) {
	tags, err := storeTags(in.Tags)
	if err != nil {
		return nil, err
	}
	if len(tags) == 0 {
		return nil, missing("Tag")
	}
	return s.retag(r, in.Resources, func(old ebs.Tags) ebs.Tags { return old.With(tags) })
}

// deleteTags deletes the tags named, those with a value only where they have it; or all tags when none is named.
func (s *service) deleteTags(r *query.Request, in tagsInput) (any, error) {
	patterns := map[string]*string{}
	for _, t := range in.Tags {
		patterns[t.Key] = t.Value
	}
	return s.retag(r, in.Resources, func(old ebs.Tags) ebs.Tags { return old.Without(patterns) })
}

// retag changes the tags of resources, which must all be there.
func (s *service) retag(r *query.Request, ids []string, change func(ebs.Tags) ebs.Tags) (any, error) {
	if len(ids) == 0 {
		return nil, missing("ResourceId")
	}
	for _, id := range ids {
		if err := s.checkResource(r, id); err != nil {
			return nil, err
		}
	}
	for _, id := range ids {
		var err error
		if strings.HasPrefix(id, volumeKind.prefix) {
			_, err = s.Store.ChangeVolume(place(r), id, func(v *ebs.Volume) error {
				v.Tags = change(v.Tags)
				return nil
			})
		} else {
			_, err = s.Store.ChangeSnapshot(place(r), id, func(snapshot *ebs.Snapshot) error {
				snapshot.Tags = change(snapshot.Tags)
				return nil
			})
		}
		if err != nil {
			return nil, err
		}
	}
	return succeeded{true}, nil
}

func (s *service) checkResource(r *query.Request, id string) (err error) {
	switch {
	case IsVolumeID(id):
		_, _, err = s.Store.Volumes(place(r), ebs.Query{IDs: []string{id}})
	case snapshotKind.form.MatchString(id):
		_, err = s.Store.OwnSnapshot(place(r), id)
	default:
		err = refuse("InvalidID", "The ID '"+id+"' is not valid")
	}
	return err
}

// describeTagsInput and what follows answer DescribeTags.
type describeTagsInput struct {
	Filters    []filter `query:"Filter"`
	MaxResults *int
	NextToken  string
}

type tagDescription struct {
	ResourceID   string `xml:"resourceId"`
	ResourceType string `xml:"resourceType"`
	Key          string `xml:"key"`
	Value        string `xml:"value"`
}

func (t tagDescription) compare(other tagDescription) int {
	return cmp.Or(cmp.Compare(t.ResourceID, other.ResourceID), cmp.Compare(t.Key, other.Key))
}

type tagDescriptions struct {
	Tags      set[tagDescription] `xml:"tagSet"`
	NextToken string              `xml:"nextToken,omitempty"`
}

func (s *service) describeTags(r *query.Request, in describeTagsInput) (any, error) {
	filters, err := storeFilters(in.Filters, []string{"key", "value", "resource-id", "resource-type"})
	if err != nil {
		return nil, err
	}
	limit, err := pageSize(in.MaxResults)
	if err != nil {
		return nil, err
	}
	after, err := decodeToken(in.NextToken)
	if err != nil {
		return nil, err
	}
	all, err := s.findTags(r, filters)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(t tagDescription) bool { return t.position() <= after && after != "" })
	var out tagDescriptions
	if limit > 0 && len(all) > limit {
		all = all[:limit]
		out.NextToken = nextToken(all[limit-1].position())
	}
	out.Tags.Items = all
	return out, nil
}

// position orders tags for pages as compare does: no id or key holds a byte below it.
func (t tagDescription) position() string { return t.ResourceID + "\x00" + t.Key }

// findTags looks up the resources that may have the tags, and then picks tags of theirs.
func (s *service) findTags(r *query.Request, filters []ebs.Filter) ([]tagDescription, error) {
	var out []tagDescription
	add := func(resourceType, id string, tags ebs.Tags) {
		for key, value := range tags {
			t := tagDescription{id, resourceType, key, value}
			if !slices.ContainsFunc(filters, func(f ebs.Filter) bool { return !f.Matches(t.attributes()) }) {
				out = append(out, t)
			}
		}
	}
	volumes, _, err := s.Store.Volumes(place(r), ebs.Query{Filters: resourceFilters(filters, "volume-id")})
	if err != nil {
		return nil, err
	}
	for _, volume := range volumes {
		add("volume", volume.ID, volume.Tags)
	}
	snapshots, _, err := s.Store.Snapshots(place(r), ebs.Query{Filters: resourceFilters(filters, "snapshot-id")})
	if err != nil {
		return nil, err
	}
	for _, snapshot := range snapshots {
		add("snapshot", snapshot.ID, snapshot.Tags)
	}
	slices.SortFunc(out, tagDescription.compare)
	return out, nil
}

func (t tagDescription) attributes() []ebs.Attribute {
	return []ebs.Attribute{
		{Name: "key", Value: t.Key},
		{Name: "value", Value: t.Value},
		{Name: "resource-id", Value: t.ResourceID},
		{Name: "resource-type", Value: t.ResourceType},
		{Name: "tag:" + t.Key, Value: t.Value},
	}
}

// resourceFilters are the filters of resources that follow from filters of tags.
func resourceFilters(filters []ebs.Filter, idFilter string) []ebs.Filter {
	out := []ebs.Filter{{Name: "tag-key", Values: []string{"*"}}}
	for _, f := range filters {
		switch {
		case f.Name == "key":
			f.Name = "tag-key"
		case f.Name == "resource-id":
			f.Name = idFilter
		case !strings.HasPrefix(f.Name, "tag:"):
			continue
		}
		out = append(out, f)
	}
	return out
}
