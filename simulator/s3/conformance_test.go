package s3_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/velero-locations/velero-locations/simulator/s3"
)

// conformance is a row of docs/simulator-conformance.md.
type conformance struct {
	operations []string
	answer     string // begins with "simulated", or is as refused has it
	tests      []string
}

// conformanceTable is the document's table of operations.
func conformanceTable(t *testing.T) []conformance {
	t.Helper()
	data, err := os.ReadFile("../../docs/simulator-conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(data), "| Operations | Answer | Tests |\n|---|---|---|\n")
	if !found {
		t.Fatal("the document has no table of operations")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	var out []conformance
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 3 {
			t.Fatalf("%s: not three cells", line)
		}
		names := regexp.MustCompile(`\w+`)
		out = append(out, conformance{names.FindAllString(cells[0], -1), strings.TrimSpace(cells[1]), names.FindAllString(cells[2], -1)})
	}
	return out
}

var refused = regexp.MustCompile("^(\\d{3}) `(\\w+)`: (.+)$")

// TestConformance holds the document against the operations of AWS's SDK: each is there once, what is simulated is served and tested,
// and what is not answers as the document says.
func TestConformance(t *testing.T) {
	c := start(t, twoAccounts())
	putText(t, c.aws(aliceKey, "us-east-1"), "k", "x")
	client := reflect.ValueOf(c.aws(aliceKey, "us-east-1", func(o *awss3.Options) {
		o.BaseEndpoint = aws.String("http://example.com") // which the server's client takes for the server, with what is put before it
	}))
	missing := map[string]bool{}
	for i := range client.NumMethod() {
		if method := client.Type().Method(i); method.Type.NumIn() == 4 {
			missing[method.Name] = true
		}
	}
	for _, row := range conformanceTable(t) {
		simulated := strings.HasPrefix(row.answer, "simulated")
		if simulated != (len(row.tests) > 0) {
			t.Errorf("%v: what is simulated names its tests, and nothing else does", row.operations)
		}
		for _, name := range row.operations {
			if !missing[name] {
				t.Errorf("%s: not an operation of the SDK, or one that stands there twice", name)
				continue
			}
			delete(missing, name)
			if served := slices.Contains(s3.Operations(), "s3:"+name); served != simulated {
				t.Errorf("%s: the document says %q, served is %v", name, row.answer, served)
			}
			if !simulated {
				checkRefused(t, name, row.answer, callLeast(t, client.MethodByName(name)))
			}
		}
	}
	for name := range missing {
		t.Errorf("%s: the document lacks it", name)
	}
}

func checkRefused(t *testing.T, name, answer string, err error) {
	t.Helper()
	want := refused.FindStringSubmatch(answer)
	var response *smithyhttp.ResponseError
	var api smithy.APIError
	if want == nil || !errors.As(err, &response) || !errors.As(err, &api) ||
		strconv.Itoa(response.HTTPStatusCode()) != want[1] || api.ErrorCode() != want[2] || !strings.HasSuffix(api.ErrorMessage(), want[3]) {
		t.Errorf("%s: %v, want %s", name, err, answer)
	}
}

// callLeast calls an operation with no more than the SDK requires, which it tells itself.
func callLeast(t *testing.T, operation reflect.Value) error {
	t.Helper()
	input := reflect.New(operation.Type().In(1).Elem())
	for range 9 { // as deep as inputs are
		out := operation.Call([]reflect.Value{reflect.ValueOf(t.Context()), input})
		err, _ := out[1].Interface().(error)
		var invalid smithy.InvalidParamsError
		if !errors.As(err, &invalid) {
			return err
		}
		for _, problem := range invalid.Errs() {
			var param smithy.InvalidParamError
			if !errors.As(problem, &param) {
				t.Fatal(problem)
			}
			_, path, _ := strings.Cut(param.Field(), ".")
			fill(input.Elem(), strings.Split(path, "."))
		}
	}
	t.Fatalf("%v: the SDK requires ever more", operation.Type().In(1))
	return nil
}

// fill gives a field that is required a value: the bucket's name for all that is text.
func fill(value reflect.Value, path []string) {
	if value.Kind() == reflect.Pointer {
		if value.IsNil() {
			value.Set(reflect.New(value.Type().Elem()))
		}
		value = value.Elem()
	}
	switch {
	case len(path) > 0:
		name, _, _ := strings.Cut(path[0], "[")
		fill(value.FieldByName(name), path[1:])
	case value.Type() == reflect.TypeFor[types.ObjectEncryption]():
		value.Set(reflect.ValueOf(&types.ObjectEncryptionMemberSSEKMS{Value: types.SSEKMSEncryption{KMSKeyArn: aws.String("key")}}))
	case value.Kind() == reflect.String:
		value.SetString("alice-home")
	case value.Kind() == reflect.Slice:
		value.Set(reflect.MakeSlice(value.Type(), 0, 0))
	}
}

// TestConformanceNamesTests shows that each test which the document names is there.
func TestConformanceNamesTests(t *testing.T) {
	there := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, found := range declared.FindAllSubmatch(source, -1) {
			there[string(found[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("../../docs/simulator-conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(string(data), -1) {
		if !there[name] {
			t.Errorf("the document names %s, which is no test of the module", name)
		}
	}
}
