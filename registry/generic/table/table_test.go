package table

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

func TestConvertToTable(t *testing.T) {
	convertor := NewConvertor(Columns[*corev1.Secret]{
		{Name: "Kind", Value: func(s *corev1.Secret) any { return string(s.Type) }},
		{Name: "Rotated", Type: "date", Priority: 1, Value: func(s *corev1.Secret) any { return s.DeletionTimestamp }},
		Age[*corev1.Secret](),
	})
	remaining := int64(3)
	item := corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "a", CreationTimestamp: metav1.NewTime(time.Now().Add(-10 * time.Minute))},
		Type:       "Opaque",
	}
	list := &corev1.SecretList{
		ListMeta: metav1.ListMeta{ResourceVersion: "5", Continue: "token", RemainingItemCount: &remaining},
		Items:    []corev1.Secret{item},
	}

	for name, test := range map[string]struct {
		object      runtime.Object
		options     *metav1.TableOptions
		wantHeaders int
	}{
		"one":             {&item, &metav1.TableOptions{}, 4},
		"list":            {list, &metav1.TableOptions{}, 4},
		"without headers": {list, &metav1.TableOptions{NoHeaders: true}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			table, err := convertor.ConvertToTable(t.Context(), test.object, test.options)
			if err != nil {
				t.Fatal(err)
			}
			table = table.DeepCopy() // panics on cells that are no JSON values
			if len(table.ColumnDefinitions) != test.wantHeaders {
				t.Errorf("%d headers, want %d", len(table.ColumnDefinitions), test.wantHeaders)
			}
			if len(table.Rows) != 1 {
				t.Fatalf("%d rows, want 1", len(table.Rows))
			}
			want := []any{"a", "Opaque", nil, "10m"}
			for i, cell := range table.Rows[0].Cells {
				if cell != want[i] {
					t.Errorf("cell %d is %v, want %v", i, cell, want[i])
				}
			}
			if test.object == runtime.Object(list) && (table.ResourceVersion != "5" || table.Continue != "token" || *table.RemainingItemCount != 3) {
				t.Errorf("the list's metadata became %+v", table.ListMeta)
			}
		})
	}
	if _, err := convertor.ConvertToTable(t.Context(), &corev1.ConfigMap{}, nil); err == nil {
		t.Error("an object of another kind was accepted")
	}
}

// TestNothingToShow compares with what custom resources show of a list without items, and of a field without a value.
func TestNothingToShow(t *testing.T) {
	convertor := NewConvertor(Columns[*corev1.Secret]{{Name: "Kind", Value: func(s *corev1.Secret) any { return string(s.Type) }}})
	table, err := convertor.ConvertToTable(t.Context(), &corev1.SecretList{}, nil)
	if err != nil || table.Rows == nil || len(table.Rows) > 0 {
		t.Errorf("the rows of an empty list are %#v (%v), want [] and not null", table.Rows, err)
	}
	table, err = convertor.ConvertToTable(t.Context(), &corev1.Secret{}, nil)
	if err != nil || table.Rows[0].Cells[1] != nil {
		t.Errorf("the cell of an empty string is %#v (%v), want null", table.Rows[0].Cells[1], err)
	}
}

func TestWideColumnsComeLater(t *testing.T) {
	convertor := NewConvertor(Columns[*corev1.Secret]{{Name: "Wide", Priority: 1, Value: func(*corev1.Secret) any { return nil }}})
	if name, wide := convertor.definitions[0], convertor.definitions[1]; name.Priority != 0 || wide.Priority != 1 {
		t.Errorf("priorities are %d and %d, want 0 and 1", name.Priority, wide.Priority)
	}
}
