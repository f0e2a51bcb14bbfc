package verbs

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// secretKey is a flag of the form SECRET=KEY, given at most once.
type secretKey struct {
	name, key string
	// removable says that an empty value means no Secret, and is no mistake.
	removable bool
}

var _ pflag.Value = &secretKey{}

const (
	credentialUsage       = "Key of a Secret, in the location's namespace, that holds the provider's credentials file"
	credentialChangeUsage = credentialUsage + `; "" removes it, so that the location uses those of the server`
)

// Set parses the one Secret and its key.
func (s *secretKey) Set(value string) error {
	if value == "" && s.removable {
		return nil
	}
	name, key, _ := strings.Cut(value, "=")
	if name == "" || key == "" || strings.ContainsAny(key, ",=") || strings.Contains(name, ",") {
		return errors.New("want SECRET=KEY: one Secret of the location's namespace, and a key of it")
	}
	if s.name != "" {
		return errors.New("given twice: a location has one credential")
	}
	s.name, s.key = name, key
	return nil
}

// String shows what was given.
func (s *secretKey) String() string {
	if s.name == "" {
		return ""
	}
	return s.name + "=" + s.key
}

// Type is what help calls the value.
func (s *secretKey) Type() string { return "SECRET=KEY" }

// selector returns nil if the flag was not given.
func (s *secretKey) selector() *corev1.SecretKeySelector {
	if s.name == "" {
		return nil
	}
	return &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: s.name}, Key: s.key}
}

// patch replaces whatever the field holds; nil, which is null in JSON, removes it.
func (s *secretKey) patch() map[string]any {
	if s.name == "" {
		return nil
	}
	return map[string]any{"name": s.name, "key": s.key, "optional": nil}
}

// count is a flag of how many there are to be. Nought leaves that open.
type count int

var _ pflag.Value = new(count)

// Set parses a number that is not negative.
func (n *count) Set(value string) error {
	parsed, err := strconv.ParseInt(value, 10, 32)
	if err != nil || parsed < 0 {
		return errors.New("want a whole number that is not negative")
	}
	*n = count(parsed)
	return nil
}

// String shows what was given.
func (n *count) String() string { return strconv.Itoa(int(*n)) }

// Type is what help calls the value.
func (n *count) Type() string { return "int" }

// patience is the flag --timeout: how long to wait.
type patience time.Duration

var _ pflag.Value = new(patience)

// addTimeout adds the flag, of which the value is the default.
func addTimeout(cmd *cobra.Command, value *time.Duration, usage string) {
	cmd.Flags().Var((*patience)(value), "timeout", usage)
}

// Set knows no time that is over before anything is asked.
func (p *patience) Set(value string) error {
	parsed, err := time.ParseDuration(value)
	if err != nil || parsed <= 0 {
		return errors.New("want a time above 0, as 90s")
	}
	*p = patience(parsed)
	return nil
}

// String shows what was given, or the default.
func (p *patience) String() string { return time.Duration(*p).String() }

// Type is what help calls the value.
func (p *patience) Type() string { return "duration" }

// dryRun is the flag --dry-run: whether the server is to check a request, and not to carry it out.
type dryRun bool

var _ pflag.Value = new(dryRun)

func (d *dryRun) addFlag(cmd *cobra.Command) {
	cmd.Flags().Var(d, "dry-run", `"none" or "server": whether the server only checks the request, with all its errors and warnings`)
	completeFlag(cmd, "dry-run", "none", "server")
}

// Set knows two values; what a client alone could check is not worth a third.
func (d *dryRun) Set(value string) error {
	if value != "none" && value != "server" {
		return errors.New(`want "none" or "server"`)
	}
	*d = value == "server"
	return nil
}

// String shows what was given, or the default.
func (d *dryRun) String() string {
	if *d {
		return "server"
	}
	return "none"
}

// Type is what help calls the value.
func (d *dryRun) Type() string { return "string" }

func (d dryRun) option() []string {
	if d {
		return []string{metav1.DryRunAll}
	}
	return nil
}

// suffix marks a message about what did not really happen.
func (d dryRun) suffix() string {
	if d {
		return " (server dry run)"
	}
	return ""
}

// oneName accepts exactly one argument, the name of what is called by the noun.
func oneName(noun string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("want the name of one %s, got %d names", noun, len(args))
		}
		return nil
	}
}

// require marks flags that must be given.
func require(cmd *cobra.Command, flags ...string) {
	for _, flag := range flags {
		_ = cmd.MarkFlagRequired(flag) // fails only for a flag that there is not; tests see that
	}
}

// optionalBool is a flag that says true, false, or nothing.
type optionalBool struct {
	value *bool
}

var _ pflag.Value = &optionalBool{}

// addFlag adds a flag that, without a value, says true.
func (b *optionalBool) addFlag(flags *pflag.FlagSet, name, usage string) {
	flags.VarPF(b, name, "", usage).NoOptDefVal = "true"
}

// Set parses a value; an empty one says nothing.
func (b *optionalBool) Set(value string) error {
	if value == "" {
		b.value = nil
		return nil
	}
	parsed, err := strconv.ParseBool(value)
	if err != nil {
		return errors.New("want true or false")
	}
	b.value = &parsed
	return nil
}

// String shows what was given.
func (b *optionalBool) String() string {
	if b.value == nil {
		return ""
	}
	return strconv.FormatBool(*b.value)
}

// Type is what help calls the value.
func (b *optionalBool) Type() string { return "true|false" }

// selector is a flag that selects by labels.
type selector struct {
	*metav1.LabelSelector
}

var _ pflag.Value = &selector{}

// Set parses the form that kubectl has for selectors, too.
func (s *selector) Set(value string) error {
	parsed, err := metav1.ParseToLabelSelector(value)
	if err != nil {
		return err
	}
	s.LabelSelector = parsed
	return nil
}

// String shows what was given.
func (s *selector) String() string {
	if s.LabelSelector == nil {
		return ""
	}
	return metav1.FormatLabelSelector(s.LabelSelector)
}

// Type is what help calls the value.
func (s *selector) Type() string { return "SELECTOR" }

// selectors is a flag of selectors with " or " between them.
type selectors []*metav1.LabelSelector

var _ pflag.Value = &selectors{}

// Set parses all of them; the last time counts.
func (s *selectors) Set(value string) error {
	*s = nil
	for one := range strings.SplitSeq(value, " or ") {
		var parsed selector
		if err := parsed.Set(one); err != nil {
			return err
		}
		*s = append(*s, parsed.LabelSelector)
	}
	return nil
}

// String shows what was given.
func (s *selectors) String() string {
	texts := make([]string, 0, len(*s))
	for _, one := range *s {
		texts = append(texts, metav1.FormatLabelSelector(one))
	}
	return strings.Join(texts, " or ")
}

// Type is what help calls the value.
func (s *selectors) Type() string { return "SELECTOR or SELECTOR..." }

// mappings is a flag of the form OLD:NEW,OLD:NEW.
type mappings map[string]string

var _ pflag.Value = mappings{}

// Set adds the pairs of a value.
func (m mappings) Set(value string) error {
	for pair := range strings.SplitSeq(value, ",") {
		from, to, found := strings.Cut(strings.TrimSpace(pair), ":")
		if !found || from == "" || to == "" || strings.Contains(to, ":") {
			return fmt.Errorf("%q is not of the form OLD:NEW", pair)
		}
		if other, twice := m[from]; twice && other != to {
			return fmt.Errorf("%q is to become both %q and %q: want one name", from, other, to)
		}
		m[from] = to
	}
	return nil
}

// String shows the pairs by their keys.
func (m mappings) String() string {
	pairs := make([]string, 0, len(m))
	for _, from := range slices.Sorted(maps.Keys(m)) {
		pairs = append(pairs, from+":"+m[from])
	}
	return strings.Join(pairs, ",")
}

// Type is what help calls the value.
func (m mappings) Type() string { return "OLD:NEW,..." }

// lists is a flag of the form KEY=A,B;KEY=C: an order for each key, kept as it was typed.
type lists map[string]string

var _ pflag.Value = lists{}

// Set adds the orders of a value.
func (l lists) Set(value string) error {
	for entry := range strings.SplitSeq(value, ";") {
		key, order, found := strings.Cut(entry, "=")
		key, order = strings.TrimSpace(key), strings.TrimSpace(order)
		if !found || key == "" || strings.Contains(order, "=") {
			return fmt.Errorf("%q is not of the form RESOURCE=NAME,NAME", entry)
		}
		l[key] = order
	}
	return nil
}

// String shows the orders by their keys.
func (l lists) String() string {
	entries := make([]string, 0, len(l))
	for _, key := range slices.Sorted(maps.Keys(l)) {
		entries = append(entries, key+"="+l[key])
	}
	return strings.Join(entries, ";")
}

// Type is what help calls the value.
func (l lists) Type() string { return "RESOURCE=NAME,...;..." }
