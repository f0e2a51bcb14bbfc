// Package verbs holds the verbs of Velero's command line that concern locations and what is put there:
// backup-location, snapshot-location, backup, restore and schedule. Flags and output are those of Velero's own
// client; what differs is said where it differs.
//
// A kind is a value that says only what is particular to it; each verb that several kinds have is
// written once, for all of them.
package verbs

import (
	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// verb makes the command of a verb, named after the verb.
type verb func(*connection) *cobra.Command

// nouns are what verbs are about, with the verbs that each of them has.
var nouns = []struct {
	singular, plural string
	verbs            []verb
}{
	{backupLocation.singular, backupLocation.plural, []verb{backupLocation.create, backupLocation.get, backupLocation.set, backupLocation.delete, checkLocation}},
	{snapshotLocation.singular, snapshotLocation.plural, []verb{snapshotLocation.create, snapshotLocation.get, snapshotLocation.set, snapshotLocation.delete}},
	{backup.singular, backup.plural, []verb{backup.create, backup.get, backup.describe, backupLogs, backupDownload, verifyBackups, backup.delete}},
	{restore.singular, restore.plural, []verb{restore.create, restore.get, restore.describe, restoreLogs, restore.delete}},
	{schedule.singular, schedule.plural, []verb{schedule.create, schedule.get, schedule.describe, pauseSchedules, unpauseSchedules, schedule.delete}},
}

// Commands returns the commands of all kinds: `backup-location create` and its like, and the same
// said the other way around, `create backup-location`.
// Locations are checked by the checker.
func Commands(streams genericiooptions.IOStreams, check Checker) []*cobra.Command {
	c := newConnection(streams)
	c.check = check
	var commands []*cobra.Command
	for _, noun := range nouns {
		var verbs []*cobra.Command
		for _, newCommand := range noun.verbs {
			verbs = append(verbs, withExample(newCommand(c), noun.singular))
		}
		command := group(c, noun.singular, "Work with "+noun.plural, verbs...)
		command.Aliases = []string{noun.plural}
		commands = append(commands, command)
	}
	return append(
		commands,
		byVerb(c, "create", "Create a location, a backup, a restore or a schedule"),
		byVerb(c, "get", "Get locations, backups, restores or schedules"),
		byVerb(c, "describe", "Describe backups, restores or schedules"),
		byVerb(c, "delete", "Delete locations, backups, restores or schedules"),
		version(c),
		showConsole(c),
	)
}

// byVerb returns a command named after a verb that has below it what the verb can be about.
func byVerb(c *connection, name, short string) *cobra.Command {
	var commands []*cobra.Command
	for _, noun := range nouns {
		for _, newCommand := range noun.verbs {
			command := newCommand(c)
			if command.Name() != name {
				continue
			}
			withExample(command, noun.singular)
			command.Use = noun.singular + command.Use[len(name):]
			command.Aliases = []string{noun.plural}
			commands = append(commands, command)
		}
	}
	return group(c, name, short, commands...)
}

// group returns a command that only has others below it, all of which speak to an API.
func group(c *connection, use, short string, commands ...*cobra.Command) *cobra.Command {
	command := &cobra.Command{Use: use, Short: short}
	c.addFlags(command.PersistentFlags())
	command.AddCommand(commands...)
	return command
}
