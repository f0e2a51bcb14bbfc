// Command image makes a container image of a static program without a container engine: an archive that is an OCI layout,
// and that `docker load` reads as well. In the image are the program and certificate authorities to trust, nothing else.
package main

import (
	"flag"
	"fmt"
	"os"
	"path"
	"runtime"

	"github.com/velero-locations/velero-locations/hack/internal/archive"
)

// authoritiesPath is where Go programs look for certificate authorities, in the image and, first of all, on this machine.
const authoritiesPath = "/etc/ssl/certs/ca-certificates.crt"

// options of an image.
type options struct {
	program, authorities, name, architecture, output string
}

func main() {
	var o options
	flag.StringVar(&o.program, "program", "", "Static program that the image runs.")
	flag.StringVar(&o.authorities, "certificate-authorities", authoritiesPath, "File of the certificate authorities to trust.")
	flag.StringVar(&o.name, "name", "velero-locations:latest", "Name and tag of the image.")
	flag.StringVar(&o.architecture, "architecture", runtime.GOARCH, "Architecture that the program is built for.")
	flag.StringVar(&o.output, "output", "", "Archive to write.")
	flag.Parse()
	if err := o.run(); err != nil {
		fmt.Fprintf(os.Stderr, "image: %v\n", err)
		os.Exit(1)
	}
}

func (o options) run() error {
	program, err := os.ReadFile(o.program)
	if err != nil {
		return fmt.Errorf("reading the program: %w", err)
	}
	if err := checkStatic(program); err != nil {
		return fmt.Errorf("%s %w", o.program, err)
	}
	authorities, err := os.ReadFile(o.authorities)
	if err != nil {
		return fmt.Errorf("reading the certificate authorities (-certificate-authorities names another file): %w", err)
	}
	entrypoint := "/" + path.Base(o.program)
	image := image{
		name: o.name, architecture: o.architecture, entrypoint: entrypoint,
		files: []archive.File{
			{Path: entrypoint, Mode: 0o755, Data: program},
			{Path: authoritiesPath, Mode: 0o644, Data: authorities},
		},
	}
	packed, err := image.archive()
	if err != nil {
		return fmt.Errorf("making the image: %w", err)
	}
	if err := os.WriteFile(o.output, packed, 0o644); err != nil { // an image is for everybody
		return fmt.Errorf("writing the image: %w", err)
	}
	return nil
}
