package provider

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// AWS is the normal form of the provider of Amazon S3, and of all storage that speaks its protocol.
const AWS = "velero.io/aws"

// Keys of spec.config of provider aws that are read here, not only by Velero.
const (
	keyRegion                = "region"
	keyS3URL                 = "s3Url"
	keyS3ForcePathStyle      = "s3ForcePathStyle"
	keyInsecureSkipTLSVerify = "insecureSkipTLSVerify"
	keyProfile               = "profile"
	keyEBSKMSKeyID           = "ebsKmsKeyId"
	keyCredentialsFile       = "credentialsFile"
	keyPublicURL             = "publicUrl"
)

// Keys of spec.config that say how backups are written to a location of provider aws.
const (
	keyServerSideEncryption = "serverSideEncryption"
	keyKMSKeyID             = "kmsKeyId"
	keyCustomerKeyFile      = "customerKeyEncryptionFile"
	keyCustomerKeySecret    = "customerKeyEncryptionSecret"
	keyChecksumAlgorithm    = "checksumAlgorithm"
	keyTagging              = "tagging"
)

// aws has the settings of velero-plugin-for-aws v1.14.
var aws = Provider{
	Name: AWS,
	ObjectStore: &Schema{
		Keys: []Key{
			{Name: keyRegion, Type: Region, RequiredWith: keyS3URL, Doubt: doubtAWSRegion, Doc: "region of the bucket, such as us-east-1; without it, and without s3Url, the bucket is asked"},
			{Name: keyS3URL, Type: s3URL, Doubt: doubtS3URL, Doc: "address of S3-compatible storage other than Amazon's"},
			{Name: keyPublicURL, Type: s3URL, Doc: "address of the storage in links for downloads, if clients outside of the cluster need another"},
			{Name: keyS3ForcePathStyle, Type: Boolean, Doubt: doubtPathStyle, Doc: "whether the bucket is named in the path of requests (true), or in their host name where that is possible (false, or not set)"},
			{Name: keyInsecureSkipTLSVerify, Type: Boolean, Doubt: doubtInsecure, Doc: "whether any certificate of the storage is accepted"},
			{Name: keyProfile, Type: String, Doc: "profile of the credentials file; default if not set"},
			{Name: keyServerSideEncryption, Type: OneOf("AES256", "aws:kms", "aws:kms:dsse", "aws:fsx"), Doc: "how S3 encrypts what is written"},
			{Name: keyKMSKeyID, Type: String, Doc: "KMS key, by ID, ARN or alias, that encrypts what is written"},
			{Name: keyCustomerKeyFile, Type: String, Doc: "file, in the file system of Velero's server, with the 32 bytes of a key that the customer keeps (SSE-C)"},
			{Name: keyCustomerKeySecret, Type: secretSlashKey, MayHoldSecret: true, Doc: "Secret and its key, as name/key, that hold such a key (SSE-C)"},
			{Name: keyChecksumAlgorithm, Type: OneOf("CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME", "SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128"), Doc: `checksum that is sent with what is written; CRC32 if not set, none if set to ""`},
			{Name: keyTagging, Type: Type{Name: "two to ten tags, as k1=v1&k2=v2", Check: keyValues("&", checkS3Tags)}, Doc: "tags of all objects that are written"},
			{Name: keyCredentialsFile, Type: String, Caveat: caveatCredentialsFile, Doc: "credentials file in the file system of Velero's server"},
			{Name: "signatureVersion", Type: String, Caveat: caveatUnused, Doc: "version of the signature of links for downloads"},
			{Name: "enableSharedConfig", Type: String, Caveat: caveatUnused, Doc: "whether the shared configuration file is read"},
		},
		Exclusive: [][]string{{keyKMSKeyID, keyCustomerKeyFile, keyCustomerKeySecret}},
	},
	VolumeSnapshotter: &Schema{Keys: []Key{
		{Name: keyRegion, Type: Region, Required: true, Doubt: doubtEBSRegion, Doc: "region of the volumes, such as us-east-1"},
		{Name: keyProfile, Type: String, Doc: "profile of the credentials file; default if not set"},
		{Name: keyEBSKMSKeyID, Type: String, Doc: "KMS key, by ID, ARN or alias, that encrypts volumes made from snapshots"},
		{Name: keyCredentialsFile, Type: String, Caveat: caveatCredentialsFile, Doc: "credentials file in the file system of Velero's server"},
		{Name: "enableSharedConfig", Type: String, Caveat: caveatUnused, Doc: "whether the shared configuration file is read"},
	}},
	CheckBucket: checkS3Bucket,
	DoubtBucket: doubtS3Bucket,
	Identities:  awsIdentities,
	Endpoint:    s3Endpoint,
}

const awsIdentities = "A profile of the credentials file is followed as Velero's plugin follows it. What is only in Velero's own pod is not called broken: `phase`\n" +
	"stays empty, and `message` says why. `--lend-identity` of the controller is explained in [operations.md](operations.md#identities-without-keys).\n\n" +
	`| Credentials | Checks, backups and snapshots here |
|---|---|
| ` + "`aws_access_key_id`, `aws_secret_access_key`, `aws_session_token`" + ` | Always. |
| ` + "`role_arn` with `source_profile`, also several in a row; `external_id`, `role_session_name`, `duration_seconds`" + ` | Always. Keys are renewed five minutes before they end. |
| ` + "`role_arn` with `web_identity_token_file` (IRSA)" + ` | With ` + "`--lend-identity`" + `, if the file is that of the controller's own pod. |
| ` + "`role_arn` with `credential_source`: `Environment`, `EcsContainer` (Pod Identity) or `Ec2InstanceMetadata`" + ` | With ` + "`--lend-identity`" + `. |
| A profile without a key, or no Secret ` + "`cloud-credentials`" + ` where the location names none | With ` + "`--lend-identity`" + `: environment, token file, container, machine, in this order. |
| ` + "`credential_process`, `sso_session`, `credentialsFile`" + ` in ` + "`spec.config`" + ` | Never: by Velero's own pod only. |
| ` + "`mfa_serial`" + ` | Refused: nobody is there to type a code. |

STS is asked in the location's region, at ` + "`$AWS_ENDPOINT_URL_STS` or `$AWS_ENDPOINT_URL` of the controller, else at `endpoint_url`" + ` of the profile, or of its
` + "`services`, else at `--default-sts-endpoint`" + `. As with Velero's plugin, its certificate is verified by ` + "`caCert`, `caCertRef` and `insecureSkipTLSVerify`" + ` of a backup
storage location; for volume snapshot locations, and for the identity of a pod, by the authorities of the controller's system alone (` + "`$SSL_CERT_FILE`" + `).
The token of a pod is shown to no address that a location names.
`

const (
	caveatUnused          = "deprecated: Velero's plugin accepts it and does nothing with it; remove it"
	caveatCredentialsFile = "names a file of Velero's server, which cannot be checked from here: put the credentials in a Secret and name it in spec.credential"
)

// secretSlashKey is how the plugin names a key of a Secret in Velero's namespace.
var secretSlashKey = Type{Name: "Secret as name/key", Check: matches(`[a-z0-9]([a-z0-9.-]*[a-z0-9])?/[A-Za-z0-9._-]+`, "the name of a Secret and one of its keys, as in my-secret/my-key")}

// checkS3Tags has the limits of the plugin, and of S3 where the plugin has none. The plugin takes a
// single tag for a mistake, which is a bug of it, but such a location cannot be used.
func checkS3Tags(tags [][2]string) error {
	if len(tags) < 2 || len(tags) > 10 {
		return fmt.Errorf("must have two to ten tags, as in key1=value1&key2=value2, but has %d (Velero's plugin refuses a single one)", len(tags))
	}
	for _, tag := range tags {
		if len(tag[0]) > 128 || len(tag[1]) > 248 {
			return errors.New("must have tags with keys of at most 128 bytes and values of at most 248")
		}
	}
	return nil
}

// s3Endpoint is the host, without the default port. Amazon's own is empty, as a bucket has the same
// name in all of its regions.
func s3Endpoint(config map[string]string) string {
	host := urlHost(config[keyS3URL])
	if isAmazon(host) {
		return ""
	}
	return host
}

// urlHost returns the host of an address in a form that can be compared.
func urlHost(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if port == "" || port == map[string]string{"http": "80", "https": "443"}[u.Scheme] {
		return host
	}
	return net.JoinHostPort(host, port)
}
