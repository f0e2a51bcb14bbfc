// Command chart writes the templates of the Helm chart from the manifests in deploy/: each switch of the chart is an overlay or a
// component of kustomize, and a template has what that changes under a condition. With -package it packs the chart instead.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	deploy    = "deploy"
	templates = "deploy/chart/templates"
	standard  = "embedded-etcd" // the overlay that the others differ from
)

// change is something of deploy/ that values of the chart turn on.
type change struct {
	overlay, component string
	on, off            string // conditions
}

var changes = []change{
	{overlay: "external-etcd", on: ".Values.etcd.external.servers", off: "not .Values.etcd.external.servers"},
	{component: "all-namespaces", on: "not .Values.namespace", off: ".Values.namespace"},
	{component: "backups", on: ".Values.backups.enabled", off: "not .Values.backups.enabled"},
	{component: "snapshots", on: ".Values.snapshots.enabled", off: "not .Values.snapshots.enabled"},
	{component: "monitoring", on: ".Values.monitoring.enabled", off: "not .Values.monitoring.enabled"},
	{component: "simulator", on: ".Values.simulator.enabled", off: "not .Values.simulator.enabled"},
}

func main() {
	version := flag.String("package", "", "Version, such as v0.1.0, to pack the chart in.")
	output := flag.String("output", "", "Archive to write.")
	flag.Parse()
	err := run(*version, *output)
	if err != nil {
		fmt.Fprintf(os.Stderr, "chart: %v\n", err)
		os.Exit(1)
	}
}

func run(version, output string) error {
	if version == "" {
		return writeTemplates()
	}
	packed, err := pack(version)
	if err != nil {
		return err
	}
	if err := os.WriteFile(output, packed, 0o644); err != nil { // a chart is for everybody
		return fmt.Errorf("writing the archive: %w", err)
	}
	return nil
}

// header of a template that is written here.
const header = "# Written by `make generate` from the manifests in deploy/.\n"

// writeTemplates leaves those that are written by hand.
func writeTemplates() error {
	files, err := generate()
	if err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(templates, "*.yaml"))
	if err != nil {
		return fmt.Errorf("listing the templates: %w", err)
	}
	for _, path := range old {
		text, err := os.ReadFile(path)
		if err == nil && strings.HasPrefix(string(text), header) {
			err = os.Remove(path)
		}
		if err != nil {
			return fmt.Errorf("removing an old template: %w", err)
		}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(templates, name), []byte(text), 0o644); err != nil { // a chart is for everybody
			return fmt.Errorf("writing a template: %w", err)
		}
	}
	return nil
}

// generate returns the templates by the names of their files.
func generate() (map[string]string, error) {
	used := map[int]bool{}
	whole, err := render(used, standard, "")
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		changed, err := render(used, c.overlay, c.component)
		if err != nil {
			return nil, err
		}
		if whole, err = c.add(whole, changed); err != nil {
			return nil, err
		}
	}
	for i, v := range values {
		if !used[i] {
			return nil, fmt.Errorf("nothing of %q in %s matches %q, which is to be a value of the chart", v.of, deploy, v.find)
		}
	}
	return write(whole)
}

// write returns templates with objects, of which those that follow each other on one condition have it once.
func write(objects []object) (map[string]string, error) {
	files, open := map[string]string{}, map[string]string{}
	end := func(file string) {
		if open[file] != "" {
			files[file] += "{{- end }}\n"
		}
	}
	for _, o := range objects {
		lines, err := merge(o.lines, o.hunks)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.key, err)
		}
		if files[o.file] == "" {
			files[o.file] = header
		}
		if open[o.file] != o.condition {
			end(o.file)
			if open[o.file] = o.condition; o.condition != "" {
				files[o.file] += "{{- if " + o.condition + " }}\n"
			}
		}
		files[o.file] += "---\n" + strings.Join(lines, "\n") + "\n"
	}
	for file := range files {
		end(file)
	}
	return files, nil
}

// add takes a rendering with the change into what has become of the standard one so far.
func (c change) add(whole, changed []object) ([]object, error) {
	for i := range whole {
		o := &whole[i]
		if o.condition != "" && !o.standard {
			continue // another change has brought it
		}
		at := slices.IndexFunc(changed, func(other object) bool { return other.key == o.key })
		if at >= 0 {
			for _, h := range diff(o.lines, changed[at].lines) {
				h.on, h.off = c.on, c.off
				o.hunks = append(o.hunks, h)
			}
			continue
		}
		if o.condition != "" {
			return nil, fmt.Errorf("two changes take %s away", o.key)
		}
		o.condition = c.off
	}
	for _, o := range changed {
		if !slices.ContainsFunc(whole, func(other object) bool { return other.key == o.key }) {
			o.standard, o.condition = false, c.on
			whole = append(whole, o)
		}
	}
	return whole, nil
}

// object of Kubernetes.
type object struct {
	file, key string
	lines     []string
	standard  bool   // whether it is in the standard overlay
	condition string // that it is there on; empty: always
	hunks     []hunk
}
