package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/pflag"

	"github.com/velero-locations/velero-locations/internal/datadir"
	"github.com/velero-locations/velero-locations/simulator"
)

// toStdout is the name of a file that stands for the standard output.
const toStdout = "-"

// announcement is how a simulator says that it is ready, and where it is.
type announcement struct{ addresses, readyFile string }

func (a *announcement) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&a.addresses, "addresses", "", "File to write all addresses to as JSON once everything answers; - is the standard output, in place of the text there.")
	flags.StringVar(&a.readyFile, "ready-file", "", "File to make once everything answers, and to remove at the end.")
}

// withdraw removes what was announced, also by an earlier run: whoever waits for the files must not take it for this run's.
func (a *announcement) withdraw() error {
	for _, path := range []string{a.addresses, a.readyFile} {
		if path == "" || path == toStdout {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing what says that the simulator is ready: %w", err)
		}
	}
	return nil
}

// announce says where a simulator is that answers.
func (a *announcement) announce(stdout io.Writer, endpoints simulator.Endpoints) error {
	document, err := json.MarshalIndent(endpoints, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the addresses: %w", err)
	}
	document = append(document, '\n')
	switch a.addresses {
	case toStdout:
		_, err = stdout.Write(document)
	case "":
		printEndpoints(stdout, endpoints)
	default:
		printEndpoints(stdout, endpoints)
		err = datadir.WriteFile(a.addresses, document)
	}
	if err != nil {
		return fmt.Errorf("telling the addresses: %w", err)
	}
	if a.readyFile == "" {
		return nil
	}
	return datadir.WriteFile(a.readyFile, nil)
}
