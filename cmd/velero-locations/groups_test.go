package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestMisspeltCommands shows that no group takes a word for one of its commands that is none.
func TestMisspeltCommands(t *testing.T) {
	for line, want := range map[string]string{
		"etcd retsore x":             `unknown command "retsore" for "velero etcd": did you mean restore?`,
		"migrate exprot x":           `unknown command "exprot" for "velero migrate": did you mean export?`,
		"simulator fualt":            `unknown command "fualt" for "velero simulator": did you mean fault?`,
		"simulator fault lsit":       `unknown command "lsit" for "velero simulator fault": did you mean list?`,
		"simulator volumes erase":    `unknown command "erase" for "velero simulator volumes"`,
		"completion bsh":             `unknown command "bsh" for "velero completion": did you mean bash or fish or zsh?`,
		"backup set a":               `unknown command "set" for "velero backup": did you mean get?`,
		"backup craete x":            `unknown command "craete" for "velero backup": did you mean create?`,
		"backup-location show":       `unknown command "show" for "velero backup-location"`,
		"get backup-locatoin":        `unknown command "backup-locatoin" for "velero get": did you mean backup-location?`,
		"get restroe":                `unknown command "restroe" for "velero get": did you mean restore?`,
		"describe backup-location a": `unknown command "backup-location" for "velero describe"`,
		"schedule logs a":            `unknown command "logs" for "velero schedule"`,
		"bakcup get":                 `unknown command "bakcup" for "velero"`,
	} {
		root, err := newRootCommand("velero")
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		root.SetOut(&out)
		root.SetArgs(strings.Fields(line))
		if err := root.Execute(); err == nil || !strings.HasPrefix(err.Error(), want) || out.Len() > 0 {
			t.Errorf("%s: %v, %s, want %s", line, err, &out, want)
		}
	}
}

// TestGroups shows that each group tells of its commands when it is asked for none, but for those that do something themselves.
func TestGroups(t *testing.T) {
	root, err := newRootCommand("velero-locations")
	if err != nil {
		t.Fatal(err)
	}
	root.PersistentPreRunE = nil // which sets up the process
	var try func(*cobra.Command)
	try = func(group *cobra.Command) {
		for _, command := range group.Commands() {
			try(command)
		}
		if !group.HasSubCommands() || group.Name() == "simulator" || group.Name() == "volumes" {
			return
		}
		var out bytes.Buffer
		root.SetOut(&out)
		root.SetArgs(strings.Fields(group.CommandPath())[1:])
		if err := root.Execute(); err != nil || !strings.Contains(out.String(), "Available Commands:") {
			t.Errorf("%s: %v, %s", group.CommandPath(), err, &out)
		}
	}
	try(root)
}
