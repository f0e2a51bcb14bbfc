package endpoint

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// OnlyHosts answers requests that name the server by an address, as localhost, or by one of the hosts, and refuses all others: a page in
// a browser can have any name of its own lead to loopback, and is then no stranger to what answers there.
func OnlyHosts(next http.Handler, hosts []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := hostname(r.Host)
		_, notAddress := netip.ParseAddr(host)
		if notAddress == nil || host == "localhost" || slices.ContainsFunc(hosts, func(known string) bool { return strings.EqualFold(known, host) }) {
			next.ServeHTTP(w, r)
			return
		}
		http.Error(w, fmt.Sprintf("there is no host %q here: use an address or localhost, or let the simulator's configuration name it in hosts", host), http.StatusMisdirectedRequest)
	})
}

// hostname of a Host header, without its port and brackets.
func hostname(header string) string {
	host, _, err := net.SplitHostPort(header)
	if err != nil {
		host = header
	}
	return strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(host, "]"), "["), "."))
}
