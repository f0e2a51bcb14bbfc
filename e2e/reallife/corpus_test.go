package reallife

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// manifest is a file of the corpus: comments that say what it is and what it deserves, and objects as somebody writes them.
type manifest struct {
	name string
	// after names a file of given/, whose objects are there before.
	after string
	// withoutSecrets says that the Secrets that it names are not there.
	withoutSecrets bool
	verdict        verdict
	text           string
}

// verdict is what kubectl has to say of a manifest.
type verdict struct {
	accepted bool
	// warnings, of each a piece: these and no others.
	warnings []string
	// errors, pieces of what it is refused with.
	errors []string
	// never are texts that are not repeated.
	never []string
}

// load reads the corpus in the order of its names.
func load(t *testing.T) []manifest {
	t.Helper()
	var all []manifest
	err := fs.WalkDir(os.DirFS("corpus"), ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(file) != ".yaml" || path.Dir(file) == "given" {
			return err
		}
		data, err := os.ReadFile(path.Join("corpus", file))
		if err != nil {
			return err
		}
		m, err := parse(strings.TrimSuffix(file, ".yaml"), string(data))
		if err != nil {
			return fmt.Errorf("corpus/%s: %w", file, err)
		}
		all = append(all, m)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// parse reads the comments in front of the objects. The first is for readers.
func parse(name, text string) (manifest, error) {
	m := manifest{name: name, text: text}
	for i, line := range strings.Split(text, "\n") {
		comment, ok := strings.CutPrefix(line, "# ")
		if !ok {
			break
		}
		if i == 0 {
			continue
		}
		key, value, _ := strings.Cut(comment, ": ")
		switch key {
		case "after":
			m.after = value
		case "without Secrets":
			m.withoutSecrets = true
		case "accepted":
			m.verdict.accepted = true
		case "warned":
			m.verdict.warnings = append(m.verdict.warnings, value)
		case "refused":
			m.verdict.errors = append(m.verdict.errors, value)
		case "never":
			m.verdict.never = append(m.verdict.never, value)
		default:
			return m, fmt.Errorf("the comment %q says none of after, without Secrets, accepted, warned, refused, never", comment)
		}
	}
	v := m.verdict
	if said := []bool{v.accepted, len(v.warnings) > 0, len(v.errors) > 0}; len(slices.DeleteFunc(said, func(b bool) bool { return !b })) != 1 {
		return m, errors.New("must say one of accepted, warned and refused")
	}
	return m, nil
}

// own matches the namespaces that manifests are written for, each of which gets one of its own instead.
var own = regexp.MustCompile(`(namespace"?: *"?)(velero|openshift-adp|platform-backup)\b`)

// in returns a text for a namespace.
func in(namespace, text string) string {
	return own.ReplaceAllString(text, "${1}"+namespace)
}

// objectsOf returns the objects of a text, those of lists each on its own; none if it cannot be read.
func objectsOf(text string) []unstructured.Unstructured {
	var all []unstructured.Unstructured
	for document := range strings.SplitSeq(text, "\n---\n") {
		var object unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			return nil
		}
		if !object.IsList() {
			all = append(all, object)
			continue
		}
		_ = object.EachListItem(func(item runtime.Object) error {
			all = append(all, *item.(*unstructured.Unstructured))
			return nil
		})
	}
	return all
}
