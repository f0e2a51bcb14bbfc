package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/velero-locations/velero-locations/simulator"
)

const simulatorExamples = "../../examples/simulator"

// configured is the configuration that a container has with arguments and an environment, in which all variables must be known.
func configured(t *testing.T, args []string, environment map[string]string) *simulator.Config {
	t.Helper()
	var o simulatorOptions
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	o.flags.add(flags)
	o.announcement.addFlags(flags)
	if len(args) == 0 || args[0] != "simulator" {
		t.Fatalf("it runs %q", args)
	}
	if err := flags.Parse(args[1:]); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	flags.VisitAll(func(flag *pflag.Flag) { known[variableOf(flag.Name)] = true })
	for name, value := range environment {
		if !known[name] {
			t.Errorf("%s is no variable of the simulator", name)
		}
		t.Setenv(name, value)
	}
	if err := readEnvironment(flags); err != nil {
		t.Fatal(err)
	}
	config, err := o.load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// TestVariablesAreDocumented: what can be set is in the table of the page.
func TestVariablesAreDocumented(t *testing.T) {
	page := string(readExample(t, "../../docs/simulator.md"))
	var o simulatorOptions
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	o.flags.add(flags)
	o.announcement.addFlags(flags)
	flags.VisitAll(func(flag *pflag.Flag) {
		if name := strings.TrimPrefix(variableOf(flag.Name), variablePrefix); !strings.Contains(page, "`"+name+"`") {
			t.Errorf("the page does not tell of %s", name)
		}
	})
}

// outside are the ports that are served where others reach them.
func outside(config *simulator.Config) (ports []string) {
	for _, address := range []string{config.S3.Address, config.EC2.Address, config.Clouds.Address, config.Metadata.Address, config.Control.Address} {
		if host, port, err := net.SplitHostPort(address); err == nil && (host == "" || host == "0.0.0.0") {
			ports = append(ports, port)
		}
	}
	return ports
}

// decodeExample decodes a file, in which there is nothing that is not known.
func decodeExample(t *testing.T, data []byte, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict(data, into); err != nil {
		t.Fatal(err)
	}
}

func readExample(t *testing.T, path ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

type composeService struct {
	Image       string
	Environment map[string]string
	Command     []string
	Ports       []string
	Volumes     []string
	ReadOnly    bool     `json:"read_only"`
	CapDrop     []string `json:"cap_drop"`
	SecurityOpt []string `json:"security_opt"`
	Healthcheck struct {
		Test              []string
		Interval, Timeout string
		Retries           int
		StartPeriod       string `json:"start_period"`
		StartInterval     string `json:"start_interval"`
	}
}

// TestComposeExample reads the compose file as the program does what it says.
func TestComposeExample(t *testing.T) {
	var compose struct {
		Services map[string]composeService
		Volumes  map[string]struct{}
	}
	decodeExample(t, readExample(t, simulatorExamples, "compose.yaml"), &compose)
	service := compose.Services["simulator"]
	if !slices.Contains(service.Volumes, "./seed:/seed:ro") || !slices.Contains(service.Volumes, "state:/data") || service.Environment["VELERO_LOCATIONS_SIMULATOR_SEED"] != "/seed" {
		t.Errorf("its volumes are %v", service.Volumes)
	}
	service.Environment["VELERO_LOCATIONS_SIMULATOR_SEED"] = filepath.Join(simulatorExamples, "seed") // as it is mounted
	config := configured(t, service.Command, service.Environment)
	if key := config.Accounts[0].AccessKeys[0]; key.ID != "AKIACOMPOSE" || config.Regions[0] != "eu-central-1" || !strings.HasPrefix(config.DataDir, "/data/") {
		t.Errorf("its key is %s, in %v, in %s", key, config.Regions, config.DataDir)
	}
	for _, bucket := range config.Accounts[0].Buckets {
		if bucket.Name == "velero" && (len(bucket.Objects) != 1 || bucket.Region != "eu-central-1") {
			t.Errorf("bucket velero is in %s with %v", bucket.Region, bucket.Objects)
		}
	}
	for _, mapping := range service.Ports {
		parts := strings.Split(mapping, ":")
		if len(parts) != 3 || parts[0] != "127.0.0.1" || parts[1] != parts[2] || !slices.Contains(outside(config), parts[2]) {
			t.Errorf("%s is not a port of %v on loopback", mapping, outside(config))
		}
	}
	wantVerb(t, service.Healthcheck.Test)
}

// wantVerb fails the test unless a check of health is a command that there is.
func wantVerb(t *testing.T, check []string) {
	t.Helper()
	if len(check) < 3 || check[0] != "CMD" || check[1] != "/velero-locations" {
		t.Fatalf("health is asked by %q", check)
	}
	root, err := newRootCommand("velero-locations")
	if err != nil {
		t.Fatal(err)
	}
	if found, rest, err := root.Find(check[2:]); err != nil || found.Name() != "health" || len(rest) > 0 {
		t.Errorf("health is asked by %q: %v", check, err)
	}
}

// TestSimulatorImage compares what the Makefile says of the image with the program.
func TestSimulatorImage(t *testing.T) {
	_, target, _ := strings.Cut(string(readExample(t, "../../Makefile")), "\nimage-simulator:")
	target, _, _ = strings.Cut(target, "\n\n")
	values := func(flag string) (out []string) {
		for _, match := range regexp.MustCompile(`-`+flag+` (\S+)`).FindAllStringSubmatch(target, -1) {
			out = append(out, match[1])
		}
		return out
	}
	environment := map[string]string{}
	for _, setting := range values("environment") {
		name, value, _ := strings.Cut(setting, "=")
		environment[name] = value
	}
	served := outside(configured(t, values("argument"), environment))
	ports := values("port")
	slices.Sort(ports)
	slices.Sort(served)
	if !slices.Equal(ports, served) {
		t.Errorf("the image says that it serves %v, and serves %v", ports, served)
	}
	wantVerb(t, append([]string{"CMD", "/velero-locations"}, values("health")...))
}

// TestKubernetesExamples reads the manifests that run the simulator as the cluster and the program do what they say.
func TestKubernetesExamples(t *testing.T) {
	for name, test := range map[string]struct {
		path  string
		files map[string]string // that are mounted
	}{
		"example":   {simulatorExamples + "/kubernetes.yaml", nil},
		"component": {"../../deploy/components/simulator/simulator.yaml", map[string]string{"/etc/velero-locations/simulator.yaml": "../../deploy/components/simulator/configuration.yaml"}},
	} {
		t.Run(name, func(t *testing.T) {
			var deployment appsv1.Deployment
			var service corev1.Service
			var secret corev1.Secret
			for _, document := range bytes.Split(readExample(t, test.path), []byte("\n---\n")) {
				var kind metav1.TypeMeta
				if err := yaml.Unmarshal(document, &kind); err != nil {
					t.Fatal(err)
				}
				if into := map[string]any{"Deployment": &deployment, "Service": &service, "Secret": &secret}[kind.Kind]; into != nil {
					decodeExample(t, document, into)
				}
			}
			pod := deployment.Spec.Template.Spec
			container := pod.Containers[0]
			environment := map[string]string{}
			for _, variable := range container.Env {
				environment[variable.Name] = variable.Value
				if from := variable.ValueFrom; from != nil {
					environment[variable.Name] = secret.StringData[from.SecretKeyRef.Key]
				}
			}
			args := slices.Clone(container.Args)
			for i := range args {
				for mounted, file := range test.files {
					args[i] = strings.ReplaceAll(args[i], mounted, file)
				}
			}
			served := outside(configured(t, args, environment))
			if slices.Contains(served, "7446") {
				t.Error("the control API can be reached from outside")
			}
			names := map[string]bool{}
			for _, port := range container.Ports {
				names[port.Name] = true
				if !slices.Contains(served, strconv.Itoa(int(port.ContainerPort))) {
					t.Errorf("port %s, %d, is not one of %v", port.Name, port.ContainerPort, served)
				}
			}
			for _, port := range service.Spec.Ports {
				if !names[port.TargetPort.StrVal] {
					t.Errorf("the Service leads to %s, which there is not", port.TargetPort.StrVal)
				}
			}
			for _, probe := range []*corev1.Probe{container.ReadinessProbe, container.LivenessProbe} {
				if !names[probe.HTTPGet.Port.StrVal] || !slices.Contains([]string{"/readyz", "/healthz"}, probe.HTTPGet.Path) {
					t.Errorf("it is asked at %+v", probe.HTTPGet)
				}
			}
			if !*pod.SecurityContext.RunAsNonRoot || !*container.SecurityContext.ReadOnlyRootFilesystem || *container.SecurityContext.AllowPrivilegeEscalation {
				t.Errorf("it may do too much: %+v %+v", pod.SecurityContext, container.SecurityContext)
			}
		})
	}
}
