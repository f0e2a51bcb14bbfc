package verbs

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/printers"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// formats that --output knows.
var formats = []string{"table", "json", "yaml", "name"}

// output says how objects are printed.
type output struct {
	format       string
	encoding     genericclioptions.JSONYamlPrintFlags
	showLabels   bool
	labelColumns []string
}

// column of a table. A cell is one line.
type column[T object] struct {
	name string
	cell func(T) string
}

// addFlags also has a wrong format refused before anything is sent.
func (o *output) addFlags(cmd *cobra.Command, usage string) {
	flags := cmd.Flags()
	flags.StringVarP(&o.format, "output", "o", "", usage+" One of: "+strings.Join(formats, ", "))
	flags.BoolVar(&o.showLabels, "show-labels", false, "Show a column of labels in a table")
	flags.StringSliceVarP(&o.labelColumns, "label-columns", "L", nil, "Labels to show in a table as columns of their own")
	o.encoding.AddFlags(cmd)
	completeFlag(cmd, "output", formats...)
	check := cmd.Args
	if check == nil {
		check = cobra.ArbitraryArgs
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if _, err := o.printer(); err != nil {
			return err
		}
		return check(cmd, args)
	}
}

// wanted says whether the user asked for a format.
func (o *output) wanted() bool { return o.format != "" }

// table says whether objects are shown as rows.
func (o *output) table() bool { return o.format == "" || o.format == "table" }

func (o *output) printer() (printers.ResourcePrinter, error) {
	switch o.format {
	case "", "table":
		return printers.NewTablePrinter(printers.PrintOptions{ShowLabels: o.showLabels, ColumnLabels: o.labelColumns}), nil
	case "json", "yaml":
		return o.encoding.ToPrinter(o.format)
	case "name":
		return &printers.NamePrinter{ShortOutput: true}, nil
	default:
		return nil, fmt.Errorf("--output %q: want one of %s", o.format, strings.Join(formats, ", "))
	}
}

// print prints objects: one alone as itself, several as a list.
func (k kind[T, L]) print(c *connection, out output, items ...T) error {
	printer, err := out.printer()
	if err != nil {
		return err
	}
	if k.compare != nil {
		slices.SortStableFunc(items, k.compare)
	}
	objects := make([]runtime.Object, len(items))
	for i, item := range items {
		item.GetObjectKind().SetGroupVersionKind(v1.SchemeGroupVersion.WithKind(k.apiKind))
		objects[i] = item
	}
	switch {
	case out.table():
		return printer.PrintObj(k.table(items), c.Out)
	case out.format == "name":
		return printEach(printer, objects, c.Out)
	case len(objects) == 1:
		return printer.PrintObj(objects[0], c.Out)
	}
	list := k.newList()
	list.GetObjectKind().SetGroupVersionKind(v1.SchemeGroupVersion.WithKind(k.apiKind + "List"))
	if err := meta.SetList(list, objects); err != nil {
		return fmt.Errorf("making a list of %s: %w", k.plural, err)
	}
	return printer.PrintObj(list, c.Out)
}

func printEach(printer printers.ResourcePrinter, objects []runtime.Object, w io.Writer) error {
	for _, object := range objects {
		if err := printer.PrintObj(object, w); err != nil {
			return err
		}
	}
	return nil
}

// table makes a row of each object.
func (k kind[T, L]) table(items []T) *metav1.Table {
	columns := k.columns(items)
	table := &metav1.Table{ColumnDefinitions: []metav1.TableColumnDefinition{{Name: "Name"}}}
	for _, column := range columns {
		table.ColumnDefinitions = append(table.ColumnDefinitions, metav1.TableColumnDefinition{Name: column.name})
	}
	for _, item := range items {
		cells := []any{item.GetName()}
		for _, column := range columns {
			cells = append(cells, column.cell(item))
		}
		table.Rows = append(table.Rows, metav1.TableRow{Cells: cells, Object: runtime.RawExtension{Object: item}})
	}
	return table
}
