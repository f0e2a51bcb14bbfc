package selection

import (
	"os"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"
)

// testCase of testdata/cases.yaml, which says how to read it.
type testCase struct {
	Name               string
	Storage, Snapshots []string
	Default, Defaults  string
	Ask                struct {
		StorageLocation         string
		VolumeSnapshotLocations []string
		SnapshotVolumes         *bool
	}
	Want             string
	Errors, Warnings []string
}

func TestSelect(t *testing.T) {
	data, err := os.ReadFile("testdata/cases.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []testCase
	if err := yaml.UnmarshalStrict(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 55 {
		t.Errorf("there are %d cases, want at least 55", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) { c.run(t) })
	}
}

// TestTooManyNames shows that nobody has the server look up names without end.
func TestTooManyNames(t *testing.T) {
	request := Request{VolumeSnapshotLocations: make([]string, mostNames+1)}
	locations := Locations{Storage: []StorageLocation{{Name: "a", Default: true, Status: Status{Phase: Available}}}}
	result := Select(request, locations, Defaults{}, field.NewPath("spec"))
	if len(result.Errors) != 1 || result.Errors[0].Type != field.ErrorTypeTooMany || result.Errors[0].Field != "spec.volumeSnapshotLocations" {
		t.Errorf("got %v", result.Errors)
	}
}

func (c testCase) run(t *testing.T) {
	defaults := Defaults{StorageLocation: DefaultStorageLocation}
	switch c.Default {
	case "":
	case "none":
		defaults.StorageLocation = ""
	default:
		defaults.StorageLocation = c.Default
	}
	if err := defaults.SnapshotLocations.Set(c.Defaults); err != nil {
		t.Fatal(err)
	}
	locations := c.locations(t)
	result := Select(Request(c.Ask), locations, defaults, field.NewPath("spec"))

	want, wantSnapshots, _ := strings.Cut(c.Want, " | ")
	if got := strings.Join(result.SnapshotLocations, ", "); result.StorageLocation != want || got != wantSnapshots {
		t.Errorf("selected %q and %q, want %q", result.StorageLocation, got, c.Want)
	}
	var errs, warnings []string
	for _, err := range result.Errors {
		errs = append(errs, err.Error())
	}
	for _, warning := range result.Warnings {
		text := warning.String()
		if warning.Fails {
			text = "fails: " + text
		}
		warnings = append(warnings, text)
	}
	compare(t, "errors", errs, c.Errors)
	compare(t, "warnings", warnings, c.Warnings)

	slices.Reverse(locations.Storage)
	slices.Reverse(locations.Snapshots)
	again := Select(Request(c.Ask), locations, defaults, field.NewPath("spec"))
	if again.StorageLocation != result.StorageLocation || !slices.Equal(again.SnapshotLocations, result.SnapshotLocations) ||
		again.Errors.ToAggregate() != nil && again.Errors.ToAggregate().Error() != result.Errors.ToAggregate().Error() {
		t.Errorf("the order of the locations makes a difference: %+v and %+v", result, again)
	}
}

func (c testCase) locations(t *testing.T) Locations {
	t.Helper()
	var all Locations
	for _, text := range c.Storage {
		words := strings.Fields(text)
		location := StorageLocation{Name: words[0], Status: Status{Phase: Available}}
		for _, word := range words[1:] {
			switch word {
			case "default":
				location.Default = true
			case "readonly":
				location.ReadOnly = true
			case "unavailable":
				location.Status = unavailable
			case "unchecked":
				location.Status = Status{}
			case "uncheckable":
				location.Status = Status{Message: "only Velero's own pod has its credentials"}
			default:
				t.Fatalf("%q is not about a storage location", word)
			}
		}
		all.Storage = append(all.Storage, location)
	}
	for _, text := range c.Snapshots {
		words := strings.Fields(text)
		location := SnapshotLocation{Name: words[0], Provider: words[1], Config: map[string]string{}}
		for _, word := range words[2:] {
			if word == "unavailable" {
				location.Status = unavailable
				continue
			}
			key, value, found := strings.Cut(word, "=")
			if !found {
				t.Fatalf("%q is not about a snapshot location", word)
			}
			location.Config[key] = value
		}
		if _, said := location.Config["region"]; !said && strings.HasSuffix(location.Provider, "aws") {
			location.Config["region"] = "us-east-1"
		}
		all.Snapshots = append(all.Snapshots, location)
	}
	return all
}

var unavailable = Status{Phase: Unavailable, Message: "bucket not found"}

// compare wants each text to begin with a field, and to have all words in it.
func compare(t *testing.T, what string, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d %s %q, want %d", len(got), what, got, len(want))
	}
	for i := range want {
		path, words, _ := strings.Cut(want[i], ": ")
		if path == "fails" {
			var rest string
			rest, words, _ = strings.Cut(words, ": ")
			path += ": " + rest
		}
		if !strings.HasPrefix(got[i], path+": ") {
			t.Errorf("got %q, want it to begin with %q", got[i], path+": ")
		}
		for word := range strings.SplitSeq(words, " + ") {
			if !strings.Contains(got[i], word) {
				t.Errorf("got %q, want %q in it", got[i], word)
			}
		}
	}
}

func TestSnapshotDefaults(t *testing.T) {
	for _, test := range []struct {
		values  []string
		want    string
		wantErr string
	}{
		{[]string{""}, "", ""},
		{[]string{"aws:ebs"}, "aws:ebs", ""},
		{[]string{"portworx:cloud,velero.io/aws:ebs"}, "aws:ebs,portworx:cloud", ""},
		{[]string{"portworx:cloud", "aws:ebs"}, "aws:ebs,portworx:cloud", ""},
		{[]string{" example.com/x:a:b , "}, "example.com/x:a:b", ""},
		{[]string{"aws:ebs", "velero.io/aws:ebs"}, "aws:ebs", ""},
		{[]string{"aws"}, "", `"aws" is not PROVIDER:NAME, such as aws:ebs-us-east-1`},
		{[]string{"aws:"}, "", `"aws:" is not PROVIDER:NAME`},
		{[]string{":ebs"}, "", `":ebs" is not PROVIDER:NAME`},
		{[]string{"aws=ebs"}, "", `"aws=ebs" is not PROVIDER:NAME`},
		{[]string{"aws:ebs", "velero.io/aws:other"}, "aws:ebs", `provider aws has two defaults, "ebs" and "other"`},
	} {
		var defaults SnapshotDefaults
		var message string
		for _, value := range test.values {
			if err := defaults.Set(value); err != nil {
				message = err.Error()
			}
		}
		if !strings.HasPrefix(message, test.wantErr) || (test.wantErr == "" && message != "") {
			t.Errorf("%q: got error %q, want %q", test.values, message, test.wantErr)
		}
		if got := defaults.String(); got != test.want {
			t.Errorf("%q: got %q, want %q", test.values, got, test.want)
		}
		var again SnapshotDefaults
		if err := again.Set(defaults.String()); err != nil || again.String() != defaults.String() {
			t.Errorf("%q is read as %q: %v", defaults.String(), again.String(), err)
		}
	}
}
