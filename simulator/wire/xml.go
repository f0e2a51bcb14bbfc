package wire

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Namespace is the XML namespace of S3's documents.
const Namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// WriteXML answers 200 with a document.
func WriteXML(w http.ResponseWriter, document any) error {
	return WriteXMLStatus(w, http.StatusOK, document)
}

// WriteXMLStatus answers with a status and a document.
func WriteXMLStatus(w http.ResponseWriter, status int, document any) error {
	body, err := xml.Marshal(document)
	if err != nil {
		return fmt.Errorf("encoding the answer: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/xml")
	h.Set("Content-Length", strconv.Itoa(len(xml.Header)+len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(append([]byte(xml.Header), body...)) // the client may be gone
	return nil
}

// ReadXML reads a document that a client sent; root is the name of its element. What is not it is MalformedXML.
func ReadXML(document []byte, root string, into any) error {
	var named struct{ XMLName xml.Name }
	if xml.Unmarshal(document, &named) != nil || named.XMLName.Local != root || xml.Unmarshal(document, into) != nil {
		return MalformedXML()
	}
	return nil
}

// MalformedXML refuses a document that is not what S3's schema says.
func MalformedXML() *Error {
	return NewError(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
}

// isPlain says that a text is the same in a document.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}

// quotes are left as they are in text by S3, and clients look for them in messages.
var quotes = strings.NewReplacer("&#34;", `"`, "&#39;", "'")

// AppendElement adds an element with a text to a document that is put together by hand, because reflection takes too
// long over a thousand of the same.
func AppendElement(out []byte, name, text string) []byte {
	out = append(append(append(out, '<'), name...), '>')
	out = appendEscaped(out, text)
	return append(append(append(out, "</"...), name...), '>')
}

func appendEscaped(out []byte, text string) []byte {
	if isPlain(text) {
		return append(out, text...)
	}
	var buf strings.Builder
	_ = xml.EscapeText(&buf, []byte(text)) // a strings.Builder does not fail
	return append(out, quotes.Replace(buf.String())...)
}
