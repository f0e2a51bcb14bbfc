package policy

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/velero-locations/velero-locations/simulator/call"
)

// Condition is one more thing that must hold for a statement to cover a call, as AWS has it: an operator on what the call says of a key.
type Condition struct {
	Operator string   `json:"operator" doc:"AWS's name, such as StringLike, IpAddress or StringEqualsIfExists."`
	Key      string   `json:"key" doc:"What the condition is on, such as s3:prefix or aws:SourceIp."`
	Values   []string `json:"values" doc:"Values, of which one must fit."`
}

// operator compares a value of a condition with one of a call. One that is negated holds where no value fits, and where the call has none.
type operator struct {
	fits    func(want, got string) bool
	check   func(want string) error
	negated bool
}

// operators are AWS's, without what can stand before and behind their names.
var operators = map[string]operator{
	"StringEquals":              {fits: func(want, got string) bool { return want == got }, check: noPattern},
	"StringNotEquals":           {fits: func(want, got string) bool { return want == got }, check: noPattern, negated: true},
	"StringEqualsIgnoreCase":    {fits: strings.EqualFold, check: noPattern},
	"StringNotEqualsIgnoreCase": {fits: strings.EqualFold, check: noPattern, negated: true},
	"StringLike":                {fits: call.Matches, check: anyText},
	"StringNotLike":             {fits: call.Matches, check: anyText, negated: true},
	"ArnEquals":                 {fits: call.Matches, check: anyText},
	"ArnLike":                   {fits: call.Matches, check: anyText},
	"ArnNotEquals":              {fits: call.Matches, check: anyText, negated: true},
	"ArnNotLike":                {fits: call.Matches, check: anyText, negated: true},
	"Bool":                      {fits: strings.EqualFold, check: boolean},
	"IpAddress":                 {fits: contains, check: parses(parseNetwork)},
	"NotIpAddress":              {fits: contains, check: parses(parseNetwork), negated: true},
	"NumericEquals":             {fits: compares(parseNumber, func(c int) bool { return c == 0 }), check: parses(parseNumber)},
	"NumericNotEquals":          {fits: compares(parseNumber, func(c int) bool { return c == 0 }), check: parses(parseNumber), negated: true},
	"NumericLessThan":           {fits: compares(parseNumber, func(c int) bool { return c < 0 }), check: parses(parseNumber)},
	"NumericLessThanEquals":     {fits: compares(parseNumber, func(c int) bool { return c <= 0 }), check: parses(parseNumber)},
	"NumericGreaterThan":        {fits: compares(parseNumber, func(c int) bool { return c > 0 }), check: parses(parseNumber)},
	"NumericGreaterThanEquals":  {fits: compares(parseNumber, func(c int) bool { return c >= 0 }), check: parses(parseNumber)},
	"DateEquals":                {fits: compares(parseDate, func(c int) bool { return c == 0 }), check: parses(parseDate)},
	"DateNotEquals":             {fits: compares(parseDate, func(c int) bool { return c == 0 }), check: parses(parseDate), negated: true},
	"DateLessThan":              {fits: compares(parseDate, func(c int) bool { return c < 0 }), check: parses(parseDate)},
	"DateLessThanEquals":        {fits: compares(parseDate, func(c int) bool { return c <= 0 }), check: parses(parseDate)},
	"DateGreaterThan":           {fits: compares(parseDate, func(c int) bool { return c > 0 }), check: parses(parseDate)},
	"DateGreaterThanEquals":     {fits: compares(parseDate, func(c int) bool { return c >= 0 }), check: parses(parseDate)},
}

// keys are those of which calls say something; those that end with a slash or a hyphen begin the names of many.
var keys = []string{
	"aws:CurrentTime", "aws:EpochTime", "aws:PrincipalAccount", "aws:PrincipalArn", "aws:Referer", "aws:RequestedRegion", "aws:SecureTransport",
	"aws:SourceIp", "aws:UserAgent", "s3:ExistingObjectTag/", "s3:RequestObjectTag/", "s3:RequestObjectTagKeys", "s3:VersionId", "s3:delimiter",
	"s3:if-match", "s3:if-none-match", "s3:max-keys", "s3:object-lock-legal-hold", "s3:object-lock-mode", "s3:prefix", "s3:x-amz-",
}

// parts takes a condition's operator apart: "null" is one that is on whether there is a value at all.
func (c Condition) parts() (name string, all, ifExists bool) {
	name, all = strings.CutPrefix(c.Operator, "ForAllValues:")
	name = strings.TrimPrefix(name, "ForAnyValue:")
	name, ifExists = strings.CutSuffix(name, "IfExists")
	return name, all, ifExists
}

// holds says whether the condition holds for a call.
func (c Condition) holds(of call.Call) bool {
	got := c.fact(of)
	name, all, ifExists := c.parts()
	if name == "Null" {
		return slices.Contains(c.Values, strconv.FormatBool(got == nil))
	}
	op := operators[name]
	if got == nil {
		return all || ifExists || op.negated
	}
	holds := func(value string) bool {
		return slices.ContainsFunc(c.Values, func(want string) bool { return op.fits(want, value) }) != op.negated
	}
	if all {
		return !slices.ContainsFunc(got, func(value string) bool { return !holds(value) })
	}
	return slices.ContainsFunc(got, holds)
}

// fact is what a call says of the condition's key; nil is nothing.
func (c Condition) fact(of call.Call) []string {
	switch {
	case strings.EqualFold(c.Key, "aws:RequestedRegion"):
		return []string{of.Region}
	case strings.EqualFold(c.Key, "aws:PrincipalAccount") && of.Account != "":
		return []string{of.Account}
	case strings.EqualFold(c.Key, "s3:prefix") && strings.HasPrefix(of.Operation, "s3:ListBucket"):
		return []string{of.Key}
	case of.Facts == nil:
		return nil
	}
	return of.Facts.Fact(c.Key)
}

// validate says what is wrong with the condition.
func (c Condition) validate() error {
	name, _, ifExists := c.parts()
	op, known := operators[name]
	switch {
	case name == "Null" && !ifExists:
		op.check = boolean
	case !known:
		return fmt.Errorf("operator: %q is not one of AWS's, such as \"StringLike\", or not simulated", c.Operator)
	}
	if !slices.ContainsFunc(keys, c.isOn) {
		return fmt.Errorf("key: %q is not simulated; %s are", c.Key, strings.Join(keys, ", "))
	}
	if len(c.Values) == 0 {
		return errors.New("values: there is none")
	}
	for _, value := range c.Values {
		if strings.Contains(value, "${") {
			return fmt.Errorf("values: %q: variables are not simulated", value)
		}
		if err := op.check(value); err != nil {
			return fmt.Errorf("values: %q: %w", value, err)
		}
	}
	return nil
}

func (c Condition) isOn(key string) bool {
	if strings.HasSuffix(key, "/") || strings.HasSuffix(key, "-") {
		return len(c.Key) > len(key) && strings.EqualFold(c.Key[:len(key)], key)
	}
	return strings.EqualFold(c.Key, key)
}

// fixed are the keys that leave a statement about everybody one about some, if their values are fixed.
var fixed = []string{"aws:SourceIp", "aws:PrincipalAccount", "aws:PrincipalArn"}

// confines says whether the condition leaves none but known callers, as S3 sees it when it decides what is public.
func (c Condition) confines() bool {
	op := operators[c.Operator]
	return op.fits != nil && !op.negated && slices.ContainsFunc(fixed, c.isOn) && !slices.ContainsFunc(c.Values, func(value string) bool {
		network, err := parseNetwork(value)
		return strings.ContainsAny(value, "*?") || err == nil && network.Bits() < widest(network)
	})
}

// widest is how many bits S3 wants of a network that is not everybody.
func widest(network netip.Prefix) int {
	if network.Addr().Is4() {
		return 8
	}
	return 32
}

// Public says whether the statement lets everybody do something.
func (s Statement) Public() bool {
	return s.Effect == Allow && slices.Contains(s.Accounts, Everybody) && !slices.ContainsFunc(s.Conditions, Condition.confines)
}

func anyText(string) error { return nil }

func noPattern(want string) error {
	if strings.ContainsAny(want, "*?") {
		return errors.New("* and ? are wild in StringLike only")
	}
	return nil
}

func boolean(want string) error {
	if want != "true" && want != "false" {
		return errors.New("it is neither true nor false")
	}
	return nil
}

func contains(want, got string) bool {
	network, err := parseNetwork(want)
	address, addressErr := netip.ParseAddr(got)
	return err == nil && addressErr == nil && network.Contains(address)
}

func parseNetwork(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return address.Prefix(address.BitLen())
	}
	return netip.ParsePrefix(text)
}

// parseNumber and parseDate return what can be compared; a date may be seconds, too.
func parseNumber(text string) (float64, error) { return strconv.ParseFloat(text, 64) }

func parseDate(text string) (float64, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if date, err := time.Parse(layout, text); err == nil {
			return float64(date.UnixMilli()) / 1000, nil
		}
	}
	return strconv.ParseFloat(text, 64)
}

func compares(parse func(string) (float64, error), is func(compared int) bool) func(want, got string) bool {
	return func(want, got string) bool {
		x, err := parse(got)
		y, wantErr := parse(want)
		return err == nil && wantErr == nil && is(cmp.Compare(x, y))
	}
}

func parses[T any](parse func(string) (T, error)) func(string) error {
	return func(want string) error {
		if _, err := parse(want); err != nil {
			return errors.New("it is no value for the operator")
		}
		return nil
	}
}

// scalar is a value of a condition, which may be a boolean or a number, too.
type scalar string

// UnmarshalJSON reads text, or takes another scalar as it stands.
func (s *scalar) UnmarshalJSON(data []byte) error {
	if strings.HasPrefix(string(data), `"`) {
		return json.Unmarshal(data, (*string)(s))
	}
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return err
	}
	switch value.(type) {
	case bool, float64:
		*s = scalar(data)
		return nil
	}
	return errors.New("a value of a condition is text, a number or a boolean")
}

// parseConditions reads the conditions of a document.
func parseConditions(document map[string]map[string]several[scalar]) ([]Condition, error) {
	var out []Condition
	for _, operator := range slices.Sorted(maps.Keys(document)) {
		if len(document[operator]) == 0 {
			return nil, wrong("Condition."+operator, "there is no key")
		}
		for _, key := range slices.Sorted(maps.Keys(document[operator])) {
			c := Condition{Operator: operator, Key: key}
			for _, value := range document[operator][key] {
				c.Values = append(c.Values, string(value))
			}
			if err := c.validate(); err != nil {
				return nil, wrong("Condition."+operator+"."+key, "%w", err)
			}
			out = append(out, c)
		}
	}
	return out, nil
}
