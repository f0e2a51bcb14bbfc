package provider

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Type of a setting's value, which is always written as a string.
type Type struct {
	// Name of the type in the documentation.
	Name string
	// Values that are completed and documented. Empty: too many to list.
	Values []string
	// Check returns what a value must be, if it is not that. It is not asked about empty values.
	// Nil: anything is accepted.
	Check func(value string) error
}

var (
	// String is any text.
	String = Type{Name: "string"}
	// Boolean is what Go's strconv.ParseBool reads, as the plugins do.
	Boolean = Type{Name: "boolean", Values: []string{"true", "false"}, Check: checkBool}
	// URL is an address with http or https. It may have a path.
	URL = Type{Name: "URL", Check: checkURL}
	// Region is the name of a region. It is deliberately wide: storage other than Amazon's names
	// its regions as it likes.
	Region = Type{Name: "region", Check: matches(`[A-Za-z0-9][A-Za-z0-9._-]*`, "the name of a region, such as us-east-1")}
	// Duration is what Go's time.ParseDuration reads, but not negative.
	Duration = Type{Name: "duration", Check: checkDuration}
)

// OneOf is an enumeration. Case matters.
func OneOf(values ...string) Type {
	return Type{Name: "one of " + strings.Join(values, ", "), Values: values, Check: func(value string) error {
		if !slices.Contains(values, value) {
			return fmt.Errorf("must be one of %s", quoted(values))
		}
		return nil
	}}
}

// Integer is a whole number from least to most.
func Integer(least, most int) Type {
	return Type{Name: "integer", Check: func(value string) error {
		if n, err := strconv.Atoi(value); err != nil || n < least || n > most {
			return fmt.Errorf("must be a whole number from %d to %d", least, most)
		}
		return nil
	}}
}

// matches checks values against a regular expression of all of it; what says what that means.
func matches(pattern, what string) func(string) error {
	expression := regexp.MustCompile(`^(?:` + pattern + `)$`)
	return func(value string) error {
		if !expression.MatchString(value) {
			return fmt.Errorf("must be %s", what)
		}
		return nil
	}
}

func checkBool(value string) error {
	if _, err := strconv.ParseBool(value); err != nil {
		return errors.New(`must be "true" or "false"`)
	}
	return nil
}

// checkURL does not repeat the address, which may hold a password.
func checkURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return errors.New("must be a URL such as https://s3.example.com")
	case u.User != nil:
		return errors.New("must not have a user name in it: put credentials in a Secret instead")
	case u.RawQuery != "", u.Fragment != "":
		return errors.New("must end before the ? or #")
	case u.Port() != "":
		return checkPort(u.Port())
	}
	return nil
}

func checkPort(port string) error {
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return errors.New("must have a port from 1 to 65535, or none")
	}
	return nil
}

func checkDuration(value string) error {
	if d, err := time.ParseDuration(value); err != nil || d < 0 {
		return errors.New("must be a duration such as 90s, 5m or 1h30m")
	}
	return nil
}

// keyValues is a list of pairs, each of a key and a value with = between them.
func keyValues(separator string, check func(pairs [][2]string) error) func(string) error {
	return func(value string) error {
		var pairs [][2]string
		for pair := range strings.SplitSeq(value, separator) {
			key, value, found := strings.Cut(pair, "=")
			if key = strings.TrimSpace(key); !found || key == "" || strings.Contains(value, "=") {
				return fmt.Errorf("must be tags such as key1=value1%skey2=value2", separator)
			}
			if slices.ContainsFunc(pairs, func(other [2]string) bool { return other[0] == key }) {
				return fmt.Errorf("must have each tag once, but has %q twice", key)
			}
			pairs = append(pairs, [2]string{key, value})
		}
		return check(pairs)
	}
}
