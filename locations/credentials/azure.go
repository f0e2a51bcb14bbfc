package credentials

// Azure is an application of a tenant, and where the disks of its cluster are, as the credentials file of Velero's plugin
// has them.
type Azure struct {
	SubscriptionID string
	TenantID       string
	ClientID       string
	ClientSecret   string
	// ResourceGroup that the disks are in.
	ResourceGroup string
}

// String shows nothing of the secret, so that it may be printed by accident.
func (Azure) String() string { return "Azure credentials" }

// GoString shows nothing of the secret either.
func (c Azure) GoString() string { return c.String() }

// MarshalLog shows nothing of the secret in structured logs.
func (c Azure) MarshalLog() any { return c.String() }

// ParseAzure reads the credentials file of Velero's Azure plugin, given by its content: NAME=VALUE lines. A file
// that relies on the pod's own identity gives an ElsewhereError. Errors never repeat a line or a value of the file.
func ParseAzure(file []byte) (Azure, error) {
	variables, err := parseVariables(file)
	if err != nil {
		return Azure{}, err
	}
	if err := required(variables, "AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP"); err != nil {
		return Azure{}, err
	}
	_, tried := variables["AZURE_CLIENT_SECRET"]
	switch {
	case variables["AZURE_CLIENT_CERTIFICATE"] != "" || variables["AZURE_CLIENT_CERTIFICATE_PATH"] != "":
		return Azure{}, Elsewhere("the credentials file has a certificate of a client, with which only Velero's own pod can sign in")
	case !tried:
		return Azure{}, Elsewhere("the credentials file sets no AZURE_CLIENT_SECRET, so that Velero's own pod uses the identity that it or its node has")
	}
	if err := required(variables, "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"); err != nil {
		return Azure{}, err
	}
	return Azure{
		SubscriptionID: variables["AZURE_SUBSCRIPTION_ID"], TenantID: variables["AZURE_TENANT_ID"], ClientID: variables["AZURE_CLIENT_ID"],
		ClientSecret: variables["AZURE_CLIENT_SECRET"], ResourceGroup: variables["AZURE_RESOURCE_GROUP"],
	}, nil
}
