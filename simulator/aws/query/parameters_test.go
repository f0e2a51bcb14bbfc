package query

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/simulator/aws"
)

type input struct {
	VolumeID []string `query:"VolumeId"`
	Size     int
	Limit    *int
	All      bool
	Filters  []filter `query:"Filter"`
}

type filter struct {
	Name   string
	Values []string `query:"Value"`
}

func TestDecode(t *testing.T) {
	five := 5
	for encoded, want := range map[string]input{
		"":                                {},
		"Action=X&Version=2016-11-15":     {},
		"X-Amz-Date=d&All=true":           {All: true},
		"Size=12&Limit=5":                 {Size: 12, Limit: &five},
		"VolumeId.1=a&VolumeId.2=b":       {VolumeID: []string{"a", "b"}},
		"VolumeId.10=b&VolumeId.9=a":      {VolumeID: []string{"a", "b"}},
		"VolumeId.1=%26%3D":               {VolumeID: []string{"&="}},
		"Filter.1.Name=n&Filter.2.Name=m": {Filters: []filter{{Name: "n"}, {Name: "m"}}},
		"Filter.1.Value.2=y&Filter.1.Name=n&Filter.1.Value.1=": {Filters: []filter{{"n", []string{"", "y"}}}},
	} {
		parameters, err := Parse(encoded)
		if err != nil {
			t.Fatal(err)
		}
		var got input
		if err := parameters.Decode(&got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", encoded, got, err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for encoded, want := range map[string]string{
		"Size=1&Size=2":            "MalformedQueryString: The parameter Size is there more than once.",
		"Size=%zz":                 "MalformedQueryString: The query string contains a syntax error.",
		"Colour=red":               "UnknownParameter: The parameter Colour is not recognized",
		"size=1":                   "UnknownParameter: The parameter size is not recognized",
		"Size.1=1":                 "UnknownParameter: The parameter Size.1 is not recognized",
		"VolumeId=a":               "UnknownParameter: The parameter VolumeId is not recognized",
		"VolumeId.01=a":            "UnknownParameter: The parameter VolumeId.01 is not recognized",
		"VolumeId.0=a":             "UnknownParameter: The parameter VolumeId.0 is not recognized",
		"Filter.1.Value.1.More=a":  "UnknownParameter: The parameter Filter.1.Value.1.More is not recognized",
		"Filter.1.X-Amz-Date=a":    "UnknownParameter: The parameter Filter.1.X-Amz-Date is not recognized",
		"Filter.1=a&Filter.1.Name": "UnknownParameter: The parameter Filter.1 is not recognized",
		"Size=many":                "InvalidParameterValue: Value (many) for parameter Size is invalid. It is not an integer.",
		"Size=99999999999":         "InvalidParameterValue: Value (99999999999) for parameter Size is invalid. It is not an integer.",
		"All=perhaps":              "InvalidParameterValue: Value (perhaps) for parameter All is invalid. It is not a boolean value.",
	} {
		parameters, err := Parse(encoded)
		if err == nil {
			err = parameters.Decode(&input{})
		}
		if err == nil || aws.AsError(err).Error() != want {
			t.Errorf("%s: %v, want %s", encoded, err, want)
		}
	}
}

// FuzzDecode looks for forms that break the decoder, or that it accepts without taking up each of their parameters.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		"Action=DescribeVolumes&Version=2016-11-15&VolumeId.1=vol-1&Filter.1.Name=n&Filter.1.Value.1=v", "Size=1&Limit=2&All=true",
		"Filter.9999999.Value.1=x", "VolumeId.-1=", "....=", "Filter.1.Value.1=a&Filter.1.Value.3=b", "Limit=&All=", "X-Amz-Date.1=x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, encoded string) {
		parameters, err := Parse(encoded)
		if err != nil {
			return
		}
		var in input
		if err := parameters.Decode(&in); err != nil {
			if e := aws.AsError(err); e.Status != 400 {
				t.Errorf("%v", e)
			}
			return
		}
		values, _ := url.ParseQuery(encoded)
		texts := 0
		for name, value := range values {
			switch {
			case strings.HasPrefix(name, "Filter.") || strings.HasPrefix(name, "VolumeId."):
				texts++
			case name == "Size" || name == "Limit" || name == "All":
				if value[0] == "" {
					t.Errorf("%s is empty", name)
				}
			case parameters.Get(name) != value[0]:
				t.Errorf("%s is %q, want %q", name, parameters.Get(name), value[0])
			}
		}
		decoded := len(in.VolumeID)
		for _, filter := range in.Filters {
			decoded += len(filter.Values)
		}
		if decoded > texts || decoded+len(in.Filters) < texts {
			t.Errorf("%d values of %d were decoded: %+v", decoded, texts, in)
		}
	})
}
