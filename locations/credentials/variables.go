package credentials

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// parseVariables reads a file of NAME=VALUE lines as shells would, with quotes, comments and export, but nothing is
// expanded. The last one of a name counts. Errors never repeat a line.
func parseVariables(file []byte) (map[string]string, error) {
	if encodedTwice(file) {
		return nil, errEncodedTwice
	}
	out := map[string]string{}
	number := 0
	for line := range strings.SplitSeq(string(bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))), "\n") {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, found := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		if name = strings.TrimSpace(name); !found || !variableName.MatchString(name) {
			return nil, fmt.Errorf("line %d of the credentials file is not NAME=VALUE", number)
		}
		out[name] = unquote(strings.TrimSpace(value))
	}
	return out, nil
}

func unquote(value string) string {
	if n := len(value); n > 1 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		return value[1 : n-1]
	}
	value, _, _ = strings.Cut(value, " #")
	return strings.TrimSpace(value)
}

// required returns an error about the first of the variables that is not set.
func required(variables map[string]string, names ...string) error {
	for _, name := range names {
		if variables[name] == "" {
			return fmt.Errorf("the credentials file does not set %s", name)
		}
	}
	return nil
}
