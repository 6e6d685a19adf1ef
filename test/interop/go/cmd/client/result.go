package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/containerd/ttrpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nestjs-ttrpc.test/interop/internal/body"
	pb "nestjs-ttrpc.test/interop/interopv1"
)

// What the harness learns of one call.
type result struct {
	// How the call ended; nil if it ended without a status, that is by transportError.
	Status *statusResult `json:"status,omitempty"`
	// The library gave the call up by itself: too large a message, its deadline, cancelled.
	Local          bool            `json:"local,omitempty"`
	TransportError *transportError `json:"transportError,omitempty"`
	Replies        replies         `json:"replies"`
	// What the first reply says of the call.
	FirstReply *replyResult `json:"firstReply,omitempty"`
	Sent       sums         `json:"sent"`
	ElapsedMs  int64        `json:"elapsedMs"`
}

type statusResult struct {
	Code    int      `json:"code"`
	Message string   `json:"message"`
	Details []detail `json:"details"`
}

type transportError struct {
	Name    string `json:"name"`
	Message string `json:"message"`
}

type sums struct {
	Count      uint64 `json:"count"`
	TotalBytes uint64 `json:"totalBytes"`
	Checksum   uint32 `json:"checksum"`
}

type replies struct {
	sums
	First   uint64 `json:"first"`
	Last    uint64 `json:"last"`
	Ordered bool   `json:"ordered"` // no seq is lower than the one before it
	Wrong   int    `json:"wrong"`   // bodies that are not the pattern of their seq
}

type replyResult struct {
	sums
	Seq       uint64              `json:"seq"`
	BodyBytes int                 `json:"bodyBytes"`
	Metadata  map[string][]string `json:"metadata"`
	TimeoutMs int64               `json:"timeoutMs"`
}

func sumsOf(sum *body.Sum) sums {
	return sums{Count: sum.Count, TotalBytes: sum.TotalBytes, Checksum: sum.Checksum()}
}

// A collector adds replies up as they come.
type collector struct {
	sum   body.Sum
	state replies
	first *replyResult
}

func newCollector() *collector {
	return &collector{state: replies{Ordered: true}}
}

func (c *collector) add(message any) {
	reply, ok := message.(*pb.Reply)
	if !ok {
		reply = &pb.Reply{} // google.protobuf.Empty
	}
	if c.sum.Count == 0 {
		c.state.First = reply.Seq
		c.first = describe(reply)
	} else if reply.Seq < c.state.Last {
		c.state.Ordered = false
	}
	c.state.Last = reply.Seq
	if !body.IsPattern(reply.Seq, reply.Body) {
		c.state.Wrong++
	}
	c.sum.Add(reply.Seq, reply.Body)
}

func describe(reply *pb.Reply) *replyResult {
	described := &replyResult{
		sums:      sums{Count: reply.Count, TotalBytes: reply.TotalBytes, Checksum: reply.Checksum},
		Seq:       reply.Seq,
		BodyBytes: len(reply.Body),
		Metadata:  map[string][]string{},
		TimeoutMs: reply.TimeoutMs,
	}
	for _, pair := range reply.Metadata {
		described.Metadata[pair.Key] = append(described.Metadata[pair.Key], pair.Value)
	}
	return described
}

func (c *collector) result(err error, sent *body.Sum, begin time.Time) *result {
	made := &result{Replies: c.state, FirstReply: c.first, Sent: sumsOf(sent), ElapsedMs: time.Since(begin).Milliseconds()}
	made.Replies.sums = sumsOf(&c.sum)
	made.setError(err)
	return made
}

func (r *result) setError(err error) {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		r.Local = true
		r.Status = describeStatus(status.FromContextError(err))
		return
	}
	if st, ok := status.FromError(err); ok {
		var oversized *ttrpc.OversizedMessageErr
		r.Local = errors.As(err, &oversized)
		r.Status = describeStatus(st)
		return
	}
	r.TransportError = &transportError{Name: errorName(err), Message: err.Error()}
}

func describeStatus(st *status.Status) *statusResult {
	described := &statusResult{Code: int(st.Code()), Message: st.Message(), Details: []detail{}}
	if st.Code() == codes.OK {
		return described
	}
	for _, any := range st.Proto().GetDetails() {
		described.Details = append(described.Details, detail{TypeURL: any.TypeUrl, Value: any.Value})
	}
	return described
}

// errorName gives the library's name of an error that is no status.
func errorName(err error) string {
	for name, known := range map[string]error{
		"ErrClosed":       ttrpc.ErrClosed,
		"ErrServerClosed": ttrpc.ErrServerClosed,
		"ErrStreamClosed": ttrpc.ErrStreamClosed,
		"ErrStreamFull":   ttrpc.ErrStreamFull,
		"ErrProtocol":     ttrpc.ErrProtocol,
		"EOF":             io.EOF,
	} {
		if errors.Is(err, known) {
			return name
		}
	}
	return "other"
}
