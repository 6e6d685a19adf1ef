// Command server serves bench.v1.Bench on a unix socket with containerd's ttrpc or with grpc-go, until stdin ends.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/containerd/ttrpc"
	"google.golang.org/grpc"
)

func main() {
	kind := flag.String("kind", "ttrpc", "ttrpc or grpc")
	path := flag.String("path", "", "path of the socket")
	delay := flag.Duration("delay", 0, "ttrpc: how long the echo waits before its response")
	flag.Parse()
	if err := run(*kind, *path, *delay); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

func run(kind, path string, delay time.Duration) error {
	listener, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	switch kind {
	case "ttrpc":
		server, err := ttrpc.NewServer()
		if err != nil {
			return err
		}
		server.RegisterService("bench.v1.Bench", ttrpcService(delay))
		go func() { failed <- server.Serve(context.Background(), listener) }()
	case "grpc":
		server := grpc.NewServer()
		server.RegisterService(grpcService(), nil)
		go func() { failed <- server.Serve(listener) }()
	default:
		return fmt.Errorf("kind %q: expected ttrpc or grpc", kind)
	}
	fmt.Println(`{"ready":true}`)
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		failed <- err
	}()
	return <-failed
}
