// NRI's mux (pkg/net/multiplex) with an echo service on connection 1, and a client on connection 2 that sends what stdin
// asks for: the other end is ours.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"

	"github.com/containerd/nri/pkg/net/multiplex"
	"github.com/containerd/ttrpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func main() {
	socket := flag.String("socket", "", "where to listen for one connection")
	flag.Parse()
	listener, err := net.Listen("unix", *socket)
	check(err)
	fmt.Println(`{"ready":true}`)
	trunk, err := listener.Accept()
	check(err)
	mux := multiplex.Multiplex(trunk)
	served, err := mux.Listen(1)
	check(err)
	server, err := ttrpc.NewServer()
	check(err)
	server.Register("test.Echo", map[string]ttrpc.Method{
		"Echo": func(_ context.Context, unmarshal func(any) error) (any, error) {
			var bytes wrapperspb.BytesValue
			if err := unmarshal(&bytes); err != nil {
				return nil, err
			}
			return &bytes, nil
		},
	})
	go server.Serve(context.Background(), served)
	conn, err := mux.Open(2)
	check(err)
	client := ttrpc.NewClient(conn)

	out := json.NewEncoder(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var cmd struct{ ID, Bytes int }
		check(json.Unmarshal(lines.Bytes(), &cmd))
		request := &wrapperspb.BytesValue{Value: make([]byte, cmd.Bytes)}
		var response wrapperspb.BytesValue
		result := map[string]any{"id": cmd.ID}
		if err := client.Call(context.Background(), "test.Echo", "Echo", request, &response); err != nil {
			result["error"] = err.Error()
		}
		result["bytes"] = len(response.Value)
		check(out.Encode(result))
	}
	mux.Close()
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
