#!/usr/bin/env bash
# A new client of client-go goes on trusting what a file of authorities held when an earlier client was made.
#
# Versions: k8s.io/client-go v0.37.2
# Expected: a client that is made with a CAFile after the file was replaced trusts what is in it now.
# Seen: clients of one file name, server name and client certificate share a transport, as long as the garbage collector leaves it alone. It
#       looks at the file again every five minutes only: the second client refuses the server that the file is right for, now and then,
#       depending on when memory was collected. After a collection, or with CAData, it works at once.
# Needs: Go.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat >main.go <<'GO'
package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/cert"
)

// serve starts a server whose certificate is an authority of its own, and writes that into the file.
func serve(file string) *httptest.Server {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	certPEM, keyPEM, err := cert.GenerateSelfSignedCertKey("localhost", nil, nil)
	if err != nil {
		panic(err)
	}
	server.TLS = newTLS(certPEM, keyPEM)
	server.StartTLS()
	if err := os.WriteFile(file, certPEM, 0o600); err != nil {
		panic(err)
	}
	return server
}

func ask(server *httptest.Server, tls rest.TLSClientConfig) string {
	tls.ServerName = "localhost"
	client, err := rest.HTTPClientFor(&rest.Config{TLSClientConfig: tls})
	if err != nil {
		return err.Error()
	}
	response, err := client.Get(server.URL)
	if err != nil {
		return "refused"
	}
	_ = response.Body.Close()
	return "trusted"
}

func main() {
	const file = "ca.crt"
	byName := rest.TLSClientConfig{CAFile: file}
	fmt.Println("first server:", ask(serve(file), byName))
	second := serve(file)
	fmt.Println("second server:", ask(second, byName))
	data, _ := os.ReadFile(file)
	fmt.Println("with CAData:", ask(second, rest.TLSClientConfig{CAData: data}))
	for range 10 {
		runtime.GC()
		time.Sleep(100 * time.Millisecond)
	}
	fmt.Println("after a collection:", ask(second, byName))
}
GO
cat >tls.go <<'GO'
package main

import "crypto/tls"

func newTLS(certPEM, keyPEM []byte) *tls.Config {
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		panic(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}}
}
GO
go mod init finding >/dev/null 2>&1
go get k8s.io/client-go@v0.37.2 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
go build -o finding .
got=$(GOGC=off ./finding 2>/dev/null)
echo "$got"
want='first server: trusted
second server: refused
with CAData: trusted
after a collection: trusted'
[[ $got == "$want" ]] || { echo "this has changed" >&2; exit 1; }
