// Command deadlines makes calls that nobody answers and tells who ended them: the caller's own context, or a status that
// the server sent. Arguments: the address, how many calls, and their deadline in milliseconds.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/containerd/ttrpc"

	"nestjs-ttrpc.test/interop/internal/address"
	pb "nestjs-ttrpc.test/interop/interopv1"
)

type ended struct {
	ByClient int      `json:"byClient"`
	ByServer int      `json:"byServer"`
	Other    []string `json:"other"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "deadlines:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return errors.New("expected an address, a number of calls and milliseconds")
	}
	network, where, err := address.Parse(args[0])
	if err != nil {
		return err
	}
	count, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	ms, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	socket, err := net.Dial(network, where)
	if err != nil {
		return err
	}
	client := ttrpc.NewClient(socket)
	defer client.Close()
	result := ended{Other: []string{}}
	for range count {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(ms)*time.Millisecond)
		err := client.Call(ctx, "interop.v1.Interop", "Unary", &pb.Request{}, &pb.Reply{})
		cancel()
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			result.ByClient++
		case err != nil && err.Error() == "rpc error: code = DeadlineExceeded desc = the deadline of the call has passed":
			result.ByServer++
		default:
			result.Other = append(result.Other, fmt.Sprint(err))
		}
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}
