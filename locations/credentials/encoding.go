package credentials

import (
	"encoding/base64"
	"errors"
	"strings"
	"unicode/utf8"
)

// errEncodedTwice is about what is left of a file that was encoded by hand and then once more, as `kubectl create secret`
// does, or that stands encoded under a Secret's stringData.
var errEncodedTwice = errors.New("the credentials file is encoded in base64 twice: give `kubectl create secret` the file as it is, or put what is encoded once under data, not stringData")

// encodedTwice says whether a file is nothing but text in base64, in lines of any length.
func encodedTwice(file []byte) bool {
	text, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(file)), ""))
	return err == nil && len(text) > 0 && utf8.Valid(text) && strings.ContainsAny(string(text), "={")
}
