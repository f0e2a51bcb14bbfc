package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"
)

// listFormat is how a list is printed: as a table, or in full as JSON or YAML. It is a flag's value.
type listFormat string

func (f *listFormat) addFlag(cmd *cobra.Command) {
	cmd.Flags().VarP(f, "output", "o", "json or yaml prints everything that is known.")
}

// Set implements pflag.Value.
func (f *listFormat) Set(value string) error {
	switch value {
	case "", "json", "yaml":
		*f = listFormat(value)
		return nil
	}
	return errors.New("must be json or yaml")
}

// String implements pflag.Value.
func (f *listFormat) String() string { return string(*f) }

// Type implements pflag.Value.
func (*listFormat) Type() string { return "format" }

// print prints a list; table writes it as rows of cells that tabs stand between.
func (f listFormat) print(w io.Writer, list any, table func(io.Writer) error) error {
	switch f {
	case "json":
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(list)
	case "yaml":
		data, err := yaml.Marshal(list)
		if err != nil {
			return fmt.Errorf("encoding the list: %w", err)
		}
		_, err = w.Write(data)
		return err
	}
	rows := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if err := table(rows); err != nil {
		return err
	}
	return rows.Flush()
}
