package backups

import (
	"archive/tar"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/velero-locations/velero-locations/internal/bounded"
	"github.com/velero-locations/velero-locations/locations"
)

// objects are those of a tarball, as they are read one after the other.
type objects struct {
	*verification

	key string
	// listed are the hashes of those in the list that were not read yet; nil: there is no list. Listing is how many it has.
	listed  map[uint64]struct{}
	listing int
	seed    maphash.Seed
	// good and bad count those that were read, in one version each; versioned says that there was the file of the format's version.
	good, bad int
	versioned bool
	kinds     map[schema.GroupResource]map[string]*examples // of what was read
	spoiled   map[uint64]struct{}                           // hashes of the names of what is bad
	wrong     bool                                          // the list and the tarball do not fit
}

// examples are the objects of one kind: the path of the first, and how many there are.
type examples struct {
	path  string
	count int
}

// readObjects reads the list of objects, and then the tarball, and compares them.
func (v *verification) readObjects() {
	o := &objects{
		verification: v, key: Contents.Key(v.store.place, v.record.Name), seed: maphash.MakeSeed(),
		listed: map[uint64]struct{}{}, spoiled: map[uint64]struct{}{}, kinds: map[schema.GroupResource]map[string]*examples{},
	}
	if v.file(ResourceList, o.list(func(id string) { o.listed[o.hash(id)] = struct{}{}; o.listing++ })) != whole {
		o.listed = nil
	}
	switch v.file(Contents, o.read) {
	case unknown:
		v.report.Objects.Total = max(v.expected(), o.listing)
		return
	case missing, damaged:
		if n := o.good + o.bad; n > 0 {
			v.report.Add(Note, o.key, locations.Count(n, "object")+" can be read up to the damage, but a restore wants all of it")
		}
		v.refused = true
		v.report.Objects.Total = max(v.expected(), o.listing, o.good+o.bad)
		return
	}
	v.complete = true
	v.report.Objects.Restorable, v.report.Objects.Total = o.good, o.good+o.bad
	o.compareKinds()
	o.compareList()
	o.compareCount()
}

// list returns a decoder of the list of objects: names by version and kind.
func (o *objects) list(each func(id string)) func(io.Reader) error {
	return compressed(func(d *json.Decoder) error {
		start, err := d.Token()
		switch {
		case err != nil:
			return err
		case start != json.Delim('{'):
			return errors.New("its JSON is not an object")
		}
		for d.More() {
			kind, err := d.Token()
			if err != nil {
				return err
			}
			if err := elements(d, func(name *string) { each(fmt.Sprint(kind, " ", *name)) }); err != nil {
				return err
			}
		}
		_, err = d.Token()
		return err
	})
}

func (o *objects) hash(id string) uint64 { return maphash.String(o.seed, id) }

// read reads the tarball, each object alone.
func (o *objects) read(tarball io.Reader) error {
	plain, err := newPlain(tarball)
	if err != nil {
		return err
	}
	entries := tar.NewReader(bounded.NewReader(plain, unpackedLimit))
	var content bytes.Buffer
	for {
		header, err := entries.Next()
		switch {
		case errors.Is(err, io.EOF) && o.good+o.bad == 0 && !o.versioned:
			return errors.New("there is nothing in it")
		case errors.Is(err, io.EOF):
			_, err := io.Copy(io.Discard, plain) // what is behind the end of the tar has the checksum of all
			if errors.Is(err, io.ErrUnexpectedEOF) {
				return errors.New("what is behind its last object is cut off, or wrong")
			}
			return err
		case err != nil:
			return err
		case header.Typeflag != tar.TypeReg:
			continue
		}
		content.Reset()
		if _, err := io.Copy(&content, bounded.NewReader(entries, bounded.Document)); err != nil {
			return fmt.Errorf("%s in it: %w", header.Name, err)
		}
		o.entry(header.Name, content.Bytes())
	}
}

// entry looks at a file of the tarball.
func (o *objects) entry(path string, content []byte) {
	if path == "metadata/version" {
		o.versioned = true
		if version := strings.TrimSpace(string(content)); version != FormatVersion && version != "1" {
			o.report.broken(path, "it is not of format %s, of which alone something is known here", FormatVersion)
		}
		return
	}
	object, version, is := parseEntry(path)
	if !is {
		return
	}
	// An object in the preferred version of its resource is there twice, and restored from where no version is in the path.
	twin := strings.HasSuffix(version, preferredSuffix)
	kind, problem := read(object, version, content)
	if problem != "" {
		o.report.broken(path, "%s", problem)
		if !twin {
			o.bad++
			o.spoiled[o.hash(object.listed())] = struct{}{}
		}
		return
	}
	if twin {
		return
	}
	o.good++
	if o.kinds[object.Resource] == nil {
		o.kinds[object.Resource] = map[string]*examples{}
	}
	if o.kinds[object.Resource][kind.Kind] == nil {
		o.kinds[object.Resource][kind.Kind] = &examples{path: path}
	}
	o.kinds[object.Resource][kind.Kind].count++
	if object.Resource == pvResource && o.snapshotted[object.Name] {
		o.volumes[object.Name] = true
	}
	o.takeOff(path, kind.GroupVersion().String()+"/"+kind.Kind+" "+object.listed())
}

var pvResource = schema.GroupResource{Resource: "persistentvolumes"}

// takeOff takes an object off the list, where it must be. What plugins finished after the list was made is not there.
func (o *objects) takeOff(path, id string) {
	hash := o.hash(id)
	_, found := o.listed[hash]
	delete(o.listed, hash)
	if o.listed == nil || found || !o.ours && o.record.Status.BackupItemOperationsAttempted > 0 {
		return
	}
	o.wrong = true
	o.report.broken(path, "it is in the archive, but not in the list of objects, or twice in the archive")
}

// listed is how an object stands in the list, under its kind.
func (o Object) listed() string {
	if o.Namespace == "" {
		return o.Name
	}
	return o.Namespace + "/" + o.Name
}

// read returns of which kind an object is, or what is wrong with it.
func read(object Object, version string, content []byte) (kind schema.GroupVersionKind, problem string) {
	var head struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Namespace string `json:"namespace"`
			Name      string `json:"name"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(content, &head); err != nil {
		return kind, described(err)
	}
	kind = schema.FromAPIVersionAndKind(head.APIVersion, head.Kind)
	version = strings.TrimSuffix(version, preferredSuffix)
	switch {
	case head.APIVersion == "" || head.Kind == "" || head.Metadata.Name == "":
		return kind, "it is damaged: it is not an object of Kubernetes, with apiVersion, kind and a name"
	case head.Metadata.Name != object.Name:
		return kind, fmt.Sprintf("it is an object of another name, %q", head.Metadata.Name)
	case head.Metadata.Namespace != object.Namespace:
		return kind, fmt.Sprintf("it is an object of another namespace, %q", head.Metadata.Namespace)
	case kind.Group != object.Resource.Group || version != "" && kind.Version != version:
		return kind, fmt.Sprintf("it is an object of another API, %q", head.APIVersion)
	}
	return kind, ""
}

// compareKinds notes objects whose kind is not that of their resource: as it is in most cases, or else as all others are.
func (o *objects) compareKinds() {
	for resource, kinds := range o.kinds {
		var regular, others []string
		for kind := range kinds {
			plural, singular := meta.UnsafeGuessKindToResource(schema.GroupVersionKind{Group: resource.Group, Kind: kind})
			if plural.Resource == resource.Resource || singular.Resource == resource.Resource {
				regular = append(regular, kind)
			} else {
				others = append(others, kind)
			}
		}
		if len(regular)+len(others) < 2 {
			continue
		}
		slices.SortFunc(others, func(a, b string) int { return cmp.Or(kinds[b].count-kinds[a].count, cmp.Compare(a, b)) })
		if len(regular) == 0 {
			others = others[1:]
		}
		for _, kind := range others {
			o.wrong = true
			o.report.Objects.Restorable -= kinds[kind].count
			o.report.broken(kinds[kind].path, "it is an object of another kind, %q, than others of %s", kind, resource)
		}
	}
}

// compareList names the objects that are in the list alone. A backup of Velero's that ended with errors may lack as many.
func (o *objects) compareList() {
	if len(o.listed) == 0 {
		return
	}
	var names []string
	count := 0
	o.file(ResourceList, o.list(func(id string) {
		_, lacking := o.listed[o.hash(id)]
		if _, bad := o.spoiled[o.hash(id[strings.Index(id, " ")+1:])]; !lacking || bad {
			return
		}
		if count++; count <= mostFindings {
			names = append(names, id)
		}
	}))
	severity, message := Broken, "it is in the list of objects, but not in the archive"
	if !o.ours && count <= o.record.Status.Errors {
		severity, message = Note, "it could not be backed up, as the log says"
	}
	o.wrong = o.wrong || count > 0
	o.report.Objects.Total += count
	for _, name := range names {
		o.report.Add(severity, name, message)
	}
	o.report.Omitted += count - len(names)
}

// compareCount compares how many objects there are with what the status of the backup says, where nothing tells more.
func (o *objects) compareCount() {
	progress := o.record.Status.Progress
	count, where := o.good+o.bad, "the archive"
	if o.listed != nil {
		count, where = o.listing, "the list of objects"
	}
	if progress != nil && !o.wrong && count != progress.ItemsBackedUp {
		o.report.broken(Metadata.Key(o.store.place, o.record.Name), "the backup's status says that it has %s, and %s has %d", locations.Count(progress.ItemsBackedUp, "object"), where, count)
	}
}
