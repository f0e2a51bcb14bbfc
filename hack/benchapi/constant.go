package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// constantGroup is that of a server that answers always the same: no server behind the aggregator can be faster.
const constantGroup = "constant.example.com"

// constants are what it seems to serve.
var constants = kind{name: "constant", group: "/apis/" + constantGroup + "/v1", plural: "constants"}

// serveConstant has kube-apiserver pass requests for a group on to a server that answers a constant of the size of a location. It is in
// this process, for as long as that runs.
func (s *site) serveConstant(ctx context.Context) error {
	pair, err := tls.LoadX509KeyPair(s.path("ours.pem"), s.path("ours.key"))
	if err != nil {
		return fmt.Errorf("reading the certificate of the constant server: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("starting the constant server: %w", err)
	}
	answer := locations.manifest(namespace, "constant", 0, 0)
	server := &http.Server{
		ReadHeaderTimeout: time.Minute,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if !strings.Contains(r.URL.Path, "/namespaces/") { // discovery
				_, _ = fmt.Fprintf(w, `{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"%s/v1","resources":[]}`, constantGroup)
				return
			}
			_, _ = w.Write(answer)
		}),
	}
	go func() { _ = server.ServeTLS(listener, "", "") }()
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return err
	}
	return s.register(ctx, port, constantGroup, "v1")
}
