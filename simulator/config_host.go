package simulator

import (
	"cmp"
	"net"
)

// SetHost makes the host of all addresses another one, as in a container, whose loopback nobody outside reaches. An address that is none
// is left for Validate to tell of.
func (c *Config) SetHost(host string) {
	c.S3.Address = cmp.Or(c.S3.Address, DefaultS3Address)
	for _, address := range []*string{&c.S3.Address, &c.EC2.Address, &c.Clouds.Address, &c.Metadata.Address, &c.Control.Address} {
		*address = withHost(*address, host)
	}
	for _, regional := range []map[string]string{c.S3.RegionalAddresses, c.EC2.RegionalAddresses} {
		for region, address := range regional {
			regional[region] = withHost(address, host)
		}
	}
}

func withHost(address, host string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return net.JoinHostPort(host, port)
}
