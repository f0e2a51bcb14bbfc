// Package table turns objects into the rows that `kubectl get` prints.
package table

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metatable "k8s.io/apimachinery/pkg/api/meta/table"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/rest"
)

// Object is what a row is made from.
type Object interface {
	runtime.Object
	metav1.Object
}

// Column is one column of a kind's table, after the name.
type Column[T Object] struct {
	Name string
	// Type as OpenAPI names it: string, boolean, integer or date. Empty: string.
	Type string
	// Description is shown by clients that explain columns.
	Description string
	// Priority of a column that is shown only by `-o wide` is above 0, as in a CRD.
	Priority int32
	// Value returns the cell: a string, number or boolean; a *metav1.Time, shown as the time
	// that has passed since; or nil for an empty cell, which an empty string is, too.
	Value func(T) any
}

// Columns of a kind, in the order of the table.
type Columns[T Object] []Column[T]

// Age is the column that says how long ago an object was created.
func Age[T Object]() Column[T] {
	return Column[T]{
		Name:        "Age",
		Type:        "date",
		Description: "Time since the object was created.",
		Value: func(obj T) any {
			created := obj.GetCreationTimestamp()
			return &created
		},
	}
}

// NonZero is the cell of a value that is left empty when it is zero, as Velero's columns do with
// fields that are then absent.
func NonZero[V comparable](value V) any {
	var zero V
	if value == zero {
		return nil
	}
	return value
}

// Convertor makes tables of one kind. It honours TableOptions.NoHeaders and carries the list's
// resourceVersion, continue token and remaining count over.
type Convertor[T Object] struct {
	columns     Columns[T]
	definitions []metav1.TableColumnDefinition
}

var _ rest.TableConvertor = Convertor[Object]{}

// NewConvertor returns a convertor for a kind with these columns; the name comes first by itself.
func NewConvertor[T Object](columns Columns[T]) Convertor[T] {
	definitions := []metav1.TableColumnDefinition{{
		Name: "Name", Type: "string", Format: "name", Description: metav1.ObjectMeta{}.SwaggerDoc()["name"],
	}}
	for _, column := range columns {
		definition := metav1.TableColumnDefinition{
			Name: column.Name, Type: column.Type, Description: column.Description, Priority: column.Priority,
		}
		switch definition.Type {
		case "":
			definition.Type = "string"
		case "integer":
			definition.Format = "int64"
		}
		definitions = append(definitions, definition)
	}
	return Convertor[T]{columns: columns, definitions: definitions}
}

// ConvertToTable makes one row of an object, or a row of each item of a list.
func (c Convertor[T]) ConvertToTable(_ context.Context, object, options runtime.Object) (*metav1.Table, error) {
	table := &metav1.Table{Rows: []metav1.TableRow{}} // an empty list is one, not null
	if opt, ok := options.(*metav1.TableOptions); !ok || !opt.NoHeaders {
		table.ColumnDefinitions = c.definitions
	}
	if list, err := meta.ListAccessor(object); err == nil {
		table.ResourceVersion = list.GetResourceVersion()
		table.Continue = list.GetContinue()
		table.RemainingItemCount = list.GetRemainingItemCount()
	} else if common, err := meta.CommonAccessor(object); err == nil {
		table.ResourceVersion = common.GetResourceVersion()
	}

	addRow := func(item runtime.Object) error {
		obj, ok := item.(T)
		if !ok {
			return fmt.Errorf("making a table row: got a %T", item)
		}
		table.Rows = append(table.Rows, metav1.TableRow{Cells: c.cells(obj), Object: runtime.RawExtension{Object: item}})
		return nil
	}
	if meta.IsListType(object) {
		return table, meta.EachListItem(object, addRow)
	}
	return table, addRow(object)
}

func (c Convertor[T]) cells(obj T) []any {
	cells := []any{obj.GetName()}
	for _, column := range c.columns {
		value := column.Value(obj)
		switch v := value.(type) {
		case *metav1.Time:
			value = nil
			if v != nil {
				value = metatable.ConvertToHumanReadableDateType(*v)
			}
		case string:
			value = NonZero(v)
		}
		cells = append(cells, value)
	}
	return cells
}
