package verbs

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
)

// choice says which objects a verb is about: those of the names given, all, or those of a selector.
type choice struct {
	names    []string
	all      bool
	selector string
}

func (o *choice) addFlags(cmd *cobra.Command, verb, plural string) {
	cmd.Flags().BoolVar(&o.all, "all", false, verb+" all "+plural+" of the namespace")
	cmd.Flags().StringVarP(&o.selector, "selector", "l", "", verb+" those whose labels match this selector")
}

// check refuses what leaves open which objects are meant.
func (o *choice) check(verb string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if countTrue(len(args) > 0, o.all, o.selector != "") != 1 {
			return fmt.Errorf("say what to %s by exactly one of: names, --all, --selector", verb)
		}
		return nil
	}
}

func (o *choice) of(names []string) choice {
	return choice{names, o.all, o.selector}
}

// each does something to each of the chosen objects, also if others cannot be found or done.
func (k kind[T, L]) each(ctx context.Context, c *connection, choice choice, do func(versioned.Interface, T) error) error {
	clientset, namespace, err := c.connect()
	if err != nil {
		return err
	}
	found, missing := k.find(ctx, k.client(clientset, namespace), choice.names, choice.selector)
	if len(found) == 0 && missing == nil {
		fmt.Fprintf(c.Out, "No %s found\n", k.plural)
	}
	errs := []error{missing}
	for _, object := range found {
		errs = append(errs, do(clientset, object))
	}
	return errors.Join(errs...)
}
