// Package keyvalues reads flags that hold pairs. It is small, so that it can be fuzzed: a fuzzer looks at all that is linked, after each run.
package keyvalues

import (
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// Map is a flag of the form KEY=VALUE,KEY=VALUE: a line of CSV, so that a value with a comma
// can be quoted ("KEY=a,b"). It may be repeated; the last value of a key counts.
type Map map[string]string

var _ pflag.Value = Map{}

// Set adds the pairs of a value; more lines are more pairs.
func (m Map) Set(value string) error {
	reader := csv.NewReader(strings.NewReader(value))
	reader.LazyQuotes = true
	reader.FieldsPerRecord = -1
	lines, err := reader.ReadAll()
	if err != nil {
		return fmt.Errorf("reading %q as KEY=VALUE,...: %w", value, err)
	}
	for _, pair := range slices.Concat(lines...) {
		key, value, found := strings.Cut(pair, "=")
		if key = strings.TrimSpace(key); !found || key == "" {
			return fmt.Errorf("%q is not KEY=VALUE", pair)
		}
		m[key] = value
	}
	return nil
}

// String shows the pairs in the order of their keys.
func (m Map) String() string {
	pairs := make([]string, 0, len(m))
	for key, value := range m {
		pairs = append(pairs, key+"="+value)
	}
	slices.Sort(pairs)
	return strings.Join(pairs, ",")
}

// Type is what help calls the value.
func (m Map) Type() string { return "KEY=VALUE,..." }

// Over returns the pairs and others, whose values give way.
func (m Map) Over(others map[string]string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, others)
	maps.Copy(all, m)
	return all
}
