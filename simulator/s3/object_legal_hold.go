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

func onOff(on bool) string {
	if on {
		return "ON"
	}
	return "OFF"
}

func getObjectLegalHold(q *request) error {
	object, err := q.lockable()
	if err != nil {
		return err
	}
	return writeXML(q.W, legalHoldDocument{Xmlns: namespace, Status: onOff(object.LegalHold)})
}

func putObjectLegalHold(q *request) error {
	if _, err := q.lockable(); err != nil {
		return err
	}
	var in legalHoldDocument
	if err := readXML(q.document, "LegalHold", &in); err != nil {
		return err
	}
	if in.Status != "ON" && in.Status != "OFF" {
		return malformedXML()
	}
	return q.change(http.StatusOK, func(a *store.Attributes) error { a.LegalHold = in.Status == "ON"; return nil })
}
