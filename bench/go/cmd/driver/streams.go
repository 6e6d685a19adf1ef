package main

import (
	"context"
	"fmt"
	"io"
	"time"

	pb "nestjs-ttrpc.test/bench/benchv1"
)

func (d *driver) download(l *load, first uint32) error {
	body := newBody(l.Bytes)
	request := &pb.DownloadRequest{Count: uint32(l.Calls), Bytes: uint32(l.Bytes), First: first}
	s, err := d.clients[0].Stream(context.Background(), "Download", false, true, request)
	if err != nil {
		return err
	}
	for i := range l.Calls {
		message := &pb.Echo{}
		if err := s.RecvMsg(message); err != nil {
			return fmt.Errorf("message %d of %d: %w", i, l.Calls, err)
		}
		if err := checkEcho(message, first+uint32(i), body); err != nil {
			return err
		}
	}
	return expectEnd(s)
}

func (d *driver) upload(l *load, first uint32) error {
	body := newBody(l.Bytes)
	s, err := d.clients[0].Stream(context.Background(), "Upload", true, false, nil)
	if err != nil {
		return err
	}
	var sum uint32
	for i := range uint32(l.Calls) {
		sum += first + i
		if err := s.SendMsg(&pb.Echo{Value: first + i, Body: body}); err != nil {
			return fmt.Errorf("message %d of %d: %w", i, l.Calls, err)
		}
	}
	if err := s.CloseSend(); err != nil {
		return err
	}
	reply := &pb.UploadReply{}
	if err := s.RecvMsg(reply); err != nil {
		return err
	}
	if reply.Count != uint32(l.Calls) || reply.Sum != sum || reply.Bytes != uint32(l.Calls*l.Bytes) {
		return fmt.Errorf("the response is %v, expected %d messages, sum %d, %d bytes", reply, l.Calls, sum, uint32(l.Calls*l.Bytes))
	}
	return nil
}

func (d *driver) chat(l *load, first uint32, latencies []time.Duration) error {
	body := newBody(l.Bytes)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s, err := d.clients[0].Stream(ctx, "Chat", true, true, nil)
	if err != nil {
		return err
	}
	// A message may leave for each token; behind it goes the time of its start.
	tokens, starts := make(chan struct{}, l.InFlight), make(chan time.Time, l.InFlight)
	for range l.InFlight {
		tokens <- struct{}{}
	}
	sent := make(chan error, 1)
	go func() {
		for i := range l.Calls {
			select {
			case <-tokens:
			case <-ctx.Done():
				sent <- ctx.Err()
				return
			}
			starts <- time.Now()
			if err := s.SendMsg(&pb.Echo{Value: first + uint32(i), Body: body}); err != nil {
				sent <- err
				return
			}
		}
		sent <- s.CloseSend()
	}()
	for i := range l.Calls {
		message := &pb.Echo{}
		if err := s.RecvMsg(message); err != nil {
			return fmt.Errorf("message %d of %d: %w", i, l.Calls, err)
		}
		if err := checkEcho(message, first+uint32(i), body); err != nil {
			return err
		}
		latencies[i] = time.Since(<-starts)
		tokens <- struct{}{}
	}
	if err := <-sent; err != nil {
		return err
	}
	return expectEnd(s)
}

func expectEnd(s stream) error {
	if err := s.RecvMsg(&pb.Echo{}); err != io.EOF {
		return fmt.Errorf("behind the last message came %v, expected the end", err)
	}
	return nil
}
