package s3_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"

	"github.com/velero-locations/velero-locations/simulator"
)

func TestBuckets(t *testing.T) {
	c := start(t, twoAccounts())
	client := c.minio(t, aliceKey, "us-east-1")
	if err := client.MakeBucket(t.Context(), "alice-new", minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	buckets, err := client.ListBuckets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, b := range buckets {
		names = append(names, b.Name)
	}
	if want := []string{"alice-abroad", "alice-home", "alice-new"}; !slices.Equal(names, want) {
		t.Errorf("buckets = %v, expected %v", names, want)
	}
	location, err := c.minio(t, aliceKey, "").GetBucketLocation(t.Context(), "alice-abroad")
	if err != nil || location != "eu-west-1" {
		t.Errorf("location = %q, %v", location, err)
	}
	if exists, err := client.BucketExists(t.Context(), "alice-new"); err != nil || !exists {
		t.Errorf("BucketExists = %v, %v", exists, err)
	}
	if _, err := client.PutObject(t.Context(), "alice-new", "k", strings.NewReader("x"), 1, minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := client.RemoveBucket(t.Context(), "alice-new"); errorCode(err) != "BucketNotEmpty" {
		t.Errorf("removing a bucket with an object: %v", err)
	}
	for object := range client.RemoveObjects(t.Context(), "alice-new", sendKeys("k"), minio.RemoveObjectsOptions{}) {
		t.Errorf("removing: %v", object.Err)
	}
	if err := client.RemoveBucket(t.Context(), "alice-new"); err != nil {
		t.Error(err)
	}
	if exists, err := client.BucketExists(t.Context(), "alice-new"); err != nil || exists {
		t.Errorf("BucketExists after removal = %v, %v", exists, err)
	}
}

func TestBucketNamesByScope(t *testing.T) {
	config := twoAccounts()
	config.Accounts[0].Buckets = []simulator.BucketConfig{{Name: "velero", Region: "us-east-1"}}
	config.Accounts[1].Buckets = []simulator.BucketConfig{{Name: "velero", Region: "eu-west-1"}}
	if _, err := simulator.New(config); err == nil || !strings.Contains(err.Error(), `accounts[1].buckets[0].name: "velero" is at accounts[0].buckets[0].name already`) {
		t.Errorf("global names: %v", err)
	}
	config.BucketNames = simulator.RegionalBucketNames
	c := start(t, config)
	for _, owner := range []struct {
		key            simulator.AccessKeyConfig
		region, abroad string
	}{{aliceKey, "us-east-1", "eu-west-1"}, {bobKey, "eu-west-1", "us-east-1"}} {
		put := c.send(t, owner.key, owner.region, http.MethodPut, "/velero/k", owner.key.ID)
		checkAnswer(t, put, 200, nil, owner.region)
		checkAnswer(t, c.send(t, owner.key, owner.abroad, http.MethodGet, "/velero/k", ""), 403, []string{"AccessDenied"}, owner.abroad)
		checkAnswer(t, c.send(t, owner.key, owner.abroad, http.MethodGet, "/velero?location", ""), 200, nil, owner.region)
	}
	for region, key := range map[string]simulator.AccessKeyConfig{"us-east-1": aliceKey, "eu-west-1": bobKey} {
		if got := text(t, c.send(t, key, region, http.MethodGet, "/velero/k", "")); got != key.ID {
			t.Errorf("in %s the object holds %q", region, got)
		}
	}
}
