package main

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/containerd/ttrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
)

const service = "bench.v1.Bench"

// What a run needs of a library.
type client interface {
	Call(ctx context.Context, method string, request, reply any) error
	// Stream opens a call; request is sent at once unless it is nil.
	Stream(ctx context.Context, method string, clientStreams, serverStreams bool, request any) (stream, error)
	// WithMetadata gives a context whose calls carry key and value.
	WithMetadata(ctx context.Context, key, value string) context.Context
	Close() error
}

type stream interface {
	SendMsg(message any) error
	RecvMsg(message any) error
	CloseSend() error
}

type ttrpcClient struct{ *ttrpc.Client }

func dialTtrpc(path string) (client, error) {
	for tries := 0; ; tries++ {
		socket, err := net.Dial("unix", path)
		if err == nil {
			return ttrpcClient{ttrpc.NewClient(socket)}, nil
		}
		// A server that accepts slowly has no place in its backlog for a moment.
		if !errors.Is(err, syscall.EAGAIN) || tries == 1000 {
			return nil, err
		}
		time.Sleep(time.Millisecond)
	}
}

func (c ttrpcClient) Call(ctx context.Context, method string, request, reply any) error {
	return c.Client.Call(ctx, service, method, request, reply)
}

func (c ttrpcClient) Stream(ctx context.Context, method string, clientStreams, serverStreams bool, request any) (stream, error) {
	return c.NewStream(ctx, &ttrpc.StreamDesc{StreamingClient: clientStreams, StreamingServer: serverStreams}, service, method, request)
}

func (c ttrpcClient) WithMetadata(ctx context.Context, key, value string) context.Context {
	return ttrpc.WithMetadata(ctx, ttrpc.MD{key: []string{value}})
}

type grpcClient struct{ *grpc.ClientConn }

func dialGrpc(path string) (client, error) {
	connection, err := grpc.NewClient("unix:"+path, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	connection.Connect()
	return grpcClient{connection}, nil
}

func (c grpcClient) Call(ctx context.Context, method string, request, reply any) error {
	return c.Invoke(ctx, "/"+service+"/"+method, request, reply, grpc.WaitForReady(true))
}

func (c grpcClient) Stream(ctx context.Context, method string, clientStreams, serverStreams bool, request any) (stream, error) {
	opened, err := c.NewStream(ctx, &grpc.StreamDesc{ClientStreams: clientStreams, ServerStreams: serverStreams}, "/"+service+"/"+method, grpc.WaitForReady(true))
	if err != nil || request == nil {
		return opened, err
	}
	if err := opened.SendMsg(request); err != nil {
		return nil, err
	}
	return opened, opened.CloseSend()
}

func (c grpcClient) WithMetadata(ctx context.Context, key, value string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, key, value)
}
