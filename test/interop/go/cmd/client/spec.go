package main

import (
	"google.golang.org/protobuf/types/known/anypb"

	"nestjs-ttrpc.test/interop/internal/body"
	pb "nestjs-ttrpc.test/interop/interopv1"
)

// What the harness says of one call. Bodies are described by their size.
type callSpec struct {
	Connection string
	Call       string // a name for cancel and await-replies
	Service    string
	Method     string
	Empty      bool // messages are google.protobuf.Empty
	Request    requestSpec
	Requests   []requestSpec
	Generate   *generateSpec
	Lockstep   bool // bidi: wait for a message's replies before sending the next one
	KeepOpen   bool // do not close the sending side
	Metadata   map[string][]string
	TimeoutMs  int64
	// A reader who sleeps: PauseMs after each PauseEvery-th reply.
	PauseEvery uint64
	PauseMs    int64
	// Sent as the call's timeout without limiting the call here: the server has to end it.
	WireTimeoutMs int64
}

type requestSpec struct {
	Seq        uint64
	BodyBytes  int
	ReplyCount uint32
	ReplyBytes uint32
	DelayMs    uint32
	Fail       *failSpec
}

type failSpec struct {
	Code    int32
	Message string
	Details []detail
	After   uint32
}

type detail struct {
	TypeURL string `json:"typeUrl"`
	Value   []byte `json:"value"` // base64 in JSON
}

// Count requests like Request with ascending seq. With DelayEvery only each DelayEvery-th has the delay.
type generateSpec struct {
	requestSpec
	Count      int
	DelayEvery int
}

func (r *requestSpec) message() *pb.Request {
	message := &pb.Request{
		Seq:        r.Seq,
		ReplyCount: r.ReplyCount,
		ReplyBytes: r.ReplyBytes,
		DelayMs:    r.DelayMs,
	}
	if r.BodyBytes > 0 {
		message.Body = body.Pattern(r.Seq, r.BodyBytes)
	}
	if r.Fail != nil {
		message.Fail = &pb.Failure{Code: r.Fail.Code, Message: r.Fail.Message, After: r.Fail.After}
		for _, d := range r.Fail.Details {
			message.Fail.Details = append(message.Fail.Details, &anypb.Any{TypeUrl: d.TypeURL, Value: d.Value})
		}
	}
	return message
}

// replies says how many replies of Bidi belong to this request.
func (r *requestSpec) replies() int {
	return int(max(1, r.ReplyCount))
}

// count says how many requests a client-streaming call sends; request gives the one at index.
func (s *callSpec) count() int {
	if s.Generate != nil {
		return s.Generate.Count
	}
	return len(s.Requests)
}

func (s *callSpec) request(index int) *requestSpec {
	if s.Generate != nil {
		made := s.Generate.requestSpec
		made.Seq += uint64(index)
		if every := s.Generate.DelayEvery; every > 0 && (index+1)%every != 0 {
			made.DelayMs = 0
		}
		return &made
	}
	return &s.Requests[index]
}
