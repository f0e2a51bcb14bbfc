package query

import (
	"bytes"
	"encoding/xml"
	"fmt"

	"github.com/velero-locations/velero-locations/simulator/aws"
)

// Format is how a service writes answers.
type Format struct {
	// answer wraps the elements of a document; refusal is the body of an error.
	answer  func(s *Service, action, requestID string, inner []byte) any
	refusal func(e *aws.Error, requestID string) any
}

type inner struct {
	XMLName  xml.Name
	Elements []byte `xml:",innerxml"`
}

type errorElement struct {
	XMLName xml.Name `xml:"Error"`
	Type    string   `xml:",omitempty"`
	Code    string
	Message string
}

// EC2 is the format of EC2's Query protocol, in which results are at the top.
var EC2 = Format{
	answer: func(s *Service, action, requestID string, elements []byte) any {
		return struct {
			XMLName   xml.Name
			Namespace string `xml:"xmlns,attr"`
			RequestID string `xml:"requestId"`
			Elements  []byte `xml:",innerxml"`
		}{xml.Name{Local: action + "Response"}, s.Namespace, requestID, elements}
	},
	refusal: func(e *aws.Error, requestID string) any {
		return struct {
			XMLName   xml.Name     `xml:"Response"`
			Error     errorElement `xml:"Errors>Error"`
			RequestID string
		}{Error: errorElement{Code: e.Code, Message: e.Message}, RequestID: requestID}
	},
}

// Query is the format of the Query protocol that STS and most other services have.
var Query = Format{
	answer: func(s *Service, action, requestID string, elements []byte) any {
		return struct {
			XMLName   xml.Name
			Namespace string `xml:"xmlns,attr"`
			Result    inner
			RequestID string `xml:"ResponseMetadata>RequestId"`
		}{xml.Name{Local: action + "Response"}, s.Namespace, inner{xml.Name{Local: action + "Result"}, elements}, requestID}
	},
	refusal: func(e *aws.Error, requestID string) any {
		fault := "Sender"
		if e.Status >= 500 {
			fault = "Receiver"
		}
		return struct {
			XMLName   xml.Name `xml:"ErrorResponse"`
			Error     errorElement
			RequestID string `xml:"RequestId"`
		}{Error: errorElement{Type: fault, Code: e.Code, Message: e.Message}, RequestID: requestID}
	},
}

// elements encodes what is inside a document.
func elements(document any) ([]byte, error) {
	var out bytes.Buffer
	const name = "document"
	if err := xml.NewEncoder(&out).EncodeElement(document, xml.StartElement{Name: xml.Name{Local: name}}); err != nil {
		return nil, fmt.Errorf("encoding the answer: %w", err)
	}
	return bytes.TrimSuffix(bytes.TrimPrefix(out.Bytes(), []byte("<"+name+">")), []byte("</"+name+">")), nil
}
