package e2e

import (
	"context"
	"flag"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"

	"k8s.io/klog/v2"

	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// otherFlags are differences that stay, each with the reason. klog's own flags are not looked at: they are about files of logs,
// which a client does not write.
var otherFlags = map[string]string{
	"Velero has --features VALUE":          "none of the verbs that we have depends on a feature",
	"--access-mode is --access-mode VALUE": "the help of Velero's client leaves out that it has a value",
}

// TestFlags compares the flags of Velero's own client with ours, for every verb that both have. What Velero adds fails by name.
func TestFlags(t *testing.T) {
	c := flagComparison{
		theirs: helper(t, "velero"), ours: helper(t, "velero-locations"),
		klog: flag.NewFlagSet("klog", flag.ContinueOnError), differences: map[string]bool{},
	}
	klog.InitFlags(c.klog)
	c.below(t, "", c.theirs(""), c.ours(""))
	for difference, reason := range otherFlags {
		if !c.differences[difference] {
			t.Errorf("accepted, but not there any more: %s (%s)", difference, reason)
		}
	}
	if c.verbs < 30 {
		t.Errorf("only %d verbs are in both", c.verbs)
	}
}

// helps are what programs have told for help, by the program and the command: to ask for each takes a quarter of a second.
var helps sync.Map

// helper returns what a program, under the name velero, tells for help about a command; nothing if it has no such command.
func helper(t *testing.T, program string) func(command string) string {
	t.Helper()
	tool, home := cluster.Tool(t, program), t.TempDir()
	return func(command string) string {
		if help, told := helps.Load(program + " " + command); told {
			return help.(string)
		}
		cmd := exec.CommandContext(context.Background(), tool, append(strings.Fields(command), "--help")...)
		cmd.Args[0], cmd.Env = "velero", []string{"HOME=" + home}
		help, err := cmd.Output()
		if err != nil {
			help = nil
		}
		helps.Store(program+" "+command, string(help))
		return string(help)
	}
}

type flagComparison struct {
	theirs, ours func(command string) string
	klog         *flag.FlagSet
	verbs        int
	differences  map[string]bool
}

var (
	commandList = regexp.MustCompile(`(?s)Available Commands:\n(.*?)\n\n`)
	aliasList   = regexp.MustCompile(`Aliases:\n +(.*)\n`)
	flagLine    = regexp.MustCompile(`(?m)^ +(-\w, )?--([\w-]+)(?: (.*?))?   `)
)

// below compares the commands below one that both have.
func (c *flagComparison) below(t *testing.T, path, theirs, ours string) {
	t.Helper()
	list := commandList.FindStringSubmatch(theirs)
	if list == nil {
		return
	}
	for line := range strings.Lines(list[1]) {
		name := strings.Fields(line)[0]
		command := strings.TrimSpace(path + " " + name)
		help := c.ours(command)
		// Of a command that there is not, cobra tells the help of the one above it. Two commands are cobra's own.
		if help == "" || help == ours || name == "help" || name == "completion" {
			continue
		}
		their := c.theirs(command)
		c.compare(t, command, their, help)
		c.below(t, command, their, help)
	}
}

// compare compares one command: by its aliases, which are the same command, and by its flags.
func (c *flagComparison) compare(t *testing.T, command, theirs, ours string) {
	t.Helper()
	c.verbs++
	if aliases := aliasList.FindStringSubmatch(theirs); aliases != nil {
		for _, alias := range strings.Split(aliases[1], ", ") {
			if c.ours(command[:strings.LastIndex(command, " ")+1]+alias) != ours {
				t.Errorf("velero %s: Velero has the alias %s", command, alias)
			}
		}
	}
	have := flags(ours)
	for name, form := range flags(theirs) {
		if form == have[name] || c.klog.Lookup(name) != nil {
			continue
		}
		difference := form + " is " + have[name]
		if have[name] == "" {
			difference = "Velero has " + form
		}
		if c.differences[difference] = true; otherFlags[difference] == "" {
			t.Errorf("velero %s: %s", command, difference)
		}
	}
}

// flags that a help tells of, by name: with the letter that is short for it, and whether it goes without a value.
func flags(help string) map[string]string {
	found := map[string]string{}
	for _, line := range flagLine.FindAllStringSubmatch(help, -1) {
		short, name, value := line[1], line[2], line[3]
		found[name] = short + "--" + name
		if value = strings.TrimSpace(value); value != "" && !strings.Contains(value, "[=") {
			found[name] += " VALUE"
		}
	}
	return found
}
