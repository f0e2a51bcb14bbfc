// Command velero-locations serves Velero's API, with the storage to try it against. Each
// subcommand is a file of its own.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/component-base/logs"
	logsapi "k8s.io/component-base/logs/api/v1"
	_ "k8s.io/component-base/logs/json/register" // --logging-format=json
	"k8s.io/klog/v2"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/verbs"
	"github.com/velero-locations/velero-locations/internal/memory"
	"github.com/velero-locations/velero-locations/release"
)

func main() {
	if err := run(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, lastLine(filepath.Base(os.Args[0]), err))
		os.Exit(1)
	}
}

// loggedError ends a program whose logs are JSON.
type loggedError struct{ error }

// lastLine says why a program ends, in the format of its logs.
func lastLine(name string, err error) string {
	text := strings.TrimSpace(err.Error())
	if _, ok := err.(loggedError); ok { //nolint:errorlint // as it was made
		line, err := json.Marshal(struct {
			Milliseconds float64 `json:"ts"`
			Message      string  `json:"msg"`
			Error        string  `json:"err"`
		}{float64(time.Now().UnixMicro()) / 1000, name + " ends", text})
		if err == nil { // text and numbers can be encoded
			return string(line)
		}
	}
	return name + ": " + text
}

// run runs the command line until it is done, or until SIGINT or SIGTERM asks it to stop; a
// second signal ends the process at once.
func run(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	// A file that grows beyond what `ulimit -f` allows fails the write, as one on a full disk does, instead of ending the process.
	signal.Ignore(syscall.SIGXFSZ)

	// A link with the name of another command behaves as that command.
	name := "velero-locations"
	switch filepath.Base(args[0]) {
	case "kubectl":
		return runKubectl(args[1:])
	case "velero":
		name = "velero" // for which the verbs of Velero's own client are there, among the others
	}
	if err := release.Current().Announce(); err != nil {
		return err
	}
	root, err := newRootCommand(name)
	if err != nil {
		return err
	}
	root.SetArgs(args[1:])
	err = root.ExecuteContext(ctx)
	if err != nil && root.PersistentFlags().Lookup("logging-format").Value.String() == logsapi.JSONLogFormat {
		return loggedError{err}
	}
	return err
}

func newRootCommand(name string) (*cobra.Command, error) {
	root := &cobra.Command{
		Use:           name,
		Short:         "Velero's API, served so that a backup location that cannot work is refused when it is typed",
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       release.Current().Version,
	}
	logging := logsapi.NewLoggingConfiguration()
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := setUpLogs(logging); err != nil {
			return err
		}
		if err := memory.FollowCgroup(cmd.Context()); err != nil {
			klog.InfoS("There is no limit of memory to go by", "reason", err.Error())
		}
		return nil
	}

	apiserver, err := newAPIServerCommand()
	if err != nil {
		return nil, err
	}
	servers := []*cobra.Command{newDevCommand(), apiserver, newControllerCommand(), newSimulatorCommand()}
	addLogFlags(logging, root, servers)
	root.AddCommand(servers...)
	root.AddCommand(newKubectlCommand(), newEtcdCommand(), newMigrateCommand())
	root.AddCommand(verbs.Commands(genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}, checkLocation)...)
	root.InitDefaultCompletionCmd()
	refuseOthers(root)
	return root, nil
}

// addLogFlags adds the flags about logs to all commands, and tells of them in the help of those that have much to log. Of the
// others only the verbosity is told.
func addLogFlags(logging *logsapi.LoggingConfiguration, root *cobra.Command, servers []*cobra.Command) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	logsapi.AddFlags(logging, flags)
	flags.VisitAll(func(flag *pflag.Flag) {
		everywhere := *flag
		root.PersistentFlags().AddFlag(&everywhere)
		if flag.Shorthand != "" {
			return
		}
		everywhere.Hidden = true
		for _, server := range servers {
			server.Flags().AddFlag(flag)
		}
	})
}

// setUpLogs shows warnings and errors only, unless flags ask for more.
func setUpLogs(logging *logsapi.LoggingConfiguration) error {
	logs.InitLogs()
	defer func() { slog.SetDefault(slog.New(logr.ToSlogHandler(klog.Background()))) }() // where the simulator logs, which knows nothing of klog
	if logging.Verbosity > 0 || logging.Format != logsapi.DefaultLogFormat {
		if err := logsapi.ValidateAndApply(logging, nil); err != nil {
			return fmt.Errorf("setting up logs: %w", err)
		}
		return nil
	}
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	for _, setting := range [][2]string{{"legacy_stderr_threshold_behavior", "false"}, {"stderrthreshold", "WARNING"}} {
		if err := flags.Set(setting[0], setting[1]); err != nil {
			return fmt.Errorf("setting up logs: %s: %w", setting[0], err)
		}
	}
	return nil
}
