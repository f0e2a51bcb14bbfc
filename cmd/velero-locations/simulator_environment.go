package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/velero-locations/velero-locations/internal/spelling"
	"github.com/velero-locations/velero-locations/simulator/control"
)

// variablePrefix begins the names of the environment variables that stand for flags.
const variablePrefix = control.AddressVariable + "_"

// variableOf is the environment variable that stands for a flag: VELERO_LOCATIONS_SIMULATOR_ACCESS_KEY for --access-key.
func variableOf(flag string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// readEnvironment gives flags that are not given the values of their variables. An empty one is not given, as compose files have it.
func readEnvironment(flags *pflag.FlagSet) (err error) {
	variables := map[string]bool{}
	flags.VisitAll(func(flag *pflag.Flag) {
		variable := variableOf(flag.Name)
		variables[variable] = true
		value := os.Getenv(variable)
		if flag.Changed || value == "" || err != nil {
			return
		}
		if problem := flag.Value.Set(value); problem != nil {
			err = fmt.Errorf("environment variable %s: %w", variable, problem)
		}
	})
	if err != nil {
		return err
	}
	return misspelt(slices.Sorted(maps.Keys(variables)))
}

// misspelt refuses a variable that nobody reads and whose name is near to one that is read. Others are left alone: Kubernetes makes some
// for a Service called velero-locations-simulator.
func misspelt(variables []string) error {
	var names []string
	for _, variable := range variables {
		names = append(names, strings.TrimPrefix(variable, variablePrefix))
	}
	for _, setting := range os.Environ() {
		variable, value, _ := strings.Cut(setting, "=")
		name, found := strings.CutPrefix(variable, variablePrefix)
		if !found || value == "" || slices.Contains(names, name) || strings.HasPrefix(name, "SERVICE_") || strings.HasPrefix(name, "PORT") {
			continue
		}
		if meant := spelling.Nearest(name, names); meant != "" {
			return fmt.Errorf("environment variable %s: there is no such setting; %s is one", variable, variablePrefix+meant)
		}
	}
	return nil
}
