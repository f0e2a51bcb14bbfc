package s3

import (
	"encoding/xml"
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

type legalHoldDocument struct {
	XMLName xml.Name `xml:"LegalHold"`
	Xmlns   string   `xml:"xmlns,attr,omitempty"`
	Status  string
}

// The states of a legal hold.
const (
	holdOn  = "ON"
	holdOff = "OFF"
)

// legalHoldOf is the state of an object's legal hold; empty where it was never set.
func legalHoldOf(object *store.Object) string {
	switch {
	case object.LegalHold:
		return holdOn
	case object.LegalHoldOff:
		return holdOff
	}
	return ""
}

func setLegalHold(a *store.Attributes, status string) {
	a.LegalHold, a.LegalHoldOff = status == holdOn, status == holdOff
}

func getObjectLegalHold(q *request) error {
	object, err := q.lockable()
	if err != nil {
		return err
	}
	status := legalHoldOf(object)
	if status == "" {
		return noLockConfiguration()
	}
	return writeXML(q.W, legalHoldDocument{Xmlns: namespace, Status: status})
}

func putObjectLegalHold(q *request) error {
	if _, err := q.lockable(); err != nil {
		return err
	}
	var in legalHoldDocument
	if err := readXML(q.document, "LegalHold", &in); err != nil {
		return err
	}
	if in.Status != holdOn && in.Status != holdOff {
		return malformedXML()
	}
	return q.change(http.StatusOK, "", func(a *store.Attributes) error { setLegalHold(a, in.Status); return nil })
}
