package simulator

import (
	_ "embed" // for the configuration
	"fmt"
)

//go:embed default.yaml
var defaultConfig []byte

// Default returns the configuration of a cloud to try things in: that of the documentation, in memory and without faults.
func Default() (*Config, error) {
	config, err := Parse(defaultConfig)
	if err != nil {
		return nil, fmt.Errorf("the simulator's own configuration: %w", err)
	}
	return config, nil
}
