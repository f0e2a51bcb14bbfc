package verbs

import (
	"strings"
	"testing"
)

const stored = `{"metadata":{"name":"x","namespace":"velero","uid":"1"},"spec":{"provider":"aws"}}`

// TestSetSendsWhatFlagsName shows that no other field is touched.
func TestSetSendsWhatFlagsName(t *testing.T) {
	file, encoded := certificate(t)
	for args, want := range map[string]string{
		"backup-location set x --default":                                `{"spec":{"default":true}}`,
		"backup-location set --default x":                                `{"spec":{"default":true}}`,
		"backup-location set x --default=false":                          `{"spec":{"default":false}}`,
		"backup-location set x --credential a=b":                         `{"spec":{"credential":{"key":"b","name":"a","optional":null}}}`,
		"backup-location set x --cacert " + file:                         `{"spec":{"objectStorage":{"caCert":"` + encoded + `"}}}`,
		"backup-location set x --cacert=":                                `{"spec":{"objectStorage":{"caCert":null,"caCertRef":null}}}`,
		"backup-location set x --credential=":                            `{"spec":{"credential":null}}`,
		"backup-location set x --default --credential=":                  `{"spec":{"credential":null,"default":true}}`,
		"snapshot-location set x --credential=":                          `{"spec":{"credential":null}}`,
		"backup-location set x --default --credential a=b":               `{"spec":{"credential":{"key":"b","name":"a","optional":null},"default":true}}`,
		"snapshot-location set x --credential=secret=key":                `{"spec":{"credential":{"key":"key","name":"secret","optional":null}}}`,
		"snapshot-locations set x -n velero --credential=s=k":            `{"spec":{"credential":{"key":"k","name":"s","optional":null}}}`,
		"-n velero backup-location set x --default --request-timeout 9s": `{"spec":{"default":true}}`,
	} {
		t.Run(args, func(t *testing.T) {
			url, requests := api(t, answer(200, stored))
			got := run(t, append(strings.Fields(args), "--server", url)...)
			if got.err != nil || !strings.HasSuffix(got.stdout, `location "x" configured successfully.`+"\n") {
				t.Errorf("got %+v", got)
			}
			if r := *requests; len(r) != 1 || r[0].method != "PATCH" || r[0].body != want {
				t.Errorf("requests %+v, want one with %s", r, want)
			}
		})
	}
}

// TestSetTriesAgain shows that another's write at the same moment is not the user's problem.
func TestSetTriesAgain(t *testing.T) {
	conflict := answer(409, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Conflict","code":409,"message":"modified"}`)
	url, requests := api(t, conflict, conflict, answer(200, stored))
	if got := run(t, "backup-location", "set", "x", "--default", "--server", url); got.err != nil {
		t.Error(got.err)
	}
	if len(*requests) != 3 {
		t.Errorf("%d requests, want 3", len(*requests))
	}
}

// TestRefusalsAreReadable shows the server's verdict as users see it.
func TestRefusalsAreReadable(t *testing.T) {
	invalid := func(causes string) string {
		return `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Invalid","code":422,
			"message":"BackupStorageLocation.velero.io \"x\" is invalid: [all, on, one, line]",
			"details":{"name":"x","group":"velero.io","kind":"BackupStorageLocation","causes":[` + causes + `]}}`
	}
	one := `{"reason":"FieldValueRequired","message":"Required value: name the bucket","field":"spec.objectStorage.bucket"}`
	two := one + `,{"reason":"FieldValueNotSupported","message":"Unsupported value: \"regoin\"","field":"spec.config[regoin]"}`
	for name, test := range map[string]struct {
		code       int
		body, want string
	}{
		"one field":  {422, invalid(one), `BackupStorageLocation "x" is invalid: spec.objectStorage.bucket: Required value: name the bucket`},
		"two fields": {422, invalid(two), "BackupStorageLocation \"x\" is invalid:\n  spec.objectStorage.bucket: Required value: name the bucket\n  spec.config[regoin]: Unsupported value: \"regoin\""},
		"no causes":  {422, invalid(""), `BackupStorageLocation.velero.io "x" is invalid: [all, on, one, line]`},
		"absent": {
			404, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"message":"backupstoragelocations.velero.io \"x\" not found"}`,
			`backupstoragelocations.velero.io "x" not found`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			url, _ := api(t, answer(test.code, test.body))
			for _, verb := range []string{"backup-location set x --default", "backup-location create x --provider aws --bucket b"} {
				got := run(t, append(strings.Fields(verb), "--server", url)...)
				if got.err == nil || got.err.Error() != test.want {
					t.Errorf("%s: got\n%v\nwant\n%s", verb, got.err, test.want)
				}
			}
		})
	}
}
