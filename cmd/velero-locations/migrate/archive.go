package migrate

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/velero-locations/velero-locations/internal/bounded"
	"github.com/velero-locations/velero-locations/internal/datadir"
)

// record is a line of an archive: an object, with the resource that it is one of, or the end, with the number of objects before it. An
// archive without its end was not written whole.
type record struct {
	Resource schema.GroupVersionResource `json:"resource,omitzero"`
	Object   *unstructured.Unstructured  `json:"object,omitempty"`
	End      *int                        `json:"end,omitempty"`
}

// writeArchive writes a file of all objects that the function hands out. The file is there when it is complete, and only its user
// may read it: annotations may hold anything.
func writeArchive(file string, objects func(put func(schema.GroupVersionResource, *unstructured.Unstructured) error) error) error {
	return datadir.Write(file, func(w io.Writer) error {
		buffered := bufio.NewWriter(w)
		encoder, count := json.NewEncoder(buffered), 0
		err := objects(func(resource schema.GroupVersionResource, object *unstructured.Unstructured) error {
			count++
			return encoder.Encode(record{Resource: resource, Object: object})
		})
		if err != nil {
			return err
		}
		if err := encoder.Encode(record{End: &count}); err != nil {
			return err
		}
		return buffered.Flush()
	})
}

// readArchive calls a function for each object of a file, in order, once it is sure that the file is complete.
func readArchive(file string, each func(schema.GroupVersionResource, *unstructured.Unstructured) error) error {
	if err := scan(file, func(schema.GroupVersionResource, *unstructured.Unstructured) error { return nil }); err != nil {
		return err
	}
	return scan(file, each)
}

// scan is readArchive for a file that was read before: that it is not complete it finds only at its end.
func scan(file string, each func(schema.GroupVersionResource, *unstructured.Unstructured) error) error {
	f, err := bounded.Open(file, bounded.Archive)
	if err != nil {
		return fmt.Errorf("reading the archive: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	reader := bounded.NewReader(f, bounded.Document)
	decoder := json.NewDecoder(reader)
	for count := 0; ; count++ {
		reader.Renew()
		var line record
		switch err := decoder.Decode(&line); {
		case errors.Is(err, io.EOF):
			return fmt.Errorf("%s is not complete: its end is missing after %d objects; export again", file, count)
		case err != nil:
			return fmt.Errorf("%s, after %d objects: %w", file, count, err)
		case line.End != nil && *line.End != count:
			return fmt.Errorf("%s is not complete: it has %d objects, and says that there are %d; export again", file, count, *line.End)
		case line.End != nil:
			return nil
		case line.Object == nil || line.Object.GetName() == "":
			return fmt.Errorf("%s: what follows object %d is none; is the file one that `velero-locations migrate export` wrote?", file, count)
		case !slices.Contains(kinds, line.Resource):
			return fmt.Errorf("%s has an object of %s, which is none of the kinds that are moved; is it of another version of this program?", file, line.Resource)
		}
		if err := each(line.Resource, line.Object); err != nil {
			return err
		}
	}
}
