package ec2

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
)

// filter is a filter as requests write it.
type filter struct {
	Name   string
	Values []string `query:"Value"`
}

func storeFilters(filters []filter, known []string) ([]ebs.Filter, error) {
	var out []ebs.Filter
	for _, f := range filters {
		if !slices.Contains(known, f.Name) && !strings.HasPrefix(f.Name, "tag:") {
			return nil, refuse("InvalidParameterValue", "The filter '"+f.Name+"' is invalid")
		}
		if len(f.Values) == 0 {
			return nil, refuse("InvalidParameterValue", "The filter '"+f.Name+"' has no values")
		}
		out = append(out, ebs.Filter{Name: f.Name, Values: f.Values})
	}
	return out, nil
}

// storeQuery asks the store for a page of what a request wants. set is what EC2 calls the list of ids.
func storeQuery(ids []string, set string, filters []filter, known []string, maxResults *int, token string) (ebs.Query, error) {
	query := ebs.Query{IDs: ids}
	var err error
	if query.Filters, err = storeFilters(filters, known); err != nil {
		return query, err
	}
	if maxResults != nil && len(ids) > 0 {
		return query, refuse("InvalidParameterCombination", "The parameter "+set+" cannot be used with the parameter maxResults")
	}
	if query.Limit, err = pageSize(maxResults); err != nil || token == "" {
		return query, err
	}
	after, err := decodeToken(token)
	if err != nil {
		return query, err
	}
	if query.After, err = strconv.ParseUint(after, 10, 63); err != nil {
		return query, badToken()
	}
	return query, nil
}

// pageSize returns how many results there may be; 0 is all. EC2 takes 5 to 1000.
func pageSize(maxResults *int) (int, error) {
	if maxResults == nil {
		return 0, nil
	}
	if n := *maxResults; n < 5 {
		return 0, refuse("InvalidParameterValue", "Value ( "+strconv.Itoa(n)+" ) for parameter maxResults is invalid. Expecting a value greater than 5.")
	}
	return min(*maxResults, 1000), nil
}

// nextToken returns the token for what comes after the last item of a page.
func nextToken(last string) string { return base64.RawURLEncoding.EncodeToString([]byte(last)) }

// tokenAfter is that of pages in the order of creations.
func tokenAfter(sequence uint64) string { return nextToken(strconv.FormatUint(sequence, 10)) }

func decodeToken(token string) (string, error) {
	last, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return "", badToken()
	}
	return string(last), nil
}

func badToken() error {
	return refuse("InvalidPaginationToken", "The specified pagination token is not valid or is expired.")
}
