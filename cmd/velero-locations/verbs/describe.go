package verbs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
)

// description tells what there is to tell of an object, in Velero's words.
type description[T object] interface {
	addFlags(*cobra.Command)
	describe(context.Context, *connection, versioned.Interface, T) string
}

// solitary is a description that may be of one object only.
type solitary interface {
	// alone says, once the flags are parsed, whether it is.
	alone() bool
}

// describe describes objects: those of the names given, in their order, or all that flags pick.
func (k kind[T, L]) describe(c *connection) *cobra.Command {
	var (
		selector    string
		description = k.newDescription()
	)
	cmd := &cobra.Command{
		Use:   "describe [NAME...]",
		Short: "Describe " + k.plural,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && selector != "" {
				return errors.New("give either names or --selector, not both")
			}
			clientset, namespace, err := c.connect()
			if err != nil {
				return err
			}
			found, missing := k.find(cmd.Context(), k.client(clientset, namespace), args, selector)
			if s, ok := description.(solitary); ok && s.alone() && len(found) > 1 {
				return fmt.Errorf("--output json is of one %s, and there are %d: name one", k.short, len(found))
			}
			separator := ""
			for _, object := range found {
				fmt.Fprint(c.Out, separator+description.describe(cmd.Context(), c, clientset, object))
				separator = "\n\n"
			}
			return missing
		},
		ValidArgsFunction: k.completeNames(c, -1),
	}
	cmd.Flags().StringVarP(&selector, "selector", "l", "", "Only "+k.plural+" whose labels match this selector")
	description.addFlags(cmd)
	return cmd
}

// describer writes paragraphs in which what follows a tab is aligned.
type describer struct {
	out *tabwriter.Writer
	// prefix begins each line.
	prefix string
}

// describe returns what is written.
func describe(write func(*describer)) string {
	var text strings.Builder
	d := &describer{out: newTabWriter(&text)}
	write(d)
	_ = d.out.Flush() // to memory
	return text.String()
}

func newTabWriter(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 8, 2, ' ', 0) }

func (d *describer) printf(format string, args ...any) { fmt.Fprintf(d.out, d.prefix+format, args...) }

func (d *describer) println() { d.printf("\n") }

func (d *describer) metadata(object metav1.Object) {
	d.printf("Name:\t%s\n", object.GetName())
	d.printf("Namespace:\t%s\n", object.GetNamespace())
	d.pairs("Labels", object.GetLabels())
	d.pairs("Annotations", object.GetAnnotations())
}

func (d *describer) pairs(name string, pairs map[string]string) {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(pairs)) {
		lines = append(lines, key+"="+pairs[key])
	}
	d.lines("", name, lines)
}

// lines writes a name and, aligned after it, lines. Where there are none, Velero indents again.
func (d *describer) lines(indent, name string, lines []string) {
	if len(lines) == 0 {
		d.printf("%s%s:\t%s%s\n", indent, name, indent, none)
		return
	}
	for i, line := range lines {
		if i == 0 {
			d.printf("%s%s:\t%s\n", indent, name, line)
		} else {
			d.printf("%s\t%s\n", indent, line)
		}
	}
}

// none stands for what there is not.
const none = "<none>"

func orNone(s string) string {
	if s == "" {
		return none
	}
	return s
}

// listOr joins names; without any it is what stands for that.
func listOr(names []string, absent string) string {
	if len(names) == 0 {
		return absent
	}
	return strings.Join(names, ", ")
}

// choose says a flag; whether an absent one is yes or no is decided later.
func choose(flag *bool, yes, no string) string {
	switch {
	case flag == nil:
		return "auto"
	case *flag:
		return yes
	default:
		return no
	}
}
