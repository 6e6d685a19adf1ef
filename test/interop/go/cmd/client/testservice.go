package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/containerd/ttrpc"
	"google.golang.org/protobuf/proto"

	"nestjs-ttrpc.test/interop/grpctesting"
	"nestjs-ttrpc.test/interop/internal/lines"
)

// A call of test_service.proto as the harness describes it.
type testCallSpec struct {
	Connection string
	Call       string
	Service    string
	Rpc        string
	Requests   []testRequestSpec
	Lockstep   bool
	KeepOpen   bool
	Metadata   map[string][]string
	TimeoutMs  int64
}

type testRequestSpec struct {
	PayloadBytes  int
	ResponseSizes []int32
	Status        *struct {
		Code    int32
		Message string
	}
}

type testCallResult struct {
	Status         *statusResult   `json:"status,omitempty"`
	TransportError *transportError `json:"transportError,omitempty"`
	Responses      []testResponse  `json:"responses"`
}

type testResponse struct {
	PayloadBytes          int                 `json:"payloadBytes"`
	Zeros                 bool                `json:"zeros"`
	AggregatedPayloadSize int32               `json:"aggregatedPayloadSize"`
	Echoed                map[string][]string `json:"echoed"`
}

type testCall struct {
	spec      *testCallSpec
	client    *ttrpc.Client
	named     *named
	responses []testResponse
}

func (d *driver) testService(command *lines.Command) (any, error) {
	spec := &testCallSpec{Service: "grpc.testing.TestService"}
	if err := command.Into(spec); err != nil {
		return nil, err
	}
	found, err := d.connections.get(spec.Connection)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	named, err := d.progress.begin(spec.Call, cancel)
	if err != nil {
		return nil, err
	}
	defer named.end()
	if len(spec.Metadata) > 0 {
		metadata := ttrpc.MD{}
		for key, values := range spec.Metadata {
			metadata.Append(key, values...)
		}
		ctx = ttrpc.WithMetadata(ctx, metadata)
	}
	if spec.TimeoutMs > 0 {
		timed, cancel := context.WithTimeout(ctx, time.Duration(spec.TimeoutMs)*time.Millisecond)
		defer cancel()
		ctx = timed
	}
	c := &testCall{spec: spec, client: found.client, named: named, responses: []testResponse{}}
	outcome := &result{}
	outcome.setError(c.run(ctx))
	return &testCallResult{Status: outcome.Status, TransportError: outcome.TransportError, Responses: c.responses}, nil
}

func (c *testCall) run(ctx context.Context) error {
	switch c.spec.Rpc {
	case "StreamingOutputCall":
		return c.stream(ctx, &ttrpc.StreamDesc{StreamingServer: true})
	case "StreamingInputCall":
		return c.stream(ctx, &ttrpc.StreamDesc{StreamingClient: true})
	case "FullDuplexCall":
		return c.stream(ctx, &ttrpc.StreamDesc{StreamingClient: true, StreamingServer: true})
	}
	request, err := c.only()
	if err != nil {
		return err
	}
	response := c.response()
	if err := c.client.Call(ctx, c.spec.Service, c.spec.Rpc, request, response); err != nil {
		return err
	}
	c.took(response)
	return nil
}

func (c *testCall) stream(ctx context.Context, description *ttrpc.StreamDesc) error {
	var request any
	if !description.StreamingClient {
		only, err := c.only()
		if err != nil {
			return err
		}
		request = only
	}
	stream, err := c.client.NewStream(ctx, description, c.spec.Service, c.spec.Rpc, request)
	if err != nil {
		return err
	}
	var sendErr error
	if description.StreamingClient {
		var ended bool
		if ended, sendErr = c.send(stream); ended {
			return sendErr
		}
	}
	// Also if sending failed: the server may have ended the call before, and its status says why.
	for {
		ended, err := c.receive(stream)
		if err != nil {
			return err
		}
		if ended || !description.StreamingServer {
			return sendErr
		}
	}
}

// send sends all requests, small enough in sum to need no reader beside it; it says so if it received the call's end.
func (c *testCall) send(stream ttrpc.ClientStream) (ended bool, err error) {
	for index := range c.spec.Requests {
		spec := &c.spec.Requests[index]
		if err := stream.SendMsg(c.request(spec)); err != nil {
			return false, err
		}
		if !c.spec.Lockstep {
			continue
		}
		for range spec.ResponseSizes {
			if ended, err := c.receive(stream); ended || err != nil {
				return ended, err
			}
		}
	}
	if c.spec.KeepOpen {
		return false, nil
	}
	return false, stream.CloseSend()
}

func (c *testCall) receive(stream ttrpc.ClientStream) (ended bool, err error) {
	response := c.response()
	if err := stream.RecvMsg(response); err == io.EOF {
		return true, nil
	} else if err != nil {
		return true, err
	}
	c.took(response)
	return false, nil
}

func (c *testCall) only() (proto.Message, error) {
	if len(c.spec.Requests) != 1 {
		return nil, fmt.Errorf("%s takes one request, not %d", c.spec.Rpc, len(c.spec.Requests))
	}
	return c.request(&c.spec.Requests[0]), nil
}

func (c *testCall) request(spec *testRequestSpec) proto.Message {
	var payload *grpctesting.Payload
	if spec.PayloadBytes > 0 {
		payload = &grpctesting.Payload{Body: make([]byte, spec.PayloadBytes)}
	}
	var status *grpctesting.EchoStatus
	if spec.Status != nil {
		status = &grpctesting.EchoStatus{Code: spec.Status.Code, Message: spec.Status.Message}
	}
	switch c.spec.Rpc {
	case "UnaryCall":
		request := &grpctesting.SimpleRequest{Payload: payload, ResponseStatus: status}
		for _, size := range spec.ResponseSizes {
			request.ResponseSize = size
		}
		return request
	case "StreamingInputCall":
		return &grpctesting.StreamingInputCallRequest{Payload: payload}
	case "StreamingOutputCall", "FullDuplexCall":
		request := &grpctesting.StreamingOutputCallRequest{Payload: payload, ResponseStatus: status}
		for _, size := range spec.ResponseSizes {
			request.ResponseParameters = append(request.ResponseParameters, &grpctesting.ResponseParameters{Size: size})
		}
		return request
	default:
		return &grpctesting.Empty{}
	}
}

func (c *testCall) response() proto.Message {
	switch c.spec.Rpc {
	case "UnaryCall":
		return &grpctesting.SimpleResponse{}
	case "StreamingInputCall":
		return &grpctesting.StreamingInputCallResponse{}
	case "StreamingOutputCall", "FullDuplexCall":
		return &grpctesting.StreamingOutputCallResponse{}
	default:
		return &grpctesting.Empty{}
	}
}

func (c *testCall) took(message proto.Message) {
	response := testResponse{Zeros: true, Echoed: map[string][]string{}}
	if carrier, ok := message.(interface{ GetPayload() *grpctesting.Payload }); ok {
		body := carrier.GetPayload().GetBody()
		response.PayloadBytes = len(body)
		for _, value := range body {
			response.Zeros = response.Zeros && value == 0
		}
	}
	if sum, ok := message.(interface{ GetAggregatedPayloadSize() int32 }); ok {
		response.AggregatedPayloadSize = sum.GetAggregatedPayloadSize()
	}
	if echo, ok := message.(interface{ GetEchoed() []*grpctesting.Echoed }); ok {
		for _, pair := range echo.GetEchoed() {
			response.Echoed[pair.Key] = append(response.Echoed[pair.Key], pair.Value)
		}
	}
	c.responses = append(c.responses, response)
	c.named.replied()
}
