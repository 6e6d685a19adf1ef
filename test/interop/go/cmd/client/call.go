package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/containerd/ttrpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	"nestjs-ttrpc.test/interop/internal/body"
	pb "nestjs-ttrpc.test/interop/interopv1"
)

const interop = "interop.v1.Interop"

// The rpcs that a call means unless it names one: those with messages, and those without.
var methods = map[string][2]string{
	"unary":         {"Unary", "Nothing"},
	"server-stream": {"ServerStream", "NothingServerStream"},
	"client-stream": {"ClientStream", "NothingClientStream"},
	"bidi":          {"Bidi", "NothingStream"},
}

// One call on its way.
type call struct {
	*collector
	spec   *callSpec
	client *ttrpc.Client
	ctx    context.Context
	sent   body.Sum
	// Where replies are announced, for calls with a name.
	named *named
}

func run(ctx context.Context, op string, spec *callSpec, client *ttrpc.Client, named *named) (*result, error) {
	known, ok := methods[op]
	if !ok {
		return nil, fmt.Errorf("unknown command %q", op)
	}
	if spec.Service == "" {
		spec.Service = interop
	}
	if spec.Method == "" {
		if spec.Method = known[0]; spec.Empty {
			spec.Method = known[1]
		}
	}
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
	if spec.WireTimeoutMs > 0 {
		ctx = withWireTimeout(ctx, spec.WireTimeoutMs)
	}
	begin := time.Now()
	c := &call{collector: newCollector(), spec: spec, client: client, ctx: ctx, named: named}
	var err error
	switch op {
	case "unary":
		err = c.unary()
	case "server-stream":
		err = c.serverStream()
	default:
		err = c.clientStreaming(op == "bidi")
	}
	return c.result(err, &c.sent, begin), nil
}

func (c *call) request(r *requestSpec) proto.Message {
	if c.spec.Empty {
		c.sent.Add(0, nil)
		return &emptypb.Empty{}
	}
	message := r.message()
	c.sent.Add(message.Seq, message.Body)
	return message
}

func (c *call) reply() proto.Message {
	if c.spec.Empty {
		return &emptypb.Empty{}
	}
	return &pb.Reply{}
}

func (c *call) took(reply proto.Message) {
	c.add(reply)
	c.named.replied()
	if every := c.spec.PauseEvery; every > 0 && c.sum.Count%every == 0 {
		time.Sleep(time.Duration(c.spec.PauseMs) * time.Millisecond)
	}
}

func (c *call) unary() error {
	reply := c.reply()
	err := c.client.Call(c.ctx, c.spec.Service, c.spec.Method, c.request(&c.spec.Request), reply)
	if err == nil {
		c.took(reply)
	}
	return err
}

func (c *call) serverStream() error {
	description := &ttrpc.StreamDesc{StreamingServer: true}
	stream, err := c.client.NewStream(c.ctx, description, c.spec.Service, c.spec.Method, c.request(&c.spec.Request))
	if err != nil {
		return err
	}
	return c.receive(stream, nil)
}

// receive takes replies until the call ends; each is announced on replied, if there is such a channel.
func (c *call) receive(stream ttrpc.ClientStream, replied chan<- struct{}) error {
	for {
		reply := c.reply()
		if err := stream.RecvMsg(reply); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		c.took(reply)
		select {
		case replied <- struct{}{}:
		default: // nobody wants to know, or more replies than expected
		}
	}
}

// Client-streaming and bidi calls: one goroutine sends while this one receives.
func (c *call) clientStreaming(streamingServer bool) error {
	ctx, cancel := context.WithCancelCause(c.ctx)
	defer cancel(nil)
	description := &ttrpc.StreamDesc{StreamingClient: true, StreamingServer: streamingServer}
	stream, err := c.client.NewStream(ctx, description, c.spec.Service, c.spec.Method, nil)
	if err != nil {
		return err
	}
	var replied chan struct{}
	if c.spec.Lockstep {
		// Room for all replies: receiving never waits for sending.
		room := 0
		for index := range c.spec.count() {
			room += c.spec.request(index).replies()
		}
		replied = make(chan struct{}, room)
	}
	sent := make(chan error, 1)
	go func() {
		err := c.send(ctx, stream, replied)
		if _, refused := status.FromError(err); refused && err != nil {
			// The library refused a message, the server knows nothing of it: end the call here.
			cancel(err)
		}
		sent <- err
	}()
	if streamingServer {
		err = c.receive(stream, replied)
	} else {
		reply := c.reply()
		if err = stream.RecvMsg(reply); err == nil {
			c.took(reply)
		}
	}
	// The call is over: what is not sent stays so.
	cause := context.Cause(ctx)
	cancel(nil)
	sendErr := <-sent
	if _, refused := status.FromError(cause); refused && cause != nil {
		return cause
	}
	if err == nil && sendErr != nil && ctx.Err() == nil {
		return sendErr
	}
	return err
}

func (c *call) send(ctx context.Context, stream ttrpc.ClientStream, replied <-chan struct{}) error {
	for index := range c.spec.count() {
		if ctx.Err() != nil {
			return nil
		}
		spec := c.spec.request(index)
		message := c.request(spec)
		// Counted when it is made, as a source counts what it gives.
		c.named.sending()
		if err := stream.SendMsg(message); err != nil {
			return err
		}
		if replied == nil {
			continue
		}
		for range spec.replies() {
			select {
			case <-replied:
			case <-ctx.Done():
				return nil
			}
		}
	}
	if c.spec.KeepOpen {
		return nil
	}
	return stream.CloseSend()
}
