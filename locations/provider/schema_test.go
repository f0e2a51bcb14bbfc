package provider

import (
	"os"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// TestDocumentation shows that docs/providers.md is what the tables say.
func TestDocumentation(t *testing.T) {
	text, err := os.ReadFile("../../docs/providers.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != Markdown() {
		t.Error(`docs/providers.md is out of date: run "make generate"`)
	}
}

// TestTables shows that every table can be read by users and by the checks.
func TestTables(t *testing.T) {
	for _, p := range Known() {
		if Normal(p.Short()) != p.Name {
			t.Errorf("%s is not in normal form", p.Name)
		}
		for _, role := range []Role{ObjectStore, VolumeSnapshotter} {
			schema := p.Schema(role)
			if schema == nil {
				continue
			}
			if got := Find(p.Short(), role); got != p {
				t.Errorf("%s is not found as %s", p.Name, p.Short())
			}
			names := schema.Names()
			for i, key := range schema.Keys {
				if slices.Index(names, key.Name) != i {
					t.Errorf("%s, %s: %s is there twice", p.Name, role, key.Name)
				}
				if key.Name == "" || key.Doc == "" || key.Type.Name == "" || strings.Contains(key.Doc, "|") || strings.HasSuffix(key.Doc, ".") {
					t.Errorf("%s, %s: %q is not documented in one line without a full stop", p.Name, role, key.Name)
				}
				if key.RequiredWith != "" && schema.Key(key.RequiredWith) == nil {
					t.Errorf("%s, %s: %s is required with %s, which is not there", p.Name, role, key.Name, key.RequiredWith)
				}
				for _, value := range key.Type.Values {
					if err := key.Type.Check(value); err != nil {
						t.Errorf("%s, %s: %s is documented to be %q, but: %v", p.Name, role, key.Name, value, err)
					}
				}
			}
			for _, group := range schema.Exclusive {
				for _, name := range group {
					if schema.Key(name) == nil {
						t.Errorf("%s, %s: %s excludes others, but is not there", p.Name, role, name)
					}
				}
			}
		}
	}
}

func TestEndpoint(t *testing.T) {
	type config = map[string]string
	for _, tc := range []struct {
		name         string
		nameA, nameB string
		a, b         config
		same         bool
	}{
		{"Amazon, two regions", "aws", "velero.io/aws", config{"region": "us-east-1"}, config{"region": "us-west-1"}, true},
		{"Amazon, by address", "aws", "aws", config{}, config{"s3Url": "https://s3.us-east-1.amazonaws.com"}, true},
		{"same host", "aws", "aws", config{"s3Url": "https://S3.example.com:443/"}, config{"s3Url": "https://s3.example.com"}, true},
		{"other port", "aws", "aws", config{"s3Url": "http://s3.example.com:9000"}, config{"s3Url": "http://s3.example.com"}, false},
		{"Amazon and other", "aws", "aws", config{}, config{"s3Url": "http://s3.example.com"}, false},
		{"other provider", "aws", "gcp", config{}, config{}, false},
		{"Azure, two accounts", "azure", "azure", config{"storageAccount": "a"}, config{"storageAccount": "b"}, false},
		{"Azure, by address", "azure", "azure", config{"storageAccount": "a"}, config{"storageAccount": "a", "storageAccountURI": "https://a.blob.core.windows.net/"}, true},
		{"Google, by address", "gcp", "gcp", config{"storeEndpoint": "x.example.com"}, config{"storeEndpoint": "https://x.example.com/storage/v1/"}, true},
		{"not known", "x", "velero.io/x", config{"a": "b"}, config{}, true},
	} {
		a, b := Endpoint(tc.nameA, tc.a), Endpoint(tc.nameB, tc.b)
		if (a == b) != tc.same {
			t.Errorf("%s: %q and %q", tc.name, a, b)
		}
	}
}

// TestBucketNamedLikeService shows that an address is not taken to begin with the name of a bucket because both are called cos.
func TestBucketNamedLikeService(t *testing.T) {
	for bucket, address := range map[string]string{
		"cos": "https://cos.ap-guangzhou.myqcloud.com", "obs": "https://obs.cn-north-4.myhuaweicloud.com", "s3": "https://s3.us-west-1.wasabisys.com",
		"bucket": "https://bucket.vpce-1a2b3c4d-5e6f.s3.eu-west-1.vpce.amazonaws.com", "gateway": "https://gateway.storjshare.io",
		"minio": "https://minio.r2.example.com",
	} {
		all := Settings{Bucket: bucket, Config: map[string]string{"region": "eu-west-1", "s3Url": address, "s3ForcePathStyle": "false"}}
		if got := doubtS3URL(address, all); got != "" {
			t.Errorf("bucket %s at %s: %s", bucket, address, got)
		}
	}
}

func TestDoubtConfig(t *testing.T) {
	type config = map[string]string
	for _, tc := range []struct {
		name   string
		role   Role
		config config
		want   []string
	}{
		{"aws", ObjectStore, config{"region": "us-east-1"}, nil},
		{"aws", ObjectStore, config{"region": "us-gov-east-1", "insecureSkipTLSVerify": "false"}, nil},
		{"aws", ObjectStore, config{"region": "fips-us-gov-west-1"}, nil},
		{"aws", ObjectStore, config{"region": "us-gov-east-1-fips"}, nil},
		{"aws", VolumeSnapshotter, config{"region": "fips-us-gov-west-1"}, nil},
		{"aws", ObjectStore, config{"region": "fips-us-gov-west-1", "s3Url": "https://s3-fips.us-gov-west-1.amazonaws.com"}, []string{`spec.config[region]: asks for a FIPS endpoint, which the AWS SDK refuses together with s3Url: write "us-gov-west-1"`}},
		{"aws", ObjectStore, config{"region": "us-esat-1"}, []string{`spec.config[region]: "us-esat-1" is not the name of a region`}},
		{"aws", ObjectStore, config{"region": "minio"}, []string{"other storage needs s3Url"}},
		{"aws", VolumeSnapshotter, config{"region": "us-east-1a"}, []string{`spec.config[region]: "us-east-1a"`}},
		{"aws", ObjectStore, config{"region": "minio", "s3Url": "http://minio:9000", "s3ForcePathStyle": "true"}, nil},
		{"aws", ObjectStore, config{"region": "minio", "s3Url": "http://127.0.0.1:9000"}, nil},
		{"aws", ObjectStore, config{"region": "us-east-1", "s3Url": "https://s3.us-east-1.amazonaws.com"}, nil},
		{"aws", ObjectStore, config{"region": "minio", "s3Url": "http://minio:9000"}, []string{`spec.config[s3Url]: Velero's plugin puts the bucket in front of the host name`}},
		{"aws", ObjectStore, config{"region": "r", "s3Url": "https://example.com/s3"}, []string{"spec.config[s3Url]: has a path"}},
		{"aws", ObjectStore, config{"region": "r", "s3Url": "https://minio.example.com"}, []string{`(my-bucket.minio.example.com): if that name does not lead to the storage, set s3ForcePathStyle to "true"`}},
		{"aws", ObjectStore, config{"region": "r", "s3Url": "https://minio.example.com", "s3ForcePathStyle": "false"}, nil},
		{"aws", ObjectStore, config{"region": "oss-cn-hangzhou", "s3Url": "https://oss-cn-hangzhou.aliyuncs.com"}, nil},
		{"aws", ObjectStore, config{"region": "oss-cn-hangzhou", "s3Url": "https://oss-cn-hangzhou-internal.aliyuncs.com", "s3ForcePathStyle": "false"}, nil},
		{"aws", ObjectStore, config{"region": "oss-cn-hangzhou", "s3Url": "https://oss-cn-hangzhou.aliyuncs.com", "s3ForcePathStyle": "true"}, []string{"spec.config[s3ForcePathStyle]: oss-cn-hangzhou.aliyuncs.com may refuse requests that have the bucket in their path: leave it out"}},
		{"aws", ObjectStore, config{"region": "ap-guangzhou", "s3Url": "https://cos.ap-guangzhou.myqcloud.com"}, nil},
		{"aws", ObjectStore, config{"region": "eu-west-1", "s3Url": "https://s3-accelerate.amazonaws.com"}, nil},
		{"aws", ObjectStore, config{"region": "eu-west-1", "s3Url": "https://s3-accelerate.amazonaws.com", "s3ForcePathStyle": "true"}, []string{"s3-accelerate.amazonaws.com may refuse requests that have the bucket in their path"}},
		{"aws", ObjectStore, config{"region": "us-chicago", "s3Url": "https://l4g4.ch11.idrivee2-2.com"}, nil},
		{"aws", ObjectStore, config{"region": "r", "s3Url": "https://l4g4.compat.objectstorage.r.oci.customer-oci.com"}, []string{"spec.config[s3Url]: Velero's plugin puts the bucket in front"}},
		{"aws", ObjectStore, config{"region": "r", "s3Url": "https://vhcompat.objectstorage.r.oci.customer-oci.com"}, nil},
		{"aws", ObjectStore, config{"region": "cn-north-4", "s3Url": "https://obs.cn-north-4.myhuaweicloud.com"}, nil},
		{"aws", ObjectStore, config{"region": "us-east-1", "s3Url": "https://s3.wasabisys.com"}, nil},
		{"aws", ObjectStore, config{"region": "nyc3", "s3Url": "https://nyc3.digitaloceanspaces.com", "s3ForcePathStyle": "true"}, nil},
		{"aws", ObjectStore, config{"region": "nyc3", "s3Url": "https://my-bucket.nyc3.digitaloceanspaces.com"}, []string{"spec.config[s3Url]: begins with the name of the bucket, which Velero's plugin adds itself: give https://nyc3.digitaloceanspaces.com"}},
		{"aws", ObjectStore, config{"region": "us-east-1", "s3Url": "https://my-bucket.s3.us-east-1.amazonaws.com"}, []string{"give https://s3.us-east-1.amazonaws.com"}},
		{"aws", ObjectStore, config{"region": "minio", "s3Url": "http://my-bucket.minio.svc:9000", "s3ForcePathStyle": "true"}, nil},
		{"aws", ObjectStore, config{"region": "us-east-1", "s3Url": "http://my-bucket.s3-website-us-east-1.amazonaws.com"}, []string{"spec.config[s3Url]: is an address of websites"}},
		{"aws", ObjectStore, config{"region": "eu-central-1", "s3Url": "http://my-bucket.s3-website.eu-central-1.amazonaws.com", "s3ForcePathStyle": "true"}, []string{"is an address of websites"}},
		{"aws", ObjectStore, config{"region": "us-east-1", "s3Url": "https://s3.amazonaws.com"}, nil},
		{"aws", ObjectStore, config{"region": "eu-west-1", "s3Url": "https://s3.amazonaws.com"}, []string{"spec.config[s3Url]: is Amazon's global address, which need not serve a bucket in region eu-west-1: leave it out"}},
		{"aws", ObjectStore, config{"region": "us-east-1", "s3Url": "https://s3.eu-west-1.amazonaws.com"}, []string{"is Amazon's address for region eu-west-1, but spec.config.region is us-east-1"}},
		{"aws", ObjectStore, config{"region": "cn-north-1", "s3Url": "https://s3.cn-north-1.amazonaws.com.cn"}, nil},
		{"aws", ObjectStore, config{"region": "eu-west-1", "s3Url": "https://bucket.vpce-1a2b3c4d-5e6f.s3.eu-west-1.vpce.amazonaws.com"}, nil},
		{"aws", ObjectStore, config{"region": "eu-west-1", "s3Url": "https://s3.dualstack.eu-west-1.amazonaws.com"}, nil},
		{"aws", VolumeSnapshotter, config{"region": "minio"}, []string{`"minio" is not the name of a region of Amazon, such as us-east-1: name the one that the volumes are in`}},
		{"aws", ObjectStore, config{"region": "r", "s3Url": "http://10.0.0.1", "insecureSkipTLSVerify": "true"}, []string{"spec.config[insecureSkipTLSVerify]: means nothing where s3Url begins with http:"}},
		{"aws", ObjectStore, config{"insecureSkipTLSVerify": "t"}, []string{"spec.config[insecureSkipTLSVerify]: whoever can intercept"}},
		{"aws", ObjectStore, config{"enableSharedConfig": "true", "signatureVersion": "4"}, []string{"spec.config[enableSharedConfig]: deprecated", "spec.config[signatureVersion]: deprecated"}},
		{"gcp", VolumeSnapshotter, config{"credentialsFile": "/f"}, []string{"spec.config[credentialsFile]: names a file"}},
		{"azure", ObjectStore, config{"storageAccount": "my-account"}, []string{`spec.config[storageAccount]: Azure has no storage account of that name`}},
		{"azure", VolumeSnapshotter, config{"subscriptionId": "s"}, []string{"spec.config[subscriptionId]: without resourceGroup"}},
		{"azure", VolumeSnapshotter, config{"activeDirectoryAuthorityURI": "https://a"}, []string{"refused by it up to v1.14"}},
		{"portworx", VolumeSnapshotter, config{"orgID": "7", "type": "cloud"}, []string{"spec.config[orgID]: not a setting of provider portworx that is known here"}},
		{"unknown", ObjectStore, config{"region": "?"}, nil},
	} {
		all := Settings{Config: tc.config}
		if tc.role == ObjectStore {
			all.Bucket = "my-bucket"
		}
		got := DoubtConfig(tc.name, tc.role, all, field.NewPath("spec", "config"))
		if len(got) != len(tc.want) {
			t.Errorf("%s %v: got %q, want %q", tc.name, tc.config, got, tc.want)
			continue
		}
		for i := range tc.want {
			if !strings.Contains(got[i], tc.want[i]) {
				t.Errorf("%s %v: got %q, want %q", tc.name, tc.config, got, tc.want)
			}
		}
	}
}
