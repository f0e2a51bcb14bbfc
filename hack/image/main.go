// Command image makes a container image of a static program without a container engine: an archive that is an OCI layout,
// and that `docker load` reads as well. In the image are the program, the programs that it needs beside it and certificate authorities
// to trust, nothing else.
package main

import (
	"flag"
	"fmt"
	"os"
	"path"
	"runtime"
	"strings"

	"github.com/velero-locations/velero-locations/hack/internal/archive"
)

// authoritiesPath is where Go programs look for certificate authorities, in the image and, first of all, on this machine.
const authoritiesPath = "/etc/ssl/certs/ca-certificates.crt"

// options of an image.
type options struct {
	program, authorities, name, architecture, scratch, output string
	// beside are the programs beside the first one, each as FILE=PATH.
	beside []string
	// arguments are those of the first one; the others are of the image.
	arguments, environment, ports, health []string
}

func main() {
	var o options
	flag.StringVar(&o.program, "program", "", "Static program that the image runs, as FILE or as FILE=PATH; in the image it has the PATH, else its name at the root.")
	flag.Func("beside", "Static program that is there, too, as FILE=PATH. May be repeated.", list(&o.beside))
	flag.Func("argument", "Argument that the program has where none are given. May be repeated.", list(&o.arguments))
	flag.Func("environment", "Environment variable of the program, as NAME=value. May be repeated.", list(&o.environment))
	flag.Func("port", "Port that the program serves. May be repeated.", list(&o.ports))
	flag.Func("health", "Argument by which the program says whether it is well. May be repeated.", list(&o.health))
	flag.StringVar(&o.scratch, "scratch", "", "Folder to make, which the program may write to and takes for its home.")
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

// list returns what adds a flag's value to a list.
func list(to *[]string) func(string) error {
	return func(value string) error {
		*to = append(*to, value)
		return nil
	}
}

func (o options) run() error {
	var files []archive.File
	for _, program := range append([]string{o.program}, o.beside...) {
		f, err := readProgram(program)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	authorities, err := os.ReadFile(o.authorities)
	if err != nil {
		return fmt.Errorf("reading the certificate authorities (-certificate-authorities names another file): %w", err)
	}
	image := image{
		name: o.name, architecture: o.architecture, entrypoint: files[0].Path, arguments: o.arguments, scratch: o.scratch,
		environment: o.environment, ports: o.ports, health: o.health,
		files: append(files, archive.File{Path: authoritiesPath, Mode: 0o644, Data: authorities}),
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

// readProgram reads a program that is given as FILE or FILE=PATH.
func readProgram(given string) (archive.File, error) {
	from, to, found := strings.Cut(given, "=")
	if !found {
		to = "/" + path.Base(from)
	}
	program, err := os.ReadFile(from)
	if err != nil {
		return archive.File{}, fmt.Errorf("reading the program: %w", err)
	}
	if err := checkStatic(program); err != nil {
		return archive.File{}, fmt.Errorf("%s %w", from, err)
	}
	return archive.File{Path: to, Mode: 0o755, Data: program}, nil
}
