// Package cli holds the verbs of Velero's command line that concern locations: backup-location and
// snapshot-location with create, get, set and delete. Flags and output are those of Velero's own
// client; what differs is said where it differs.
//
// A kind is a value that says only what is particular to it; each verb is written once, for all kinds.
package cli

import (
	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// verbs of a kind, as commands named after the verb.
type verbs interface {
	// names returns what the kind is called on the command line, in singular and plural.
	names() (singular, plural string)
	create(*connection) *cobra.Command
	get(*connection) *cobra.Command
	set(*connection) *cobra.Command
	delete(*connection) *cobra.Command
}

var kinds = []verbs{backupLocation, snapshotLocation}

// Commands returns the commands of all kinds: `backup-location create` and its like, and the same
// said the other way around, `create backup-location`.
func Commands(streams genericiooptions.IOStreams) []*cobra.Command {
	c := newConnection(streams)
	var commands []*cobra.Command
	for _, k := range kinds {
		singular, plural := k.names()
		command := group(c, singular, "Work with "+plural, k.create(c), k.get(c), k.set(c), k.delete(c))
		command.Aliases = []string{plural}
		commands = append(commands, command)
	}
	return append(
		commands,
		byVerb(c, "create", "Create a location", verbs.create),
		byVerb(c, "get", "Get locations", verbs.get),
		byVerb(c, "delete", "Delete locations", verbs.delete),
	)
}

// byVerb returns a command named after a verb that has the kinds below it.
func byVerb(c *connection, verb, short string, newCommand func(verbs, *connection) *cobra.Command) *cobra.Command {
	var commands []*cobra.Command
	for _, k := range kinds {
		command := newCommand(k, c)
		singular, plural := k.names()
		command.Use = singular + command.Use[len(command.Name()):]
		command.Aliases = []string{plural}
		commands = append(commands, command)
	}
	return group(c, verb, short, commands...)
}

// group returns a command that only has others below it, all of which speak to an API.
func group(c *connection, use, short string, commands ...*cobra.Command) *cobra.Command {
	command := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.addFlags(command.PersistentFlags())
	command.AddCommand(commands...)
	return command
}
