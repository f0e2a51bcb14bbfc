package ebs

import (
	"maps"
	"strings"
)

// maxTags is how many tags a resource may have, as EC2 documents it.
const maxTags = 50

// Tags are those of a volume or a snapshot. They are not changed once they are in the store.
type Tags map[string]string

func (t Tags) attributes() []Attribute {
	out := make([]Attribute, 0, 2*len(t))
	for key, value := range t {
		out = append(out, Attribute{"tag:" + key, value}, Attribute{"tag-key", key})
	}
	return out
}

// With returns the tags with others added, which replace those of the same keys.
func (t Tags) With(added Tags) Tags {
	out := maps.Clone(t)
	if out == nil {
		out = Tags{}
	}
	maps.Copy(out, added)
	return out
}

// Without returns the tags without those that the pattern names: by its key, and where there is a value, by that too. No
// pattern at all removes all.
func (t Tags) Without(patterns map[string]*string) Tags {
	out := Tags{}
	for key, value := range t {
		wanted, named := patterns[key]
		if len(patterns) > 0 && (!named || wanted != nil && *wanted != value) {
			out[key] = value
		}
	}
	return out
}

// validate refuses what EC2 refuses by its "Tag restrictions".
func (t Tags) validate() error {
	if len(t) > maxTags {
		return refuse("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
	}
	for key, value := range t {
		switch {
		case key == "":
			return invalidValue("Tag key cannot be null or empty")
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return invalidValue("Tag keys starting with 'aws:' are reserved for internal use")
		case len([]rune(key)) > 128:
			return invalidValue("Tag key exceeds the maximum length of 128 characters")
		case len([]rune(value)) > 256:
			return invalidValue("Tag value exceeds the maximum length of 256 characters")
		}
	}
	return nil
}
