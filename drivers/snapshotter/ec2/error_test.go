package ec2_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/policy"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

func check(ctx context.Context, s snapshotter.Snapshotter) error { return s.Check(ctx) }

func describe(id string) func(context.Context, snapshotter.Snapshotter) error {
	return func(ctx context.Context, s snapshotter.Snapshotter) error {
		_, err := s.Volume(ctx, id, "")
		return err
	}
}

func snapshotOf(id string) func(context.Context, snapshotter.Snapshotter) error {
	return func(ctx context.Context, s snapshotter.Snapshotter) error {
		_, err := s.CreateSnapshot(ctx, id, "", map[string]string{"velero.io/backup": "b"})
		return err
	}
}

// TestErrors shows what a user reads whose location, or whose cloud, has one thing wrong.
func TestErrors(t *testing.T) {
	sim := cloud(t)
	regional := httptest.NewServer(sim.RegionalEC2Handler(west))
	t.Cleanup(regional.Close)
	reader := sim.AddKey(t, policy.Statement{Effect: policy.Allow, Actions: []string{"ec2:DescribeVolumes", "ec2:CreateSnapshot"}})
	expired := addTemporaryKey(t, sim, time.Now().Add(-time.Hour))
	completed := takeSnapshot(t, sim)
	volume := snapshotter.Volume{Type: "gp2", Zone: "us-east-1a"}
	createIn := func(zone, from string) func(context.Context, snapshotter.Snapshotter) error {
		return func(ctx context.Context, s snapshotter.Snapshotter) error {
			like := volume
			like.Zone = zone
			_, err := s.CreateVolume(ctx, from, like)
			return err
		}
	}

	for name, tc := range map[string]struct {
		change func(*snapshotter.Options)
		fault  faults.Fault
		times  int                                                  // how often the fault strikes; 0: always
		do     func(context.Context, snapshotter.Snapshotter) error // nil: check
		reason snapshotter.Reason                                   // empty: no error
		want   string                                               // @ stands for the endpoint
	}{
		"nothing wrong": {},
		"the region of another endpoint": {
			change: func(o *snapshotter.Options) { o.Endpoint, _ = url.Parse(regional.URL) },
			reason: snapshotter.WrongRegion, want: "@ does not serve region us-east-1 (401 AuthFailure: Credential should be scoped to a valid region): correct spec.config.region",
		},
		"a region that there is not": {
			change: func(o *snapshotter.Options) { o.Config["region"] = "us-esat-1" },
			reason: snapshotter.WrongRegion, want: "@ does not serve region us-esat-1 (401 AuthFailure: Credential should be scoped to a valid region): correct spec.config.region",
		},
		"a volume of another region": {
			do: describe(mineInWest), reason: snapshotter.NotFound,
			want: `there is no volume "` + mineInWest + `" in region us-east-1 of the account that the credentials are of: use a volume snapshot location of its region and account`,
		},
		"a volume of another account": {
			do: snapshotOf(others), reason: snapshotter.NotFound,
			want: `there is no volume "` + others + `" in region us-east-1 of the account that the credentials are of: use a volume snapshot location of its region and account`,
		},
		"a volume of another account, described": {
			do: describe(others), reason: snapshotter.NotFound,
			want: `there is no volume "` + others + `" in region us-east-1 of the account that the credentials are of: use a volume snapshot location of its region and account`,
		},
		"a snapshot of another region": {
			change: func(o *snapshotter.Options) { o.Config["region"] = west },
			do:     createIn("us-west-1a", completed), reason: snapshotter.NotFound,
			want: `there is no snapshot "` + completed + `" in region us-west-1 of the account that the credentials are of: use a volume snapshot location of its region and account`,
		},
		"a zone of another region": {
			do: createIn("us-west-1a", completed), reason: snapshotter.Elsewhere,
			want: `there is no zone "us-west-1a" in region us-east-1: choose one of that region`,
		},
		"a pending snapshot": {
			do: func(ctx context.Context, s snapshotter.Snapshotter) error {
				pending, err := s.CreateSnapshot(ctx, mine, "", nil)
				if err != nil {
					return err
				}
				return createIn("us-east-1a", pending)(ctx, s)
			},
			reason: snapshotter.NotReady, want: "does not allow CreateVolume yet (",
		},
		"an unknown key": {
			change: func(o *snapshotter.Options) { o.Credentials = file("AKIANOBODY", "hidden", "") },
			reason: snapshotter.CredentialsRefused, want: "@ does not accept the access key (401 AuthFailure: AWS was not able to validate the provided access credentials): correct aws_access_key_id and aws_secret_access_key in the credentials",
		},
		"a wrong secret": {
			change: func(o *snapshotter.Options) { o.Credentials = file(sim.Key.ID, "hidden-too", "") },
			reason: snapshotter.CredentialsRefused, want: "@ does not accept the access key (401 AuthFailure: AWS was not able to validate the provided access credentials): correct aws_access_key_id and aws_secret_access_key in the credentials",
		},
		"a wrong token": {
			change: func(o *snapshotter.Options) { o.Credentials = file(sim.Key.ID, sim.Key.Secret, "hidden") },
			reason: snapshotter.CredentialsRefused, want: "@ does not accept the access key (401 AuthFailure: AWS was not able to validate the provided access credentials): correct aws_access_key_id, aws_secret_access_key and aws_session_token in the credentials",
		},
		"an expired token": {
			change: func(o *snapshotter.Options) {
				o.Credentials = file(expired.ID, expired.Secret, expired.SessionToken)
			},
			reason: snapshotter.CredentialsRefused, want: "the session token of the credentials has expired (400 RequestExpired: Request has expired): put new ones in place",
		},
		"clocks": {
			fault:  faults.Error{Code: "RequestExpired", Status: 400, Message: "Request has expired."},
			reason: snapshotter.Refused, want: "the clocks here and at @ differ too much for signed requests (400 RequestExpired: Request has expired): set the clocks right",
		},
		"a denied check": {
			change: func(o *snapshotter.Options) { o.Credentials = deniedFile(t, sim) },
			reason: snapshotter.Denied, want: "the credentials may not ec2:DescribeVolumes in region us-east-1 (403 UnauthorizedOperation: You are not authorized to perform this operation. User: arn:aws:iam::111111111111:user/test is not authorized to perform: ec2:DescribeVolumes because no identity-based policy allows the ec2:DescribeVo...): allow it to them, or use others",
		},
		"denied tags": {
			change: func(o *snapshotter.Options) { o.Credentials = file(reader.ID, reader.Secret, "") },
			do:     snapshotOf(mine), reason: snapshotter.Denied, want: "the credentials may not ec2:CreateTags in region us-east-1 (403 UnauthorizedOperation: You are not authorized to perform this operation. User: arn:aws:iam::111111111111:user/test is not authorized to perform: ec2:CreateTags because no identity-based policy allows the ec2:CreateTags acti...): allow it to them, or use others",
		},
		"throttled": {
			fault:  faults.Error{Code: "RequestLimitExceeded"},
			reason: snapshotter.Throttled, want: "@ is overloaded, or a quota is used up (503 RequestLimitExceeded: Request limit exceeded): wait, or have the quota raised",
		},
		"throttled twice": {fault: faults.Error{Code: "RequestLimitExceeded"}, times: 2},
		"too many snapshots": {
			fault: faults.Error{Code: "SnapshotLimitExceeded"}, do: snapshotOf(mine),
			reason: snapshotter.Throttled, want: "a quota is used up (400 SnapshotLimitExceeded: You have exceeded the maximum number of snapshots allowed for your account): wait, or have the quota raised",
		},
		"a fault of its own": {
			fault:  faults.Error{Code: "InternalError"},
			reason: snapshotter.Refused, want: "@ has a fault of its own (500 InternalError: We encountered an internal error. Please try again): look at the service",
		},
		"a code of another kind": {
			fault:  faults.Error{Code: "Strange", Status: 400, Message: "you sent hidden"},
			reason: snapshotter.Refused, want: "@ refuses DescribeVolumes (400 Strange: you sent ***): correct spec.config or the credentials",
		},
		"no such endpoint": {
			change: func(o *snapshotter.Options) { o.Endpoint = &url.URL{Scheme: "http", Host: "127.0.0.1:1"} },
			reason: snapshotter.Unreachable, want: "nothing listens at @: start the provider's service, or correct the default endpoint that the controller was given",
		},
		"a connection that breaks": {
			fault:  faults.Reset{},
			reason: snapshotter.Unreachable, want: "@ could not be reached: ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := accounts.NewKey()
			key.Secret = "hidden"
			if err := sim.Accounts().Add(simulatortest.Account, key); err != nil {
				t.Fatal(err)
			}
			opts := options(t, sim, east)
			opts.Credentials = file(key.ID, key.Secret, "")
			if tc.change != nil {
				tc.change(&opts)
			}
			if tc.fault != nil {
				sim.Harm(t, faults.Rule{Match: faults.Match{AccessKeys: []string{key.ID}}, Times: tc.times, Fault: tc.fault})
			}
			do := tc.do
			if do == nil {
				do = check
			}
			expect(t, do(t.Context(), open(t, opts)), tc.reason, strings.ReplaceAll(tc.want, "@", opts.Endpoint.String()))
		})
	}
}

// expect wants an error of a reason, with some words; none where there is no reason.
func expect(t *testing.T, err error, reason snapshotter.Reason, words string) {
	t.Helper()
	if snapshotter.ReasonOf(err) != reason || (err == nil) != (reason == "") {
		t.Fatalf("got reason %q of %v, want %q", snapshotter.ReasonOf(err), err, reason)
	}
	if err != nil && !strings.Contains(err.Error(), words) {
		t.Errorf("got  %v\nwant %s", err, words)
	}
	if err != nil && (strings.Contains(err.Error(), "hidden") || strings.ContainsAny(err.Error(), "\n")) {
		t.Errorf("a secret or a line end shows: %v", err)
	}
}

func addTemporaryKey(t *testing.T, sim *simulatortest.Simulator, expires time.Time) accounts.Key {
	t.Helper()
	key := accounts.NewKey()
	key.SessionToken, key.Expires = "token", expires
	if err := sim.Accounts().Add(simulatortest.Account, key); err != nil {
		t.Fatal(err)
	}
	return key
}

func deniedFile(t *testing.T, sim *simulatortest.Simulator) []byte {
	key := sim.AddKey(t, policy.Statement{Effect: policy.Allow, Actions: []string{"s3:*"}})
	return file(key.ID, key.Secret, "")
}

// takeSnapshot takes a snapshot of mine and waits until it is complete.
func takeSnapshot(t *testing.T, sim *simulatortest.Simulator) string {
	t.Helper()
	id, err := open(t, options(t, sim, east)).CreateSnapshot(t.Context(), mine, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	sim.Clock().Advance(time.Minute)
	return id
}

// TestOtherServices shows what a user reads whose endpoint is not EC2, or does not answer.
func TestOtherServices(t *testing.T) {
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		within time.Duration // 0: as long as it takes
		want   string
	}{
		"a page for people": {
			answer: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!doctype html><html><br></html>") },
			want:   "what @ answers is not EC2 (200 OK): correct the default endpoint that the controller was given",
		},
		"nothing of that name": {
			answer: http.NotFound,
			want:   "what @ answers is not EC2 (404 Not Found): correct the default endpoint that the controller was given",
		},
		"elsewhere": {
			answer: func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
			},
			want: "what @ answers is not EC2 (302 Found): correct the default endpoint that the controller was given",
		},
		"silence": {
			answer: func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // or the server does not notice that the client is gone
				<-r.Context().Done()
			},
			within: 50 * time.Millisecond,
			want:   "@ did not answer in time: see whether the network lets requests through, or correct the default endpoint that the controller was given",
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(tc.answer)
			t.Cleanup(server.Close)
			ctx := t.Context()
			if tc.within > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, tc.within)
				defer cancel()
			}
			opts := snapshotter.Options{Config: map[string]string{"region": east}, Credentials: file("AKIA", "hidden", "")}
			opts.Endpoint, _ = url.Parse(server.URL)
			expect(t, open(t, opts).Check(ctx), snapshotter.Unreachable, strings.ReplaceAll(tc.want, "@", server.URL))
		})
	}
}
