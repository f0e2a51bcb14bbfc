package wire

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
)

// Namespace is the XML namespace of S3's documents.
const Namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// WriteXML answers 200 with a document.
func WriteXML(w http.ResponseWriter, document any) error {
	body, err := xml.Marshal(document)
	if err != nil {
		return fmt.Errorf("encoding the answer: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/xml")
	h.Set("Content-Length", strconv.Itoa(len(xml.Header)+len(body)))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(append([]byte(xml.Header), body...)) // the client may be gone
	return nil
}

func appendEscaped(out []byte, text string) []byte {
	var buf bytes.Buffer
	_ = xml.EscapeText(&buf, []byte(text)) // a bytes.Buffer does not fail
	return append(out, buf.Bytes()...)
}
