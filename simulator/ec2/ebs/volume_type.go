package ebs

// volumeType is what EBS documents of a type of volumes: sizes in GiB, throughput in MiB/s.
type volumeType struct {
	minSize, maxSize int
	// iops are the least and the most that can be asked for; zero: none can.
	minIOPS, maxIOPS int
	// needsIOPS: they must be asked for.
	needsIOPS                    bool
	minThroughput, maxThroughput int
}

var volumeTypes = map[string]volumeType{
	"standard": {minSize: 1, maxSize: 1024},
	"gp2":      {minSize: 1, maxSize: 16384},
	"gp3":      {minSize: 1, maxSize: 16384, minIOPS: 3000, maxIOPS: 16000, minThroughput: 125, maxThroughput: 1000},
	"io1":      {minSize: 4, maxSize: 16384, minIOPS: 100, maxIOPS: 64000, needsIOPS: true},
	"io2":      {minSize: 4, maxSize: 65536, minIOPS: 100, maxIOPS: 256000, needsIOPS: true},
	"st1":      {minSize: 125, maxSize: 16384},
	"sc1":      {minSize: 125, maxSize: 16384},
}

// Performance is a volume's size in GiB, its type, and what it does: IOPS, and throughput in MiB/s. Zero is what the type
// does by itself.
type Performance struct {
	Size       int    `json:"size"`
	Type       string `json:"type"`
	IOPS       int    `json:"iops,omitempty"`
	Throughput int    `json:"throughput,omitempty"`
}

// DefaultType is that of volumes whose type is not said, as CreateVolume documents it.
const DefaultType = "gp2"

// Validate refuses what EBS does not have.
func (p Performance) Validate() error {
	t, found := volumeTypes[p.Type]
	switch {
	case !found:
		return refuse("UnknownVolumeType", "Unsupported volume type '%s' for volume creation.", p.Type)
	case p.Size < t.minSize || p.Size > t.maxSize:
		return invalidValue("Volume of %dGiB is outside the range of %dGiB to %dGiB for volumes of type %s.", p.Size, t.minSize, t.maxSize, p.Type)
	case p.IOPS == 0 && t.needsIOPS:
		return refuse("MissingParameter", "The request must contain the parameter iops")
	case p.IOPS != 0 && t.maxIOPS == 0:
		return refuse("InvalidParameterCombination", "The parameter iops is not supported for %s volumes.", p.Type)
	case p.IOPS != 0 && (p.IOPS < t.minIOPS || p.IOPS > t.maxIOPS):
		return invalidValue("Volume iops of %d is outside the range of %d to %d for volumes of type %s.", p.IOPS, t.minIOPS, t.maxIOPS, p.Type)
	case p.Throughput != 0 && t.maxThroughput == 0:
		return refuse("InvalidParameterCombination", "The parameter throughput is not supported for %s volumes.", p.Type)
	case p.Throughput != 0 && (p.Throughput < t.minThroughput || p.Throughput > t.maxThroughput):
		return invalidValue("Volume throughput of %d is outside the range of %d to %d for volumes of type %s.", p.Throughput, t.minThroughput, t.maxThroughput, p.Type)
	}
	return nil
}

// withDefaults fills in what the type does by itself, as DescribeVolumes shows it.
func (p Performance) withDefaults() Performance {
	switch p.Type {
	case "gp2":
		p.IOPS = min(max(3*p.Size, 100), 16000)
	case "gp3":
		p.IOPS, p.Throughput = max(p.IOPS, 3000), max(p.Throughput, 125)
	}
	return p
}
