package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/printers"
)

// delete deletes locations, once it was confirmed. What is in the bucket stays.
func (k kind[T, L]) delete(c *connection) *cobra.Command {
	var (
		all, confirmed bool
		selector       string
		dry            dryRun
	)
	cmd := &cobra.Command{
		Use:   "delete [NAME...]",
		Short: "Delete " + k.plural + "; what is stored there stays",
		Args: func(_ *cobra.Command, args []string) error {
			if countTrue(len(args) > 0, all, selector != "") != 1 {
				return errors.New("say what to delete by exactly one of: names, --all, --selector")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if !confirmed {
				yes, err := c.confirm(cmd.Context())
				if err != nil || !yes {
					return err
				}
			}
			client, _, err := k.connect(c)
			if err != nil {
				return err
			}
			locations, missing := k.find(cmd.Context(), client, args, selector)
			if len(locations) == 0 && missing == nil {
				fmt.Fprintf(c.Out, "No %s found\n", k.plural)
			}
			errs := []error{missing}
			for _, location := range locations {
				errs = append(errs, k.deleteOne(cmd.Context(), c, client, location, dry))
			}
			return errors.Join(errs...)
		},
		ValidArgsFunction: k.completeNames(c, -1),
	}
	cmd.Flags().BoolVar(&all, "all", false, "Delete all "+k.plural+" of the namespace")
	cmd.Flags().StringVarP(&selector, "selector", "l", "", "Delete those with labels that this selector selects")
	cmd.Flags().BoolVar(&confirmed, "confirm", false, "Do not ask")
	dry.addFlag(cmd)
	return cmd
}

// deleteOne deletes the very location that was found: one made since under the same name stays.
func (k kind[T, L]) deleteOne(ctx context.Context, c *connection, client client[T, L], location T, dry dryRun) error {
	name, uid := location.GetName(), location.GetUID()
	err := client.Delete(ctx, name, metav1.DeleteOptions{DryRun: dry.option(), Preconditions: &metav1.Preconditions{UID: &uid}})
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Out, "%s %q deleted successfully%s.\n", k.noun, name, dry.suffix())
	return nil
}

// confirm asks whoever sits at the terminal. Where nobody does, that is an error.
func (c *connection) confirm(ctx context.Context) (bool, error) {
	if !printers.IsTerminal(c.In) {
		return false, errors.New("deleting must be confirmed: give --confirm, as the input is not a terminal")
	}
	return ask(ctx, c.In, c.Out)
}

// ask asks until the answer is yes or no, or there is no more input, which is no.
func ask(ctx context.Context, in io.Reader, out io.Writer) (bool, error) {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(in); scanner.Scan(); {
			select {
			case lines <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		fmt.Fprint(out, "Are you sure you want to continue (Y/N)? ")
		select {
		case line, ok := <-lines:
			switch strings.ToLower(strings.TrimSpace(line)) {
			case "y", "yes":
				return true, nil
			case "n", "no":
				return false, nil
			}
			if !ok {
				return false, nil
			}
		case <-ctx.Done():
			return false, errors.New("interrupted: nothing was deleted")
		}
	}
}

func countTrue(conditions ...bool) int {
	n := 0
	for _, condition := range conditions {
		if condition {
			n++
		}
	}
	return n
}
