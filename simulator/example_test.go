package simulator_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/velero-locations/velero-locations/simulator"
)

// A cloud in a program of one's own, with an account that may write below a prefix of its bucket only.
func Example() {
	config, err := simulator.Parse([]byte(`
apiVersion: simulator.velero-locations.io/v1alpha1
kind: Simulator
s3: {address: "127.0.0.1:0"}
accounts:
- id: "111111111111"
  buckets: [{name: shared, region: us-east-1}]
  accessKeys:
  - id: TEAM
    secret: team-secret
    policy: [{effect: Allow, actions: ["s3:PutObject"], bucket: shared, prefix: team/}]
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	sim, err := simulator.New(*config)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = sim.Close() }()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	endpoints, err := sim.Listen(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	ended := make(chan error)
	go func() { ended <- sim.Run(ctx) }()

	client, err := minio.New(strings.TrimPrefix(endpoints.S3, "http://"), &minio.Options{
		Creds: credentials.NewStaticV4("TEAM", "team-secret", ""), Region: "us-east-1",
	})
	for _, key := range []string{"team/report", "report"} {
		if err == nil {
			_, err = client.PutObject(ctx, "shared", key, strings.NewReader("data"), 4, minio.PutObjectOptions{})
		}
		fmt.Printf("%s: %q\n", key, minio.ToErrorResponse(err).Code)
	}
	stop()
	fmt.Println(<-ended)
	// Output:
	// team/report: ""
	// report: "AccessDenied"
	// <nil>
}
