// Command providers prints docs/providers.md, the settings of all providers, from the tables that
// validation reads.
package main

import (
	"fmt"

	"github.com/velero-locations/velero-locations/locations/provider"
)

func main() { fmt.Print(provider.Markdown()) }
