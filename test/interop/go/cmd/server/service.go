package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/containerd/ttrpc"
	"google.golang.org/genproto/googleapis/rpc/status"
	grpcstatus "google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"nestjs-ttrpc.test/interop/internal/body"
	pb "nestjs-ttrpc.test/interop/interopv1"
)

// The service of interop.proto. journal is nil when nothing is to be recorded (benchmarks).
type service struct {
	journal *journal
	running running
}

func (s *service) description() *ttrpc.ServiceDesc {
	stream := func(handler func(context.Context, ttrpc.StreamServer) (any, error), client, server bool) ttrpc.Stream {
		return ttrpc.Stream{Handler: handler, StreamingClient: client, StreamingServer: server}
	}
	return &ttrpc.ServiceDesc{
		Methods: map[string]ttrpc.Method{
			"Unary":   s.unary,
			"Nothing": nothing,
		},
		Streams: map[string]ttrpc.Stream{
			"ServerStream":        stream(s.serverStream, false, true),
			"ClientStream":        stream(s.clientStream, true, false),
			"Bidi":                stream(s.bidi, true, true),
			"NothingServerStream": stream(nothingServerStream, false, true),
			"NothingClientStream": stream(nothingClientStream, true, false),
			"NothingStream":       stream(nothingStream, true, true),
		},
	}
}

// One running call: its place in the journal, and the failure that its requests ask for.
type call struct {
	ctx     context.Context
	service *service
	method  string
	seq     uint64
	begun   bool
	timeout int64 // ms left when the handler began
	fail    *pb.Failure
	handled uint32
	counts  counts
}

func (s *service) call(ctx context.Context, method string) *call {
	c := &call{ctx: ctx, service: s, method: method}
	if deadline, ok := ctx.Deadline(); ok {
		c.timeout = max(1, time.Until(deadline).Milliseconds())
	}
	return c
}

// begin records the call under the seq of its first request; later requests change nothing.
func (c *call) begin(seq uint64) {
	if c.begun {
		return
	}
	c.begun = true
	c.seq = seq
	c.service.running.add(c)
	c.record(event{Event: "started"})
}

// end records how the call ended and hands its error on.
func (c *call) end(err error) error {
	c.begin(0)
	c.service.running.remove(c)
	switch {
	case c.ctx.Err() != nil || errors.Is(err, ttrpc.ErrClosed):
		cause := "cancelled"
		if errors.Is(c.ctx.Err(), context.DeadlineExceeded) {
			cause = "deadline"
		}
		c.record(event{Event: "cancelled", Cause: cause})
	default:
		c.record(event{Event: "finished", Code: int(grpcstatus.Code(err))})
	}
	return err
}

func (c *call) record(e event) {
	if c.service.journal == nil {
		return
	}
	e.Method, e.Seq = c.method, c.seq
	c.service.journal.add(e)
}

// wait returns early, with the context's error, when the call is over.
func (c *call) wait(ms uint32) error {
	if ms == 0 {
		return c.ctx.Err()
	}
	timer := time.NewTimer(time.Duration(ms) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
}

// failure gives the error if enough messages were handled for it; with force at once.
func (c *call) failure(force bool) error {
	if c.fail == nil || (!force && c.handled < c.fail.After) {
		return nil
	}
	return grpcstatus.ErrorProto(&status.Status{Code: c.fail.Code, Message: c.fail.Message, Details: c.fail.Details})
}

// firstReply puts what only the first reply says into reply.
func (c *call) firstReply(reply *pb.Reply) *pb.Reply {
	reply.TimeoutMs = c.timeout
	if metadata, ok := ttrpc.GetMetadata(c.ctx); ok {
		for key, values := range metadata {
			for _, value := range values {
				reply.Metadata = append(reply.Metadata, &pb.Pair{Key: key, Value: value})
			}
		}
	}
	return reply
}

func withSum(reply *pb.Reply, sum *body.Sum) *pb.Reply {
	reply.Count, reply.TotalBytes, reply.Checksum = sum.Count, sum.TotalBytes, sum.Checksum()
	return reply
}

func replyBody(request *pb.Request) []byte {
	if request.ReplyBytes > 0 {
		return body.Pattern(request.Seq, int(request.ReplyBytes))
	}
	return request.Body
}

func (s *service) unary(ctx context.Context, unmarshal func(any) error) (any, error) {
	request := &pb.Request{}
	if err := unmarshal(request); err != nil {
		return nil, err
	}
	c := s.call(ctx, "Unary")
	c.begin(request.Seq)
	if err := c.wait(request.DelayMs); err != nil {
		return nil, c.end(err)
	}
	c.fail = request.Fail
	if err := c.failure(true); err != nil {
		return nil, c.end(err)
	}
	sum := &body.Sum{}
	sum.Add(request.Seq, request.Body)
	reply := c.firstReply(withSum(&pb.Reply{Seq: request.Seq, Body: replyBody(request)}, sum))
	return reply, c.end(nil)
}

func (s *service) serverStream(ctx context.Context, stream ttrpc.StreamServer) (any, error) {
	c := s.call(ctx, "ServerStream")
	request := &pb.Request{}
	if err := stream.RecvMsg(request); err != nil {
		return nil, c.end(err)
	}
	c.begin(request.Seq)
	c.fail = request.Fail
	return nil, c.end(c.sendReplies(request, stream))
}

func (c *call) sendReplies(request *pb.Request, stream ttrpc.StreamServer) error {
	for seq := range uint64(request.ReplyCount) {
		if err := c.failure(false); err != nil {
			return err
		}
		if err := c.wait(request.DelayMs); err != nil {
			return err
		}
		reply := &pb.Reply{Seq: seq, Body: body.Pattern(seq, int(request.ReplyBytes))}
		if seq == 0 {
			c.firstReply(reply)
			if len(request.Body) > 0 {
				sum := &body.Sum{}
				sum.Add(request.Seq, request.Body)
				withSum(reply, sum)
			}
		}
		c.counts.sent.Add(1)
		if err := stream.SendMsg(reply); err != nil {
			return err
		}
		c.handled++
	}
	return c.failure(true)
}

// receive handles each message until the input ends or the call fails.
func (c *call) receive(stream ttrpc.StreamServer, handle func(*pb.Request) error) error {
	for {
		request := &pb.Request{}
		if err := stream.RecvMsg(request); err == io.EOF {
			return c.failure(true)
		} else if err != nil {
			return err
		}
		c.begin(request.Seq)
		c.counts.received.Add(1)
		if err := c.wait(request.DelayMs); err != nil {
			return err
		}
		if c.fail == nil {
			c.fail = request.Fail
		}
		if err := c.failure(false); err != nil {
			return err
		}
		if err := handle(request); err != nil {
			return err
		}
		c.handled++
		if err := c.failure(false); err != nil {
			return err
		}
	}
}

func (s *service) clientStream(ctx context.Context, stream ttrpc.StreamServer) (any, error) {
	c := s.call(ctx, "ClientStream")
	sum := &body.Sum{}
	err := c.receive(stream, func(request *pb.Request) error {
		sum.Add(request.Seq, request.Body)
		return nil
	})
	if c.end(err) != nil {
		return nil, err
	}
	return c.firstReply(withSum(&pb.Reply{Seq: c.seq}, sum)), nil
}

func (s *service) bidi(ctx context.Context, stream ttrpc.StreamServer) (any, error) {
	c := s.call(ctx, "Bidi")
	answered := false
	return nil, c.end(c.receive(stream, func(request *pb.Request) error {
		for range max(1, request.ReplyCount) {
			reply := &pb.Reply{Seq: request.Seq, Body: replyBody(request)}
			if !answered {
				c.firstReply(reply)
				answered = true
			}
			c.counts.sent.Add(1)
			if err := stream.SendMsg(reply); err != nil {
				return err
			}
		}
		return nil
	}))
}

func nothing(_ context.Context, unmarshal func(any) error) (any, error) {
	empty := &emptypb.Empty{}
	return empty, unmarshal(empty)
}

func nothingServerStream(_ context.Context, stream ttrpc.StreamServer) (any, error) {
	if err := stream.RecvMsg(&emptypb.Empty{}); err != nil {
		return nil, err
	}
	for range 3 {
		if err := stream.SendMsg(&emptypb.Empty{}); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func nothingClientStream(_ context.Context, stream ttrpc.StreamServer) (any, error) {
	for {
		if err := stream.RecvMsg(&emptypb.Empty{}); err == io.EOF {
			return &emptypb.Empty{}, nil
		} else if err != nil {
			return nil, err
		}
	}
}

func nothingStream(_ context.Context, stream ttrpc.StreamServer) (any, error) {
	for {
		if err := stream.RecvMsg(&emptypb.Empty{}); err == io.EOF {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
		if err := stream.SendMsg(&emptypb.Empty{}); err != nil {
			return nil, err
		}
	}
}
