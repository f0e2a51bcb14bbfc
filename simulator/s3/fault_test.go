package s3_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"

	"github.com/velero-locations/velero-locations/simulator/faults"
)

// tryMinio puts and gets an object of 100 000 bytes with minio-go, without retries.
func tryMinio(t *testing.T, c *cloud) (put, get error) {
	t.Helper()
	client := c.minio(t, aliceKey, "us-east-1")
	data := content(100_000)
	_, put = client.PutObject(t.Context(), "alice-home", "k", newStream(data), int64(len(data)), minio.PutObjectOptions{})
	object, err := client.GetObject(t.Context(), "alice-home", "k", minio.GetObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer object.Close()
	got, get := io.ReadAll(object)
	if get == nil && hash(got) != hash(data) {
		t.Error("the object holds something else")
	}
	return put, get
}

// tryAWS is tryMinio with aws-sdk-go-v2.
func tryAWS(t *testing.T, c *cloud) (put, get error) {
	t.Helper()
	client := c.aws(aliceKey, "us-east-1")
	data := content(100_000)
	_, put = client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String("alice-home"), Key: aws.String("k"), Body: bytes.NewReader(data)})
	object, get := client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String("alice-home"), Key: aws.String("k")})
	if get != nil {
		return put, get
	}
	got, get := io.ReadAll(object.Body)
	if get == nil && hash(got) != hash(data) {
		t.Error("the object holds something else")
	}
	return put, get
}

// TestFaultsSeenByClients lets each type of fault meet each client, over HTTP and over HTTPS.
func TestFaultsSeenByClients(t *testing.T) {
	put := faults.Match{Operations: []string{"s3:PutObject"}}
	get := faults.Match{Operations: []string{"s3:GetObject"}}
	code := func(want string) func(error) bool { return func(err error) bool { return errorCode(err) == want } }
	is := func(wants ...error) func(error) bool {
		return func(err error) bool {
			for _, want := range wants {
				if errors.Is(err, want) {
					return true
				}
			}
			return false
		}
	}
	fine := is(nil)
	// A client that is still sending may see its own end of the connection closed before it sees the reset.
	broken := is(syscall.ECONNRESET, syscall.EPIPE, io.ErrUnexpectedEOF, io.EOF, net.ErrClosed)
	for _, test := range []struct {
		name     string
		match    faults.Match
		fault    faults.Fault
		put, get func(error) bool
	}{
		{name: "SlowDown", match: put, fault: faults.Error{Code: "SlowDown"}, put: code("SlowDown"), get: code("NoSuchKey")},
		{name: "InternalError", match: get, fault: faults.Error{Code: "InternalError"}, put: fine, get: code("InternalError")},
		{name: "a code of one's own", match: get, fault: faults.Error{Code: "OutOfCheese", Status: 418}, put: fine, get: code("OutOfCheese")},
		{name: "expired", fault: faults.Expired{}, put: code("ExpiredToken"), get: code("ExpiredToken")},
		{name: "outage", fault: faults.Outage{}, put: code("ServiceUnavailable"), get: code("ServiceUnavailable")},
		{name: "outage that resets", fault: faults.Outage{Mode: faults.Resetting}, put: broken, get: broken},
		{name: "reset", match: put, fault: faults.Reset{}, put: broken, get: code("NoSuchKey")},
		{name: "reset in the upload", match: put, fault: faults.Reset{At: faults.Upload, After: 50_000}, put: broken, get: code("NoSuchKey")},
		{name: "answer to the upload lost", match: put, fault: faults.Reset{At: faults.Download}, put: broken, get: fine},
		{name: "reset in the download", match: get, fault: faults.Reset{At: faults.Download, After: 50_000}, put: fine, get: broken},
		{name: "truncated download", match: get, fault: faults.Truncate{After: 50_000}, put: fine, get: is(io.ErrUnexpectedEOF)},
		{name: "latency", fault: faults.Latency{Delay: faults.Duration(5 * time.Millisecond)}, put: fine, get: fine},
		{name: "bandwidth", fault: faults.Bandwidth{BytesPerSecond: 10_000_000}, put: fine, get: fine},
		{name: "stalled upload", match: put, fault: faults.Stall{At: faults.Upload, After: 50_000, For: faults.Duration(5 * time.Millisecond)}, put: fine, get: fine},
		{name: "stalled download", match: get, fault: faults.Stall{After: 50_000, For: faults.Duration(5 * time.Millisecond)}, put: fine, get: fine},
	} {
		for client, try := range map[string]func(*testing.T, *cloud) (put, get error){"minio-go": tryMinio, "aws-sdk-go-v2": tryAWS} {
			for scheme, c := range map[string]*cloud{"http": start(t, twoAccounts()), "https": startTLS(t, twoAccounts())} {
				t.Run(test.name+"/"+client+"/"+scheme, func(t *testing.T) {
					c.harm(t, faults.Rule{Name: "harm", Match: test.match, Fault: test.fault})
					putErr, getErr := try(t, c)
					if !test.put(putErr) {
						t.Errorf("put: %v", putErr)
					}
					if !test.get(getErr) {
						t.Errorf("get: %v", getErr)
					}
				})
			}
		}
	}
}

// TestHangingRequests shows that clients which give up on a server that hangs leave nothing behind: it can be closed.
func TestHangingRequests(t *testing.T) {
	for name, fault := range map[string]faults.Fault{"outage": faults.Outage{Mode: faults.Hanging}, "download": faults.Stall{After: 10}} {
		t.Run(name, func(t *testing.T) {
			c := start(t, twoAccounts())
			client := c.minio(t, aliceKey, "us-east-1")
			if _, err := client.PutObject(t.Context(), "alice-home", "k", strings.NewReader("some more than ten bytes"), 24, minio.PutObjectOptions{}); err != nil {
				t.Fatal(err)
			}
			c.harm(t, faults.Rule{Fault: fault})
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			object, err := client.GetObject(ctx, "alice-home", "k", minio.GetObjectOptions{})
			if err == nil {
				_, err = io.ReadAll(object)
			}
			defer object.Close()
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestFaultsMeetRetries lets a client have three SlowDowns before it succeeds, as Velero's clients do under load.
func TestFaultsMeetRetries(t *testing.T) {
	c := start(t, twoAccounts())
	c.harm(t, faults.Rule{Match: faults.Match{Operations: []string{"s3:PutObject"}}, Times: 3, Fault: faults.Error{Code: "SlowDown"}})
	client := c.aws(aliceKey, "us-east-1", func(o *awss3.Options) {
		o.RetryMaxAttempts = 4
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = 4
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	})
	if _, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String("alice-home"), Key: aws.String("k"), Body: strings.NewReader("x")}); err != nil {
		t.Error(err)
	}
	var statuses []int
	for _, e := range lastEntries(t, c.Simulator, 4) {
		statuses = append(statuses, e.Status)
	}
	if !slices.Equal(statuses, []int{503, 503, 503, 200}) {
		t.Errorf("the client was answered %v", statuses)
	}
}

func TestFaultsMatch(t *testing.T) {
	for name, match := range map[string]faults.Match{
		"account":    {Accounts: []string{bob}},
		"access key": {AccessKeys: []string{bobKey.ID}},
		"bucket":     {Buckets: []string{"bob-*"}},
		"prefix":     {Prefix: "bob/"},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, twoAccounts())
			c.harm(t, faults.Rule{Match: match, Fault: faults.Outage{}})
			checkStatus(t, c.send(t, aliceKey, "us-east-1", "PUT", "/alice-home/k", "x"), 200, "")
			checkStatus(t, c.send(t, bobKey, "us-east-1", "PUT", "/bob-home/bob/k", "x"), 503, "ServiceUnavailable")
			checkStatus(t, c.send(t, bobKey, "us-east-1", "GET", "/bob-home?list-type=2&prefix=bob/", ""), 503, "ServiceUnavailable")
		})
	}
}

// TestRegionDown takes a region down at the global endpoint and at its own, and leaves the other alone.
func TestRegionDown(t *testing.T) {
	config := regional()
	config.Faults = []faults.Rule{{Name: "eu-is-down", Match: faults.Match{Regions: []string{"eu-west-1"}}, Fault: faults.Outage{}}}
	sim, endpoints := run(t, config)
	eu, us := endpoints.S3Regions["eu-west-1"], endpoints.S3Regions["us-east-1"]
	checkStatus(t, ask(t, aliceKey, "eu-west-1", "GET", endpoints.S3+"/alice-abroad", ""), 503, "ServiceUnavailable")
	checkStatus(t, ask(t, aliceKey, "eu-west-1", "GET", eu+"/alice-abroad", ""), 503, "ServiceUnavailable")
	checkStatus(t, ask(t, aliceKey, "", "HEAD", eu+"/alice-abroad", ""), 503, "")
	checkStatus(t, ask(t, aliceKey, "us-east-1", "GET", us+"/alice-home", ""), 200, "")
	checkStatus(t, ask(t, aliceKey, "us-east-1", "GET", endpoints.S3+"/alice-home", ""), 200, "")
	if !sim.Faults().Remove("eu-is-down") {
		t.Error("the fault of the configuration is not there")
	}
	checkStatus(t, ask(t, aliceKey, "eu-west-1", "GET", eu+"/alice-abroad", ""), 200, "")
	if err := sim.Reset(); err != nil {
		t.Fatal(err)
	}
	checkStatus(t, ask(t, aliceKey, "eu-west-1", "GET", eu+"/alice-abroad", ""), 503, "ServiceUnavailable")
}

// TestFlakyRepeats shows that the same seed harms the same requests, in another simulator too.
func TestFlakyRepeats(t *testing.T) {
	outcomes := func(seed uint64) string {
		config := twoAccounts()
		config.FaultSeed = seed
		config.Faults = []faults.Rule{{Name: "flaky", Probability: 0.5, Fault: faults.Error{Code: "InternalError"}}}
		c := start(t, config)
		var out strings.Builder
		for range 40 {
			out.WriteString(c.send(t, aliceKey, "us-east-1", "GET", "/alice-home", "").Status[:1])
		}
		return out.String()
	}
	first := outcomes(7)
	if again := outcomes(7); again != first {
		t.Errorf("%s, and then %s", first, again)
	}
	if other := outcomes(8); other == first {
		t.Errorf("another seed gives %s, too", other)
	}
}
