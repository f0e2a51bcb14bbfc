package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// home is the namespace that deploy/ installs to. It is not in the chart: Helm is told in which namespace to install.
const home = "velero-locations"

// render returns the objects of an overlay, or of the standard one with a component, with values in the places that have them.
func render(used map[int]bool, overlay, component string) ([]object, error) {
	resources, err := kustomize(overlay, component)
	if err != nil {
		return nil, fmt.Errorf("rendering overlay %q with component %q: %w", overlay, component, err)
	}
	var objects []object
	for _, r := range resources {
		if r.GetKind() == "Namespace" && r.GetName() == home {
			continue
		}
		file, err := fileOf(r)
		if err != nil {
			return nil, err
		}
		text, err := textOf(r)
		if err != nil {
			return nil, err
		}
		objects = append(objects, object{
			file: file, key: r.GetKind() + "/" + r.GetNamespace() + "/" + r.GetName(), standard: true,
			lines: strings.Split(strings.TrimSuffix(putValues(used, r.GetName(), text), "\n"), "\n"),
		})
	}
	return objects, nil
}

// kustomize renders with the origins of objects in annotations.
func kustomize(overlay, component string) ([]*resource.Resource, error) {
	dir, err := os.MkdirTemp(deploy, "chart-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if overlay == "" {
		overlay = standard
	}
	text := "resources: [../overlays/" + overlay + "]\nbuildMetadata: [originAnnotations]\n"
	if component != "" {
		text += "components: [../components/" + component + "]\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		return nil, err
	}
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionLegacy // as kubectl has it
	rendered, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, err
	}
	return rendered.Resources(), nil
}

// fileOf is the template of an object: it has the name of the base's file, or of the folder of the overlay or component.
func fileOf(r *resource.Resource) (string, error) {
	origin, err := r.GetOrigin()
	if err != nil || origin == nil {
		return "", fmt.Errorf("%s %s has no origin: %w", r.GetKind(), r.GetName(), err)
	}
	path := origin.Path
	if path == "" {
		path = origin.ConfiguredIn // of a generator
	}
	folder := filepath.Base(filepath.Dir(path))
	if folder == "base" {
		return filepath.Base(path), nil
	}
	return folder + ".yaml", nil
}

// textOf is an object as YAML, in which Helm would see no template.
func textOf(r *resource.Resource) (string, error) {
	annotations := r.GetAnnotations()
	delete(annotations, "config.kubernetes.io/origin")
	if err := r.SetAnnotations(annotations); err != nil {
		return "", err
	}
	fields, err := r.Map()
	if err != nil {
		return "", err
	}
	mark(fields)
	data, err := yaml.Marshal(fields)
	if err != nil {
		return "", err
	}
	return regexp.MustCompile(`{{`).ReplaceAllString(string(data), `{{ "$0" }}`), nil
}

// limits is in the place of the resources of a container, for a value to take it.
const limits = "OF-THE-CONTAINER"

func mark(fields map[string]any) {
	for name, field := range fields {
		switch f := field.(type) {
		case map[string]any:
			if _, limited := f["limits"]; name == "resources" && limited {
				fields[name] = limits
				continue
			}
			mark(f)
		case []any:
			for _, item := range f {
				if m, ok := item.(map[string]any); ok {
					mark(m)
				}
			}
		}
	}
}
