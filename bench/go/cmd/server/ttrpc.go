package main

import (
	"context"
	"time"

	"github.com/containerd/ttrpc"

	pb "nestjs-ttrpc.test/bench/benchv1"
)

func ttrpcService(delay time.Duration) *ttrpc.ServiceDesc {
	echo := func(_ context.Context, unmarshal func(any) error) (any, error) {
		message := &pb.Echo{}
		err := unmarshal(message)
		time.Sleep(delay)
		return message, err
	}
	place := func(_ context.Context, unmarshal func(any) error) (any, error) {
		order := &pb.Order{}
		return order, unmarshal(order)
	}
	return &ttrpc.ServiceDesc{
		Methods: map[string]ttrpc.Method{"Unary": echo, "Guarded": echo, "Place": place},
		Streams: map[string]ttrpc.Stream{
			"Download": {StreamingServer: true, Handler: func(_ context.Context, s ttrpc.StreamServer) (any, error) {
				return nil, download(s)
			}},
			"Upload": {StreamingClient: true, Handler: func(_ context.Context, s ttrpc.StreamServer) (any, error) {
				return upload(s)
			}},
			"Chat": {StreamingClient: true, StreamingServer: true, Handler: func(_ context.Context, s ttrpc.StreamServer) (any, error) {
				return nil, chat(s)
			}},
		},
	}
}
