package s3

import (
	"encoding/xml"
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

type encryptionConfiguration struct {
	XMLName xml.Name         `xml:"ServerSideEncryptionConfiguration"`
	Xmlns   string           `xml:"xmlns,attr,omitempty"`
	Rules   []encryptionRule `xml:"Rule"`
}

type encryptionRule struct {
	Default struct {
		SSEAlgorithm   string
		KMSMasterKeyID string `xml:",omitempty"`
	} `xml:"ApplyServerSideEncryptionByDefault"`
	BucketKeyEnabled bool
}

func getBucketEncryption(q *request) error {
	set := q.bucket.Settings().Encryption
	if set.Algorithm == "" {
		return aws.NewError(http.StatusNotFound, "ServerSideEncryptionConfigurationNotFoundError", "The server side encryption configuration was not found").With("BucketName", q.name)
	}
	rule := encryptionRule{BucketKeyEnabled: set.BucketKey}
	rule.Default.SSEAlgorithm, rule.Default.KMSMasterKeyID = set.Algorithm, set.KeyID
	return writeXML(q.W, encryptionConfiguration{Xmlns: namespace, Rules: []encryptionRule{rule}})
}

func putBucketEncryption(q *request) error {
	var in encryptionConfiguration
	if err := readXML(q.document, "ServerSideEncryptionConfiguration", &in); err != nil {
		return err
	}
	if len(in.Rules) != 1 || in.Rules[0].Default.SSEAlgorithm == "" {
		return malformedXML()
	}
	rule := in.Rules[0]
	if err := checkAlgorithm(rule.Default.SSEAlgorithm); err != nil {
		return malformedXML()
	}
	if rule.Default.SSEAlgorithm == "AES256" && rule.Default.KMSMasterKeyID != "" {
		return invalidArgument("KMSMasterKeyID", rule.Default.KMSMasterKeyID, "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse")
	}
	return q.configure(http.StatusOK, func(s *store.Settings) error {
		s.Encryption = store.Encryption{Algorithm: rule.Default.SSEAlgorithm, KeyID: rule.Default.KMSMasterKeyID, BucketKey: rule.BucketKeyEnabled}
		return nil
	})
}

func deleteBucketEncryption(q *request) error {
	return q.configure(http.StatusNoContent, func(s *store.Settings) error { s.Encryption = store.Encryption{}; return nil })
}
