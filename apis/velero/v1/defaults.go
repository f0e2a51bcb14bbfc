package v1

// SetDefaults_BackupStorageLocationSpec fills in what an absent field means, so that readers need
// not know. It never changes what a user wrote.
func SetDefaults_BackupStorageLocationSpec(spec *BackupStorageLocationSpec) {
	if spec.AccessMode == "" {
		spec.AccessMode = AccessModeReadWrite
	}
}
