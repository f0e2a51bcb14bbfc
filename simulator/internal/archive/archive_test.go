package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// entries reads an archive to its end.
func entries(data []byte) (map[string]string, error) {
	out := map[string]string{}
	r := NewReader(bytes.NewReader(data))
	for {
		entry, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		content, err := io.ReadAll(entry.Content)
		if err != nil {
			return out, err
		}
		out[entry.Name] = string(content)
	}
}

func TestArchive(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out)
	if err := errors.Join(w.AddJSON("a.json", map[string]int{"n": 1}), w.Add("b", strings.NewReader("hello"), 5), w.Add("empty", strings.NewReader(""), 0), w.Close()); err != nil {
		t.Fatal(err)
	}
	whole := out.Bytes()
	got, err := entries(whole)
	if err != nil || len(got) != 3 || got["a.json"] != `{"n":1}` || got["b"] != "hello" {
		t.Errorf("there are %v, %v", got, err)
	}
	changed := bytes.Replace(whole, []byte("hello"), []byte("jello"), 1)
	folder, other := &bytes.Buffer{}, &bytes.Buffer{}
	for _, test := range []struct {
		to     *bytes.Buffer
		header tar.Header
	}{{folder, tar.Header{Name: "d/", Typeflag: tar.TypeDir}}, {other, tar.Header{Name: "end.json"}}} {
		if err := tar.NewWriter(test.to).WriteHeader(&test.header); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":            {nil, "it is no tar archive"},
		"text":               {bytes.Repeat([]byte("text"), 1000), "it is no tar archive"},
		"changed":            {changed, "its checksum is not that of its content"},
		"cut in an entry":    {whole[:1100], ErrCut.Error()},
		"cut between":        {whole[:1024], ErrCut.Error()},
		"cut in a header":    {whole[:1300], ErrCut.Error()},
		"folder":             {folder.Bytes(), `"d/" is no file`},
		"nothing but an end": {other.Bytes(), "reading end.json: "},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := entries(test.data); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("there are %v, %v, want %q", got, err, test.want)
			}
		})
	}
	if err := NewWriter(&out).Add("short", strings.NewReader("a"), 2); err == nil {
		t.Error("a content that is too short is written")
	}
}

func TestDecode(t *testing.T) {
	for data, want := range map[string]string{`{"n":1}`: "", `{"m":1}`: `unknown field "m"`, `{`: "unexpected EOF"} {
		var into struct{ N int }
		err := Entry{Name: "e", Content: strings.NewReader(data)}.Decode(&into)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", data, err)
		}
	}
}
