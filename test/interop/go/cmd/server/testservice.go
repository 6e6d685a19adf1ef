package main

import (
	"context"
	"io"

	"github.com/containerd/ttrpc"
	"google.golang.org/genproto/googleapis/rpc/status"
	grpcstatus "google.golang.org/grpc/status"

	"nestjs-ttrpc.test/interop/grpctesting"
)

// The service of test_service.proto. Its calls stand in the journal with seq 0, from the handler's beginning on.
type testService struct {
	*service
}

func (s testService) description() *ttrpc.ServiceDesc {
	return &ttrpc.ServiceDesc{
		Methods: map[string]ttrpc.Method{
			"EmptyCall": s.emptyCall,
			"UnaryCall": s.unaryCall,
		},
		Streams: map[string]ttrpc.Stream{
			"StreamingInputCall":  {Handler: s.streamingInputCall, StreamingClient: true},
			"StreamingOutputCall": {Handler: s.streamingOutputCall, StreamingServer: true},
			"FullDuplexCall":      {Handler: s.fullDuplexCall, StreamingClient: true, StreamingServer: true},
		},
	}
}

func (s testService) begin(ctx context.Context, method string) *call {
	c := s.call(ctx, method)
	c.begin(0)
	return c
}

func (s testService) emptyCall(ctx context.Context, unmarshal func(any) error) (any, error) {
	c := s.begin(ctx, "EmptyCall")
	return &grpctesting.Empty{}, c.end(unmarshal(&grpctesting.Empty{}))
}

func (s testService) unaryCall(ctx context.Context, unmarshal func(any) error) (any, error) {
	c := s.begin(ctx, "UnaryCall")
	request := &grpctesting.SimpleRequest{}
	if err := unmarshal(request); err != nil {
		return nil, c.end(err)
	}
	if err := asked(request.ResponseStatus); err != nil {
		return nil, c.end(err)
	}
	return &grpctesting.SimpleResponse{Payload: zeros(request.ResponseSize), Echoed: echoed(ctx)}, c.end(nil)
}

func (s testService) streamingInputCall(ctx context.Context, stream ttrpc.StreamServer) (any, error) {
	c := s.begin(ctx, "StreamingInputCall")
	response := &grpctesting.StreamingInputCallResponse{}
	for {
		request := &grpctesting.StreamingInputCallRequest{}
		if err := stream.RecvMsg(request); err == io.EOF {
			return response, c.end(nil)
		} else if err != nil {
			return nil, c.end(err)
		}
		response.AggregatedPayloadSize += int32(len(request.GetPayload().GetBody()))
	}
}

func (s testService) streamingOutputCall(ctx context.Context, stream ttrpc.StreamServer) (any, error) {
	c := s.begin(ctx, "StreamingOutputCall")
	request := &grpctesting.StreamingOutputCallRequest{}
	if err := stream.RecvMsg(request); err != nil {
		return nil, c.end(err)
	}
	return nil, c.end(respond(stream, request, echoed(ctx)))
}

func (s testService) fullDuplexCall(ctx context.Context, stream ttrpc.StreamServer) (any, error) {
	c := s.begin(ctx, "FullDuplexCall")
	echo := echoed(ctx)
	for {
		request := &grpctesting.StreamingOutputCallRequest{}
		if err := stream.RecvMsg(request); err == io.EOF {
			return nil, c.end(nil)
		} else if err != nil {
			return nil, c.end(err)
		}
		if err := respond(stream, request, echo); err != nil {
			return nil, c.end(err)
		}
		if len(request.ResponseParameters) > 0 {
			echo = nil // it stands in the first response
		}
	}
}

// respond answers one request of a stream; echo goes with the first response.
func respond(stream ttrpc.StreamServer, request *grpctesting.StreamingOutputCallRequest, echo []*grpctesting.Echoed) error {
	if err := asked(request.ResponseStatus); err != nil {
		return err
	}
	for _, parameters := range request.ResponseParameters {
		response := &grpctesting.StreamingOutputCallResponse{Payload: zeros(parameters.Size), Echoed: echo}
		if err := stream.SendMsg(response); err != nil {
			return err
		}
		echo = nil
	}
	return nil
}

// asked gives the error that a request asks for.
func asked(echo *grpctesting.EchoStatus) error {
	if echo == nil {
		return nil
	}
	return grpcstatus.ErrorProto(&status.Status{Code: echo.Code, Message: echo.Message})
}

func zeros(size int32) *grpctesting.Payload {
	return &grpctesting.Payload{Body: make([]byte, size)}
}

func echoed(ctx context.Context) (pairs []*grpctesting.Echoed) {
	metadata, _ := ttrpc.GetMetadata(ctx)
	for _, key := range []string{"x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"} {
		for _, value := range metadata[key] {
			pairs = append(pairs, &grpctesting.Echoed{Key: key, Value: value})
		}
	}
	return pairs
}
