package provider

// portworx has the settings that Portworx documents for its plugin. Newer ones may have more.
var portworx = Provider{
	Name:    "velero.io/portworx",
	Aliases: []string{"portworx.io/portworx"},
	VolumeSnapshotter: &Schema{
		Keys: []Key{
			{Name: "type", Type: OneOf("local", "cloud"), Doc: "whether snapshots stay in the Portworx cluster (local, if not set) or go to object storage (cloud)"},
			{Name: "credId", Type: String, Doc: "credentials, as Portworx knows them, for the object storage of cloud snapshots"},
		},
		Open: true,
	},
}
