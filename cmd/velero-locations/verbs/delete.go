package verbs

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

	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
)

// delete deletes objects, once it was confirmed. What is in a location's bucket stays, unless the kind has it removed.
func (k kind[T, L]) delete(c *connection) *cobra.Command {
	var (
		choice    choice
		confirmed bool
		dry       dryRun
	)
	cmd := &cobra.Command{
		Use:   "delete [NAME...]",
		Short: k.deletes,
		Args:  choice.check("delete"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !confirmed {
				yes, err := c.confirm(cmd.Context())
				if err != nil || !yes {
					return err
				}
			}
			return k.each(cmd.Context(), c, choice.of(args), func(clientset versioned.Interface, object T) error {
				return k.deleteOne(cmd.Context(), c, clientset, object, dry)
			})
		},
		ValidArgsFunction: k.completeNames(c, -1),
	}
	choice.addFlags(cmd, "Delete", k.plural)
	cmd.Flags().BoolVar(&confirmed, "confirm", false, "Do not ask")
	dry.addFlag(cmd)
	return cmd
}

// deleteOne deletes the very object that was found: one made since under the same name stays.
func (k kind[T, L]) deleteOne(ctx context.Context, c *connection, clientset versioned.Interface, object T, dry dryRun) error {
	remove := k.remove
	if remove == nil {
		remove = func(ctx context.Context, clientset versioned.Interface, object T, dry dryRun) error {
			uid := object.GetUID()
			return k.client(clientset, object.GetNamespace()).Delete(ctx, object.GetName(),
				metav1.DeleteOptions{DryRun: dry.option(), Preconditions: &metav1.Preconditions{UID: &uid}})
		}
	}
	if err := remove(ctx, clientset, object, dry); err != nil {
		return err
	}
	fmt.Fprintf(c.Out, k.deleted+"\n", object.GetName(), dry.suffix())
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
