package store

// defaultChecksum is the header of the checksum that S3 gives what comes without one.
const defaultChecksum = "x-amz-checksum-crc64nvme"

// setChecksums keeps verified checksums, by lower-case header name. That which nearly all objects have is kept beside the others,
// since a map takes ten times its memory.
func (a *Attributes) setChecksums(sums map[string]string) {
	if value := sums[defaultChecksum]; value != "" && len(sums) == 1 {
		a.CRC64NVME = value
		return
	}
	a.Checksums = sums
}

// AllChecksums returns the checksums of the content, by lower-case header name.
func (a *Attributes) AllChecksums() map[string]string {
	if a.CRC64NVME != "" {
		return map[string]string{defaultChecksum: a.CRC64NVME}
	}
	return a.Checksums
}
