package main

import (
	"io"

	pb "nestjs-ttrpc.test/bench/benchv1"
)

// What the streams of both libraries have in common.
type stream interface {
	SendMsg(message any) error
	RecvMsg(message any) error
}

func download(s stream) error {
	request := &pb.DownloadRequest{}
	if err := s.RecvMsg(request); err != nil {
		return err
	}
	body := make([]byte, request.Bytes)
	for i := range body {
		body[i] = byte(i)
	}
	for i := range request.Count {
		if err := s.SendMsg(&pb.Echo{Value: request.First + i, Body: body}); err != nil {
			return err
		}
	}
	return nil
}

func upload(s stream) (*pb.UploadReply, error) {
	reply := &pb.UploadReply{}
	for {
		message := &pb.Echo{}
		if err := s.RecvMsg(message); err == io.EOF {
			return reply, nil
		} else if err != nil {
			return nil, err
		}
		reply.Count++
		reply.Sum += message.Value
		reply.Bytes += uint32(len(message.Body))
	}
}

func chat(s stream) error {
	for {
		message := &pb.Echo{}
		if err := s.RecvMsg(message); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := s.SendMsg(message); err != nil {
			return err
		}
	}
}
