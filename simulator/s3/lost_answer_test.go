package s3_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/internal/archive"
	"github.com/velero-locations/velero-locations/simulator/s3"
	"github.com/velero-locations/velero-locations/simulator/s3/events"
)

// lostAnswers is testdata/lost_answers/table.json, in which parameters are as all SDKs of AWS have them.
type lostAnswers struct {
	Before []apiCall  // makes what the calls change
	Calls  []lostCall // of each operation that changes something; those that only read can be repeated anyway
}

// apiCall is a call, and where it goes to.
type apiCall struct {
	Endpoint   string         `json:"endpoint"`
	Operation  string         `json:"operation"`
	Parameters map[string]any `json:"parameters"`
	cloud      *cloud
}

// lostCall is a call of which the client never hears the first answer.
type lostCall struct {
	apiCall
	Case   string // tells calls of one operation apart
	Second string // the error code of the second answer, which is what the client takes; empty for success
	Twice  bool   // the call is done twice: S3 cannot know that it is the same; otherwise what is there is what one call makes
	Idle   bool   // the call changes nothing, as the bucket takes no other ACL
}

func (l lostCall) name() string { return strings.TrimSpace(l.Operation + " " + l.Case) }

func only[T any](_ T, err error) error { return err }

var plainBucket, lockedBucket, someKey, partsKey = aws.String("alice-home"), aws.String("locked"), aws.String("k"), aws.String("parts")

const lostAnswersDir = "testdata/lost_answers"

func readLostAnswers(t *testing.T) (table lostAnswers) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(lostAnswersDir, "table.json"))
	if err == nil {
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.DisallowUnknownFields()
		err = decoder.Decode(&table)
	}
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// startPrepared starts a cloud that has what the calls change, and the call as it is to be made there.
func startPrepared(t *testing.T, before []apiCall, call lostCall) apiCall {
	t.Helper()
	config := twoAccounts()
	config.S3.Notifications = []events.Destination{{ARN: topicARN}}
	c := start(t, config)
	return call.at(t, c, c.prepare(t, before))
}

// prepare makes what the calls change, and an upload, and returns the names that the table has for what is known only then.
func (c *cloud) prepare(t *testing.T, before []apiCall) map[string]string {
	t.Helper()
	client := c.aws(aliceKey, "us-east-1")
	for _, call := range before {
		if err := call.send(t.Context(), client); err != nil {
			t.Fatalf("%s: %v", call.Operation, err)
		}
	}
	object, err := client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: lockedBucket, Key: someKey})
	if err != nil {
		t.Fatal(err)
	}
	upload, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: lockedBucket, Key: partsKey})
	if err != nil {
		t.Fatal(err)
	}
	part, err := client.UploadPart(t.Context(), &awss3.UploadPartInput{Bucket: lockedBucket, Key: partsKey, UploadId: upload.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("part")})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"$VERSION": *object.VersionId, "$UPLOAD": *upload.UploadId, "$ETAG": strings.Trim(*part.ETag, `"`)}
}

// at is the call in a cloud where names have a meaning.
func (a apiCall) at(t *testing.T, c *cloud, names map[string]string) apiCall {
	t.Helper()
	data, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range names {
		data = bytes.ReplaceAll(data, []byte(name), []byte(value))
	}
	var out apiCall
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	out.Endpoint, out.cloud = c.URL, c
	return out
}

// send makes the call with aws-sdk-go-v2.
func (a apiCall) send(ctx context.Context, client *awss3.Client) error {
	method := reflect.ValueOf(client).MethodByName(a.Operation)
	if !method.IsValid() {
		return fmt.Errorf("there is no operation %s", a.Operation)
	}
	input := reflect.New(method.Type().In(1).Elem())
	parameters := maps.Clone(a.Parameters)
	if body, has := parameters["Body"]; has {
		delete(parameters, "Body")
		input.Elem().FieldByName("Body").Set(reflect.ValueOf(strings.NewReader(fmt.Sprint(body))))
	}
	data, err := json.Marshal(parameters)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(input.Interface()); err != nil {
		return err
	}
	err, _ = method.Call([]reflect.Value{reflect.ValueOf(ctx), input})[1].Interface().(error)
	return err
}

// volatile is what differs between two clouds in which the same was done, and what clients choose: types and checksums.
var volatile = []string{"created", "modified", "initiated", "since", "sequence", "checksums", "crc64nvme", "checksumAlgorithm", "checksumType", "Content-Type", "upload", "ready", "until"}

func withoutVolatile(value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			withoutVolatile(inner)
			if object, is := inner.(map[string]any); is && len(object) == 0 && name == "headers" || slices.Contains(volatile, name) {
				delete(value, name)
			}
		}
	case []any:
		for _, inner := range value {
			withoutVolatile(inner)
		}
	}
}

// state is what the buckets have in them: settings, versions, uploads and parts.
func (c *cloud) state(t *testing.T) (out []string) {
	t.Helper()
	var saved bytes.Buffer
	if err := c.SaveState(&saved); err != nil {
		t.Fatal(err)
	}
	for in := archive.NewReader(&saved); ; {
		entry, err := in.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(entry.Content)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(entry.Name, "objects/") {
			continue
		}
		if strings.HasSuffix(entry.Name, ".json") {
			var record map[string]map[string]any
			if err := json.Unmarshal(data, &record); err != nil {
				t.Fatal(err)
			}
			for kind, fields := range record {
				if withoutVolatile(fields); kind != "bucket" && fields["id"] != "null" {
					delete(fields, "id")
				}
			}
			if data, err = json.Marshal(record); err != nil {
				t.Fatal(err)
			}
		}
		out = append(out, string(data))
	}
}

// without is what is in one list and not in another, in which each entry may be several times.
func without(list, other []string) []string {
	left := slices.Clone(other)
	return slices.DeleteFunc(slices.Clone(list), func(entry string) bool {
		i := slices.Index(left, entry)
		if i >= 0 {
			left = slices.Delete(left, i, i+1)
		}
		return i >= 0
	})
}

// lostClient makes calls, and returns the error code of each. It is nil for a call that the client does not know how to make, which
// only one that is unusual may be: mayLack says which. Missing says what is not there to make calls.
type lostClient struct {
	missing func() string
	mayLack func(apiCall) bool
	send    func(*testing.T, []apiCall) []*string
}

// hasCondition says whether a call has a condition, of which versions of 2023 do not know.
func hasCondition(call apiCall) bool {
	return call.Parameters["IfMatch"] != nil || call.Parameters["IfNoneMatch"] != nil
}

func never(apiCall) bool { return false }

var lostClients = map[string]lostClient{
	"aws-sdk-go-v2": {func() string { return "" }, never, func(t *testing.T, calls []apiCall) (codes []*string) {
		t.Helper()
		for _, call := range calls {
			client := call.cloud.aws(aliceKey, "us-east-1", retried)
			codes = append(codes, new(codeOf(call.send(t.Context(), client))))
		}
		return codes
	}},
	"minio-go": {func() string { return "" }, minioLacks, minioCalls},
	"boto3":    {missingPython("boto3"), hasCondition, pythonCalls("boto3")},
	"awscli":   {missingPython("awscli"), hasCondition, pythonCalls("awscli")},
	"aws-sdk-js": {func() string {
		if _, err := os.Stat(filepath.Join(javaScript, "node_modules")); err != nil {
			return "its packages are not there: npm ci --prefix examples/simulator"
		}
		if _, err := exec.LookPath("node"); err != nil {
			return "there is no node"
		}
		return ""
	}, never, func(t *testing.T, calls []apiCall) []*string {
		t.Helper()
		script, err := filepath.Abs(filepath.Join(lostAnswersDir, "js_calls.mjs"))
		if err != nil {
			t.Fatal(err)
		}
		return runCalls(t, javaScript, calls, "node", script)
	}},
}

// javaScript is where the packages of the examples are.
const javaScript = "../../examples/simulator"

// python is one that has a module, Debian's first.
func python(module string) string {
	for _, program := range []string{"/usr/bin/python3", "python3"} {
		if exec.CommandContext(context.Background(), program, "-c", "import "+module).Run() == nil {
			return program
		}
	}
	return ""
}

func missingPython(module string) func() string {
	return func() string {
		if python(module) == "" {
			return "no python3 has " + module + ": apt-get install awscli python3-boto3"
		}
		return ""
	}
}

func pythonCalls(module string) func(*testing.T, []apiCall) []*string {
	return func(t *testing.T, calls []apiCall) []*string {
		t.Helper()
		return runCalls(t, "", calls, python(module), filepath.Join(lostAnswersDir, module+"_calls.py"))
	}
}

// runCalls has a program make the calls that it reads, and returns the codes that it prints.
func runCalls(t *testing.T, dir string, calls []apiCall, program string, args ...string) (codes []*string) {
	t.Helper()
	var in, out, errs bytes.Buffer
	for _, call := range calls {
		if err := json.NewEncoder(&in).Encode(call); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, &in, &out, &errs
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+aliceKey.ID, "AWS_SECRET_ACCESS_KEY="+aliceKey.Secret, "AWS_SESSION_TOKEN=",
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_MAX_ATTEMPTS=3", "AWS_PAGER=")
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, out.String(), errs.String())
	}
	for decoder := json.NewDecoder(&out); ; {
		var code *string
		if err := decoder.Decode(&code); errors.Is(err, io.EOF) {
			return codes
		} else if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, code)
	}
}

// retried makes a client of aws-sdk-go-v2 try everything twice.
func retried(o *awss3.Options) {
	o.RetryMaxAttempts = 2
	o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 2
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
	})
}

// codeOf is the error code of an answer, or an error that is none.
func codeOf(err error) string {
	if code := errorCode(err); err == nil || code != "" {
		return code
	}
	return err.Error()
}

// TestLostAnswers has five clients make each call that changes something, and loses the first answer: what the simulator tells a client
// that asks again is what S3 does, and what is there then is what one call makes, or two where S3 does not know that they are the same.
func TestLostAnswers(t *testing.T) {
	table := readLostAnswers(t)
	left := slices.DeleteFunc(s3.Operations(), func(name string) bool {
		return strings.HasPrefix(name, "s3:Get") || strings.HasPrefix(name, "s3:Head") || strings.HasPrefix(name, "s3:List") ||
			name == "s3:Preflight" || name == "s3:PostObject" // which no client repeats
	})
	for _, call := range table.Calls {
		left = slices.DeleteFunc(left, func(other string) bool { return other == "s3:"+call.Operation })
	}
	if len(left) > 0 {
		t.Fatalf("not tried: %v", left)
	}
	want := map[string][]string{}
	for _, call := range table.Calls {
		want[call.name()] = wantState(t, table.Before, call)
	}
	for name, client := range lostClients {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if lacks := client.missing(); lacks != "" && os.Getenv("CI") == "true" {
				t.Fatal(lacks)
			} else if lacks != "" {
				t.Skip("left out: " + lacks)
			}
			var calls []apiCall
			for _, call := range table.Calls {
				made := startPrepared(t, table.Before, call)
				made.cloud.harm(t, faults.Rule{Match: faults.Match{Operations: []string{"s3:" + call.Operation}}, Times: 1, Fault: faults.Reset{At: faults.Download}})
				calls = append(calls, made)
			}
			codes := client.send(t, calls)
			if len(codes) != len(calls) {
				t.Fatalf("of %d calls %d were answered", len(calls), len(codes))
			}
			for i, call := range table.Calls {
				if codes[i] == nil {
					if !client.mayLack(call.apiCall) {
						t.Errorf("%s: not made", call.name())
					}
					continue
				}
				if *codes[i] != call.Second {
					t.Errorf("%s: the second answer is %q, want %q", call.name(), *codes[i], call.Second)
				}
				if rule := calls[i].cloud.Faults().List()[0]; rule.Injected != 1 || rule.Matched != 2 {
					t.Errorf("%s: of %d answers %d were lost", call.name(), rule.Matched, rule.Injected)
				}
				if got := calls[i].cloud.state(t); !slices.Equal(got, want[call.name()]) {
					t.Errorf("%s: there is too much %q, and lacks %q", call.name(), without(got, want[call.name()]), without(want[call.name()], got))
				}
			}
		})
	}
}

// wantState is what is there after a call, or two, whose answers arrive.
func wantState(t *testing.T, before []apiCall, call lostCall) []string {
	t.Helper()
	made := startPrepared(t, before, call)
	c, client := made.cloud, made.cloud.aws(aliceKey, "us-east-1")
	none := c.state(t)
	if err := made.send(t.Context(), client); err != nil {
		t.Fatalf("%s: %v", call.name(), err)
	}
	once := c.state(t)
	if same := slices.Equal(once, none); same != call.Idle {
		t.Errorf("%s: that it changes nothing is %t, expected %t", call.name(), same, call.Idle)
	}
	if code := codeOf(made.send(t.Context(), client)); code != call.Second {
		t.Errorf("%s: the second answer is %q, want %q", call.name(), code, call.Second)
	}
	twice := c.state(t)
	if same := slices.Equal(twice, once); same == call.Twice {
		t.Errorf("%s: the second call adds %q and removes %q", call.name(), without(twice, once), without(once, twice))
	}
	return twice
}

// TestEndedUploads asks for uploads that ended: what a repetition may be is answered again, after a restart too, and nothing else is.
func TestEndedUploads(t *testing.T) {
	config := twoAccounts()
	config.DataDir = t.TempDir()
	var names map[string]string
	var first *awss3.CompleteMultipartUploadOutput
	complete := func(c *cloud) (*awss3.CompleteMultipartUploadOutput, error) {
		return c.aws(aliceKey, "us-east-1").CompleteMultipartUpload(t.Context(), &awss3.CompleteMultipartUploadInput{
			Bucket: lockedBucket, Key: partsKey, UploadId: aws.String(names["$UPLOAD"]),
			MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: aws.String(names["$ETAG"])}}},
		})
	}
	t.Run("completed", func(t *testing.T) {
		c := start(t, config)
		names = c.prepare(t, readLostAnswers(t).Before)
		var err error
		if first, err = complete(c); err != nil {
			t.Fatal(err)
		}
		part := "<Part><PartNumber>%d</PartNumber><ETag>" + names["$ETAG"] + "</ETag></Part>"
		for _, test := range []struct {
			method, query, body string
			status              int
			code                string
		}{
			{http.MethodPost, "", fmt.Sprintf(part, 2), 404, "NoSuchUpload"},
			{http.MethodPost, "", fmt.Sprintf(part+part, 1, 2), 404, "NoSuchUpload"},
			{http.MethodGet, "", "", 404, "NoSuchUpload"},
			{http.MethodPut, "&partNumber=1", "part", 404, "NoSuchUpload"},
			{http.MethodDelete, "", "", 204, ""},
		} {
			body := test.body
			if test.method == http.MethodPost {
				body = "<CompleteMultipartUpload>" + body + "</CompleteMultipartUpload>"
			}
			checkStatus(t, c.send(t, aliceKey, "us-east-1", test.method, "/locked/parts?uploadId="+names["$UPLOAD"]+test.query, body), test.status, test.code)
		}
	})
	t.Run("started again", func(t *testing.T) {
		again, err := complete(start(t, config))
		if err != nil || *again.ETag != *first.ETag || *again.VersionId != *first.VersionId {
			t.Errorf("%+v, %v, first %+v", again, err, first)
		}
	})
}
