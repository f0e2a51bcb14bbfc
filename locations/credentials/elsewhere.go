package credentials

import (
	"errors"
	"fmt"
)

// ElsewhereError is about credentials that Velero's own pod may have, and that nobody else can get at: it says nothing
// about whether they are good.
type ElsewhereError struct{ cause error }

// Elsewhere returns an ElsewhereError whose reason is formatted as by fmt.Errorf. It holds no secret.
func Elsewhere(format string, args ...any) error {
	return &ElsewhereError{fmt.Errorf(format, args...)}
}

// Error is the reason.
func (e *ElsewhereError) Error() string { return e.cause.Error() }

// Unwrap returns the reason.
func (e *ElsewhereError) Unwrap() error { return e.cause }

// AreElsewhere says whether an error is, or wraps, an ElsewhereError.
func AreElsewhere(err error) bool {
	var elsewhere *ElsewhereError
	return errors.As(err, &elsewhere)
}
