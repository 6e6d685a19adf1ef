// Package address reads the addresses that the harness passes.
package address

import (
	"fmt"
	"strings"
)

// Parse gives the network and the address for the net package: unix:///path or tcp://host:port.
func Parse(url string) (network, address string, err error) {
	for _, scheme := range []string{"unix", "tcp"} {
		if rest, ok := strings.CutPrefix(url, scheme+"://"); ok && rest != "" {
			return scheme, rest, nil
		}
	}
	return "", "", fmt.Errorf("address %q: expected unix:///path or tcp://host:port", url)
}
