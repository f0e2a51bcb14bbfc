package differential

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func newTestAnswer(status int, header map[string]string, body string) *answer {
	response := &http.Response{StatusCode: status, Header: http.Header{}}
	for name, value := range header {
		response.Header.Set(name, value)
	}
	return newAnswer(response, []byte(body))
}

// TestCompare shows what counts as a difference, and what is explained.
func TestCompare(t *testing.T) {
	xml := map[string]string{"Content-Type": "application/xml", "Content-Length": "1"}
	bare := newTestAnswer(200, xml, `<List><Key>a</Key><Item><Name>1</Name></Item><Item><Name>2</Name><Size></Size></Item></List>`)
	ours := newTestAnswer(200, map[string]string{"Content-Type": "text/xml", "X-Amz-Any": "x"}, `<?xml version="1.0"?>
		<Lists xmlns="any"><Key>a</Key> <Item><Name>1</Name></Item> <Item><Name>3</Name></Item></Lists>`)
	var got []string
	for _, d := range compare(bare, ours) {
		got = append(got, d.at+": "+d.gofakes3+" -> "+d.ours)
	}
	want := []string{
		"Content-Type: application/xml -> text/xml", "X-Amz-Any: absent -> x", "body: <List> -> <Lists>",
		"body.Item[2].Name: 2 -> 3", `body.Item[2].Size: "" -> absent`, `body@xmlns: "" -> any`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	failed := newTestAnswer(404, xml, `<Error><Code>NoSuchKey</Code></Error>`)
	if got := compare(bare, failed); len(got) != 1 || got[0].at != "outcome" || got[0].ours != "404 NoSuchKey" {
		t.Errorf("got %v, want the outcome alone", got)
	}
	if got := newTestAnswer(200, xml, "no XML").fields["body"]; got != "no XML" {
		t.Errorf("a body that is not what its type says is %q", got)
	}

	known := &pattern{Case: "theme: a * | theme: b *", At: "body.Item*", Gofakes3: "2", Ours: "3"}
	gone := &pattern{At: "body.Gone"}
	for _, p := range []*pattern{known, gone} {
		p.compile()
	}
	differences := []difference{
		{theme: "theme", name: "theme: a (1)", at: "body.Item[2].Name", gofakes3: "2", ours: "3"},
		{theme: "theme", name: "theme: a (1)", at: "body.Item[2].Name", gofakes3: "2", ours: "33"},
		{theme: "theme", name: "theme: c (1)", at: "body.Item[2].Name", gofakes3: "2", ours: "3"},
	}
	unexplained, stale := explain([]*purpose{{Differences: []*pattern{known, gone}}}, differences)
	if !slices.Equal(unexplained, differences[1:]) {
		t.Errorf("not explained are %v, want the last two", unexplained)
	}
	if !slices.Equal(stale, []*pattern{gone}) {
		t.Errorf("stale are %v, want the one that matches nothing", stale)
	}
}

// TestNames shows that what servers make up has the same name wherever it occurs, and that what changes has another one.
func TestNames(t *testing.T) {
	n := newNames("127.0.0.1:1")
	first := n.normalize(newTestAnswer(200, map[string]string{"X-Amz-Version-Id": "one", "X-Amz-Request-Id": "r", "Location": "http://127.0.0.1:1/k"}, ""))
	second := n.normalize(newTestAnswer(200, map[string]string{"Content-Type": "application/xml"}, `<List>
		<Version><VersionId>two</VersionId></Version><Version><VersionId>one</VersionId></Version><Version><VersionId>null</VersionId></Version></List>`))
	for at, want := range map[string]string{"X-Amz-Version-Id": "<version 1>", "X-Amz-Request-Id": "<id>", "Location": "http://<host>/k"} {
		if got := first.fields[at]; got != want {
			t.Errorf("%s is %q, want %q", at, got, want)
		}
	}
	for at, want := range map[string]string{"body.Version.VersionId": "<version 2>", "body.Version[2].VersionId": "<version 1>", "body.Version[3].VersionId": "null"} {
		if got := second.fields[at]; got != want {
			t.Errorf("%s is %q, want %q", at, got, want)
		}
	}
}

// TestParseTheme shows the form of the corpus.
func TestParseTheme(t *testing.T) {
	scripts, err := parseTheme("theme", strings.TrimLeft(`
# A theme.

### first
# A remark.
PUT /velero/k
Sign: nobody
X-Amz-Meta-A: b
content
Of: two lines

PUT /velero/large
= 20 bytes

### second
GET /velero
`, "\n"))
	if err != nil || len(scripts) != 2 || scripts[0].name != "theme: first" || len(scripts[0].requests) != 2 {
		t.Fatalf("%v, %v", scripts, err)
	}
	if put := scripts[0].requests[0]; put.body != "content\nOf: two lines" || put.sign != "nobody" || len(put.header) != 1 {
		t.Errorf("the first request is %+v", put)
	}
	if large := scripts[0].requests[1]; large.body != "0123456789abcdef0123" {
		t.Errorf("the large body is %q", large.body)
	}
	for _, wrong := range []string{"### a\nGET /\n", "\n### a\n", "\n### a\nhello\n", "hello\n\n### a\nGET /\n", "\n### a\nGET /\nSign: somehow\n"} {
		if _, err := parseTheme("theme", wrong); err == nil {
			t.Errorf("%q was accepted", wrong)
		}
	}
}
