// Package call names who asks for what. Policies decide on it, faults are matched with it and the journal records it,
// whichever of a cloud's services is asked.
package call

// Call is one request to a service. What is not known, or means nothing to the service, is empty.
type Call struct {
	// Account is the account's id, and AccessKey the id of the key that signed.
	Account   string `json:"account,omitempty" doc:"Id of the account that asks."`
	AccessKey string `json:"accessKey,omitempty" doc:"Id of the access key that signed the request."`
	// Operation is the service and its operation, such as s3:PutObject or ec2:CreateSnapshot.
	Operation string `json:"operation,omitempty" doc:"Service and operation, such as s3:PutObject."`
	Region    string `json:"region,omitempty" doc:"Region whose endpoint was asked."`
	Bucket    string `json:"bucket,omitempty" doc:"Bucket of the request."`
	// Key is the object's key; for a list it is the prefix that is listed.
	Key string `json:"key,omitempty" doc:"Key of the object, or the prefix of a list."`
	// Resource is the id of a volume or a snapshot; of several the first.
	Resource string `json:"resource,omitempty" doc:"Id of the volume or the snapshot of the request."`
	// Facts is what else is known of the request where policies decide on it; nil is nothing.
	Facts Facts `json:"-"`
}

// Facts is what conditions of policies can ask of a request, by AWS's names such as aws:SourceIp. Nil is what it does not say.
type Facts interface{ Fact(key string) []string }

// Matches says whether a name matches a pattern, in which * stands for any characters and ? for one, as in the policies
// of AWS.
func Matches(pattern, name string) bool {
	star, retry := -1, 0
	p, n := 0, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, retry = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0:
			retry++
			p, n = star+1, retry
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// MatchesAny says whether a name matches one of the patterns, or there is no pattern.
func MatchesAny(patterns []string, name string) bool {
	for _, pattern := range patterns {
		if Matches(pattern, name) {
			return true
		}
	}
	return len(patterns) == 0
}
