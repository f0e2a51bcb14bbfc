package provider

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// azure has the settings of velero-plugin-for-microsoft-azure v1.14.
var azure = Provider{
	Name: "velero.io/azure",
	ObjectStore: &Schema{Keys: []Key{
		{Name: "storageAccount", Type: String, Required: true, Doubt: doubtStorageAccount, Doc: "storage account that the container is in"},
		{Name: "resourceGroup", Type: String, Doc: "resource group of the storage account"},
		{Name: "subscriptionId", Type: String, Doc: "subscription of the storage account; that of the credentials if not set"},
		{Name: "storageAccountURI", Type: URL, Doc: "address of the account's blob service; if not set, Azure is asked for it"},
		{Name: "storageAccountKeyEnvVar", Type: Type{Name: "name of a variable", Check: matches(`[A-Za-z_][A-Za-z0-9_]*`, "the name of a variable, such as AZURE_STORAGE_KEY")}, MayHoldSecret: true, Doc: "variable of the credentials file that holds the account's access key"},
		{Name: "useAAD", Type: Boolean, Doc: "whether Microsoft Entra ID is used for the storage account; otherwise its keys are listed"},
		{Name: "activeDirectoryAuthorityURI", Type: URL, Doc: "address of Microsoft Entra ID, if useAAD is true"},
		{Name: "blockSizeInBytes", Type: Integer(1, 104857600), Doc: "size of the blocks that large objects are written in; 1048576 if not set"},
		{Name: keyCredentialsFile, Type: String, Caveat: caveatCredentialsFile, Doc: "credentials file in the file system of Velero's server"},
	}},
	VolumeSnapshotter: &Schema{Keys: []Key{
		{Name: "resourceGroup", Type: String, Doc: "resource group that snapshots are kept in; that of the cluster if not set"},
		{Name: "subscriptionId", Type: String, Doubt: doubtSubscription, Doc: "subscription that snapshots are kept in, if not that of the cluster; set resourceGroup too"},
		{Name: "apiTimeout", Type: Duration, Doc: "how long a request to Azure may take; 2m if not set"},
		{Name: "incremental", Type: Boolean, Doc: "whether snapshots hold only what changed since the last one"},
		{Name: "tags", Type: Type{Name: "tags, as k1=v1,k2=v2", Check: keyValues(",", func([][2]string) error { return nil })}, Doc: "tags of all snapshots"},
		{Name: "activeDirectoryAuthorityURI", Type: URL, Caveat: "documented by Velero's plugin, but refused by it up to v1.14: set AZURE_CLOUD_NAME in the credentials file instead", Doc: "address of Microsoft Entra ID"},
		{Name: keyCredentialsFile, Type: String, Caveat: caveatCredentialsFile, Doc: "credentials file in the file system of Velero's server"},
	}},
	CheckBucket: checkContainer,
	Identities: "Backup storage locations are left to Velero's own server. A credentials file without `AZURE_CLIENT_SECRET`, as with workload identity and\n" +
		"managed identity, and one with a certificate, are for Velero's own pod: a volume snapshot location with it keeps an empty `phase`.\n",
	Endpoint: func(config map[string]string) string {
		if host := urlHost(config["storageAccountURI"]); host != "" {
			return host
		}
		return strings.ToLower(config["storageAccount"]) + ".blob.core.windows.net"
	},
}

var storageAccount = regexp.MustCompile(`^[a-z0-9]{3,24}$`)

// doubtStorageAccount is a doubt only: Azure's stand-ins for development have other names. It does not repeat the name, in whose
// place the account's key is sometimes written.
func doubtStorageAccount(name string, _ Settings) string {
	if storageAccount.MatchString(name) {
		return ""
	}
	return "Azure has no storage account of that name: their names are 3 to 24 lowercase letters and digits"
}

func doubtSubscription(_ string, all Settings) string {
	if all.Config["resourceGroup"] != "" {
		return ""
	}
	return "without resourceGroup, snapshots go to a resource group of this subscription that is named like the cluster's"
}

var container = matches(`[a-z0-9][a-z0-9-]{1,61}[a-z0-9]`,
	"3 to 63 lowercase letters, digits and hyphens, with a letter or digit at both ends")

func checkContainer(bucket string, _ map[string]string) error {
	if err := container(bucket); err != nil {
		return fmt.Errorf("a container's name in Azure %w", err)
	}
	if strings.Contains(bucket, "--") {
		return errors.New("a container's name in Azure must not have two hyphens in a row")
	}
	return nil
}
