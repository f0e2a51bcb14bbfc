package provider

// AWSVolumeSnapshotter is what the spec.config of a volume snapshot location of provider aws says.
type AWSVolumeSnapshotter struct {
	// Region of the volumes.
	Region string
	// Profile is the section of the credentials file to use. Empty: not said.
	Profile string
	// KMSKeyID is the key that encrypts volumes made from snapshots. Empty: they are encrypted as the
	// snapshot is.
	KMSKeyID string
}

// ParseAWSVolumeSnapshotter reads spec.config of a volume snapshot location. The error, of one line,
// names every setting whose value cannot be used. Keys that it does not know are passed over.
func ParseAWSVolumeSnapshotter(config map[string]string) (AWSVolumeSnapshotter, error) {
	if err := checkValues(aws.VolumeSnapshotter, config, keyRegion); err != nil {
		return AWSVolumeSnapshotter{}, err
	}
	return AWSVolumeSnapshotter{Region: config[keyRegion], Profile: config[keyProfile], KMSKeyID: config[keyEBSKMSKeyID]}, nil
}
