package main

import (
	"context"

	"google.golang.org/grpc"

	pb "nestjs-ttrpc.test/bench/benchv1"
)

func grpcService() *grpc.ServiceDesc {
	echo := func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		message := &pb.Echo{}
		return message, decode(message)
	}
	place := func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		order := &pb.Order{}
		return order, decode(order)
	}
	return &grpc.ServiceDesc{
		ServiceName: "bench.v1.Bench",
		Methods: []grpc.MethodDesc{
			{MethodName: "Unary", Handler: echo},
			{MethodName: "Guarded", Handler: echo},
			{MethodName: "Place", Handler: place},
		},
		Streams: []grpc.StreamDesc{
			{StreamName: "Download", ServerStreams: true, Handler: func(_ any, s grpc.ServerStream) error {
				return download(s)
			}},
			{StreamName: "Upload", ClientStreams: true, Handler: func(_ any, s grpc.ServerStream) error {
				reply, err := upload(s)
				if err != nil {
					return err
				}
				return s.SendMsg(reply)
			}},
			{StreamName: "Chat", ClientStreams: true, ServerStreams: true, Handler: func(_ any, s grpc.ServerStream) error {
				return chat(s)
			}},
		},
	}
}
