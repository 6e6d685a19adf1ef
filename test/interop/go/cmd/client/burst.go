package main

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/containerd/ttrpc"

	"nestjs-ttrpc.test/interop/internal/body"
	pb "nestjs-ttrpc.test/interop/interopv1"
)

// Count unary calls at once on one connection, with seq FirstSeq and up. Call i asks for a delay of
// i * 7919 % 101 hundredths of MaxDelayMs, so that the answers overtake each other.
type burstSpec struct {
	Connection string
	Count      int
	FirstSeq   uint64
	BodyBytes  int
	MaxDelayMs int
}

type burstResult struct {
	Statuses        map[string]int `json:"statuses"` // number of calls by status code
	TransportErrors map[string]int `json:"transportErrors"`
	Wrong           int            `json:"wrong"`     // answers that belong to another call or have another body
	Overtaken       int            `json:"overtaken"` // answers that came after one of a later call
	MostOpen        int            `json:"mostOpen"`  // calls that were open at the same time
	ElapsedMs       int64          `json:"elapsedMs"`
}

func burst(spec *burstSpec, client *ttrpc.Client) *burstResult {
	made := &burstResult{Statuses: map[string]int{}, TransportErrors: map[string]int{}}
	var (
		mu     sync.Mutex
		all    sync.WaitGroup
		open   int
		newest = -1
		begin  = time.Now()
	)
	for index := range spec.Count {
		mu.Lock()
		open++
		made.MostOpen = max(made.MostOpen, open)
		mu.Unlock()
		all.Go(func() {
			seq := spec.FirstSeq + uint64(index)
			request := &pb.Request{
				Seq:     seq,
				Body:    body.Pattern(seq, spec.BodyBytes),
				DelayMs: uint32(index * 7919 % 101 * spec.MaxDelayMs / 100),
			}
			reply := &pb.Reply{}
			err := client.Call(context.Background(), interop, "Unary", request, reply)
			ended := &result{}
			ended.setError(err)
			mu.Lock()
			defer mu.Unlock()
			open--
			if ended.TransportError != nil {
				made.TransportErrors[ended.TransportError.Name]++
				return
			}
			made.Statuses[strconv.Itoa(ended.Status.Code)]++
			if err != nil {
				return
			}
			if index < newest {
				made.Overtaken++
			}
			newest = max(newest, index)
			if reply.Seq != seq || len(reply.Body) != spec.BodyBytes || !body.IsPattern(seq, reply.Body) {
				made.Wrong++
			}
		})
	}
	all.Wait()
	made.ElapsedMs = time.Since(begin).Milliseconds()
	return made
}
