package simulator

import (
	_ "embed" // for the configuration
	"fmt"
)

//go:embed default.yaml
var defaultConfig []byte

// Default returns the configuration of a cloud to try things in: that of the documentation, in memory and without faults.
func Default(changes ...Change) (*Config, error) {
	config, err := Parse(defaultConfig, changes...)
	if err != nil {
		return nil, fmt.Errorf("simulator configuration: %w", err)
	}
	return config, nil
}
