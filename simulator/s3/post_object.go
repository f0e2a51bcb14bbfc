package s3

import (
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/aws/sigv4"
	"github.com/velero-locations/velero-locations/simulator/s3/payload"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// maxFormFields bounds what comes before the file in a form, as S3 does.
const maxFormFields = 20 << 10

// form is an upload by an HTML form: fields, of which one is the policy that its signature covers, and then the file.
type form struct {
	fields map[string]string // by lower-case name
	policy formPolicy
	file   io.Reader
	name   string // of the file
	body   *relay
}

// relay reads from a source that changes: the fields of a form are read before the request meets its faults, and the file
// after that.
type relay struct{ io.Reader }

// formPolicy says what a form may hold. Conditions that S3 does not know make it invalid.
type formPolicy struct {
	encoded    string
	Expiration time.Time         `json:"expiration"`
	Conditions []json.RawMessage `json:"conditions"`
}

// parseAuthorization reads who signed the request: in its headers, in its URL, or in the fields of a form.
func (q *request) parseAuthorization() (*sigv4.Authorization, error) {
	mediaType, parameters, err := mime.ParseMediaType(q.Header.Get("Content-Type"))
	isForm := err == nil && mediaType == "multipart/form-data" && q.Method == http.MethodPost && q.key == "" && q.name != "" &&
		q.Header.Get("Authorization") == "" && !q.query.Has("X-Amz-Algorithm") && len((operation{}).strangers(q.query)) == 0
	if !isForm {
		return sigv4.ParseRequest(q.Request)
	}
	body := &relay{q.Body}
	if q.form, err = readForm(multipart.NewReader(body, parameters["boundary"])); err != nil {
		return nil, err
	}
	q.form.body = body
	q.key = strings.ReplaceAll(q.form.fields["key"], "${filename}", q.form.name)
	if q.key == "" {
		return nil, invalidArgument("key", "", "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.")
	}
	return q.form.authorization()
}

// readForm reads the fields up to the file, which is the last that S3 looks at.
func readForm(reader *multipart.Reader) (*form, error) {
	f := &form{fields: map[string]string{}}
	left := int64(maxFormFields)
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) && len(f.fields) > 0 {
			return nil, invalidArgument("file", "", "POST requires exactly one file upload per request.")
		}
		if err != nil {
			return nil, malformedPOST()
		}
		name := strings.ToLower(part.FormName())
		switch {
		case name == "file":
			f.file, f.name = part, part.FileName()
			return f, nil
		case name == "" || part.FileName() != "":
			return nil, malformedPOST()
		}
		value, err := io.ReadAll(io.LimitReader(part, left+1))
		if err != nil {
			return nil, malformedPOST()
		}
		if left -= int64(len(value) + len(name)); left < 0 {
			return nil, aws.NewError(http.StatusBadRequest, "MaxPostPreDataLengthExceeded", "Your POST request fields preceding the upload file were too large.")
		}
		f.fields[name] = string(value)
	}
}

func malformedPOST() *aws.Error {
	return aws.NewError(http.StatusBadRequest, "MalformedPOSTRequest", "The body of your POST request is not well-formed multipart/form-data.")
}

func (f *form) authorization() (*sigv4.Authorization, error) {
	f.policy.encoded = f.fields["policy"]
	if f.policy.encoded == "" {
		return nil, nil
	}
	decoded, err := base64.StdEncoding.DecodeString(f.policy.encoded)
	if err != nil || json.Unmarshal(decoded, &f.policy) != nil || f.policy.Expiration.IsZero() {
		return nil, invalidPolicy("Invalid JSON.")
	}
	return sigv4.ParseForm(f.fields)
}

func invalidPolicy(problem string) *aws.Error {
	return aws.NewError(http.StatusBadRequest, "InvalidPolicyDocument", "Invalid Policy: "+problem)
}

// verify checks the policy's signature, its expiry and every condition that the fields must meet.
func (f *form) verify(a *sigv4.Authorization, secret string, now time.Time) error {
	if err := a.VerifyText(f.policy.encoded, secret); err != nil {
		return err
	}
	if now.After(f.policy.Expiration) {
		return aws.NewError(http.StatusForbidden, "AccessDenied", "Invalid according to Policy: Policy expired.")
	}
	return nil
}

// unnamed are the fields that no condition has to name.
var unnamed = map[string]bool{"x-amz-signature": true, "policy": true, "file": true, "awsaccesskeyid": true, "signature": true}

// check holds the fields to the policy's conditions, and returns how long the file may be.
func (f *form) check(bucket string) (least, most int64, err error) {
	most = payload.MaxObjectSize
	covered := map[string]bool{}
	f.fields["bucket"] = bucket
	for _, raw := range f.policy.Conditions {
		c, err := parseCondition(raw)
		if err != nil {
			return 0, 0, err
		}
		if c.operator == "content-length-range" {
			least, most = c.low, c.high
			continue
		}
		covered[c.name] = true
		if !c.meets(f.fields[c.name]) {
			return 0, 0, aws.NewError(http.StatusForbidden, "AccessDenied", fmt.Sprintf("Invalid according to Policy: Policy Condition failed: [%q, %q, %q]", c.operator, "$"+c.name, c.value))
		}
	}
	for name := range f.fields {
		if !covered[name] && !unnamed[name] && name != "bucket" && !strings.HasPrefix(name, "x-ignore-") {
			return 0, 0, aws.NewError(http.StatusForbidden, "AccessDenied", "Invalid according to Policy: Extra input fields: "+name)
		}
	}
	return least, most, nil
}

// condition is what a policy says of a field, or of the length of the file.
type condition struct {
	operator    string
	name, value string // of a field
	low, high   int64  // of content-length-range
}

func (c condition) meets(value string) bool {
	return c.operator == "eq" && value == c.value || c.operator == "starts-with" && strings.HasPrefix(value, c.value)
}

// parseCondition reads {"name": "value"}, ["eq", "$name", "value"], ["starts-with", "$name", "value"] or
// ["content-length-range", low, high].
func parseCondition(raw json.RawMessage) (condition, error) {
	var exact map[string]string
	if json.Unmarshal(raw, &exact) == nil && len(exact) == 1 {
		for name, value := range exact {
			return condition{operator: "eq", name: strings.ToLower(name), value: value}, nil
		}
	}
	var list []any
	if json.Unmarshal(raw, &list) != nil || len(list) != 3 {
		return condition{}, invalidPolicy("Invalid Condition: " + string(raw))
	}
	operator := strings.ToLower(fmt.Sprint(list[0]))
	switch operator {
	case "content-length-range":
		low, lowErr := strconv.ParseInt(number(list[1]), 10, 64)
		high, highErr := strconv.ParseInt(number(list[2]), 10, 64)
		if lowErr == nil && highErr == nil {
			return condition{operator: operator, low: low, high: high}, nil
		}
	case "eq", "starts-with":
		field, isText := list[1].(string)
		value, isValue := list[2].(string)
		if name, found := strings.CutPrefix(field, "$"); isText && isValue && found {
			return condition{operator: operator, name: strings.ToLower(name), value: value}, nil
		}
	}
	return condition{}, invalidPolicy("Invalid Condition: " + string(raw))
}

// number is a bound of a range, which clients write as a number or as text.
func number(value any) string {
	if f, isNumber := value.(float64); isNumber {
		return strconv.FormatInt(int64(f), 10)
	}
	return fmt.Sprint(value)
}

type postResponse struct {
	XMLName  xml.Name `xml:"PostResponse"`
	Location string
	Bucket   string
	Key      string
	ETag     string
}

// postObject is PostObject.
func postObject(q *request) error {
	least, most, err := q.form.check(q.name)
	if err != nil {
		return err
	}
	fields, err := q.form.header()
	if err != nil {
		return err
	}
	attributes, key, err := q.attributes(fields)
	if err != nil {
		return err
	}
	if err := q.computeChecksum(fields); err != nil {
		return err
	}
	body := &boundedFile{inner: q.body, least: least, most: most}
	object, err := q.bucket.Put(q.key, store.Write{Body: body, Size: -1, Attributes: attributes, Checksums: q.body.Checksums})
	if err != nil {
		return refusal(err, q.key)
	}
	q.notify("s3:ObjectCreated:Post", object)
	q.describe(object, key, q.W.Header())
	describeChecksums(object, q.W.Header())
	return q.answerForm(object)
}

// header is the fields that have a header of the same meaning.
func (f *form) header() (http.Header, error) {
	h := http.Header{}
	for name, value := range f.fields {
		h.Set(name, value)
	}
	if acl := f.fields["acl"]; acl != "" {
		h.Set("X-Amz-Acl", acl)
	}
	if tagging := f.fields["tagging"]; tagging != "" {
		tags, err := readTags([]byte(tagging), objectTags)
		if err != nil {
			return nil, err
		}
		query := url.Values{}
		for key, value := range tags {
			query.Set(key, value)
		}
		h.Set("X-Amz-Tagging", query.Encode())
	}
	return h, nil
}

// answerForm sends a browser where the form says, or answers with the status that it says.
func (q *request) answerForm(object *store.Object) error {
	location := (&url.URL{Scheme: "http", Host: q.Host, Path: "/" + q.name + "/" + q.key}).String()
	q.W.Header().Set("Location", location)
	redirect := q.form.fields["success_action_redirect"]
	if target, err := url.Parse(redirect); redirect != "" && err == nil && target.IsAbs() {
		query := target.Query()
		query.Set("bucket", q.name)
		query.Set("key", q.key)
		query.Set("etag", `"`+object.ETag+`"`)
		target.RawQuery = query.Encode()
		q.W.Header().Set("Location", target.String())
		q.W.WriteHeader(http.StatusSeeOther)
		return nil
	}
	switch q.form.fields["success_action_status"] {
	case "200":
		q.W.WriteHeader(http.StatusOK)
	case "201":
		return writeXMLStatus(q.W, http.StatusCreated, postResponse{Location: location, Bucket: q.name, Key: q.key, ETag: `"` + object.ETag + `"`})
	default:
		q.W.WriteHeader(http.StatusNoContent)
	}
	return nil
}

// boundedFile holds a file to the length that the policy allows.
type boundedFile struct {
	inner             io.Reader
	read, least, most int64
}

// Read returns the file, and an error when it is too long or ends too early.
func (b *boundedFile) Read(p []byte) (int, error) {
	n, err := b.inner.Read(p)
	b.read += int64(n)
	switch {
	case b.read > b.most:
		return n, aws.NewError(http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size").
			With("ProposedSize", strconv.FormatInt(b.read, 10)).With("MaxSizeAllowed", strconv.FormatInt(b.most, 10))
	case errors.Is(err, io.EOF) && b.read < b.least:
		return n, aws.NewError(http.StatusBadRequest, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size").
			With("ProposedSize", strconv.FormatInt(b.read, 10)).With("MinSizeAllowed", strconv.FormatInt(b.least, 10))
	}
	return n, err
}
