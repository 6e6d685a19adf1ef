// Command agent serves and calls the services of .proto files that it reads as they are, without generated code: a stub of
// an agent, such as kata's. Each rpc of the stub expects a message with every field set and responds with one; the op
// "respond" makes it respond with something else.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/bufbuild/protocompile"
	"github.com/containerd/ttrpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"nestjs-ttrpc.test/interop/internal/address"
	"nestjs-ttrpc.test/interop/internal/lines"
)

type stub struct {
	methods map[string]protoreflect.MethodDescriptor
	mu      sync.Mutex
	scripts map[string]script
	seen    map[string]received
}

// What a method does in place of comparing: respond so, fail so, or wait until the call is over.
type script struct {
	Response json.RawMessage `json:"response"`
	Code     uint32          `json:"code"`
	Message  string          `json:"message"`
	Wait     bool            `json:"wait"`
}

type received struct {
	Request  json.RawMessage     `json:"request"`
	Metadata map[string][]string `json:"metadata"`
	// How the context of a call that waited ended.
	Ended string `json:"ended"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "agent:", err)
		os.Exit(1)
	}
}

func run() error {
	protos := flag.String("protos", "", "the folders of the .proto files, between commas")
	files := flag.String("files", "", "the files, between commas")
	addr := flag.String("addr", "", "where the stub serves")
	flag.Parse()
	compiler := protocompile.Compiler{
		Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{ImportPaths: strings.Split(*protos, ",")}),
	}
	compiled, err := compiler.Compile(context.Background(), strings.Split(*files, ",")...)
	if err != nil {
		return err
	}
	s := &stub{
		methods: map[string]protoreflect.MethodDescriptor{},
		scripts: map[string]script{},
		seen:    map[string]received{},
	}
	server, err := ttrpc.NewServer()
	if err != nil {
		return err
	}
	for _, file := range compiled {
		for i := range file.Services().Len() {
			s.register(server, file.Services().Get(i))
		}
	}
	network, where, err := address.Parse(*addr)
	if err != nil {
		return err
	}
	listener, err := net.Listen(network, where)
	if err != nil {
		return err
	}
	go server.Serve(context.Background(), listener)
	if err := lines.Out.Write(map[string]any{"ready": true}); err != nil {
		return err
	}
	err = lines.Serve(s.handle)
	return errors.Join(err, server.Close())
}

func (s *stub) register(server *ttrpc.Server, service protoreflect.ServiceDescriptor) {
	desc := &ttrpc.ServiceDesc{Methods: map[string]ttrpc.Method{}}
	for i := range service.Methods().Len() {
		method := service.Methods().Get(i)
		key := fmt.Sprintf("%s/%s", service.FullName(), method.Name())
		s.methods[key] = method
		desc.Methods[string(method.Name())] = func(ctx context.Context, unmarshal func(any) error) (any, error) {
			request := dynamicpb.NewMessage(method.Input())
			if err := unmarshal(request); err != nil {
				return nil, err
			}
			return s.respond(ctx, key, method, request)
		}
	}
	server.RegisterService(string(service.FullName()), desc)
}

func (s *stub) respond(ctx context.Context, key string, method protoreflect.MethodDescriptor, request proto.Message) (any, error) {
	asJSON, err := toJSON(request)
	if err != nil {
		return nil, err
	}
	metadata, _ := ttrpc.GetMetadata(ctx)
	s.note(key, received{Request: asJSON, Metadata: metadata})
	s.mu.Lock()
	scripted, ok := s.scripts[key]
	s.mu.Unlock()
	response := dynamicpb.NewMessage(method.Output())
	switch {
	case !ok:
		if wanted := sample(method.Input()); !proto.Equal(request, wanted) {
			wantedJSON, _ := toJSON(wanted)
			return nil, status.Errorf(codes.InvalidArgument, "got %s, expected %s", asJSON, wantedJSON)
		}
		return sample(method.Output()), nil
	case scripted.Wait:
		<-ctx.Done()
		s.note(key, received{Request: asJSON, Metadata: metadata, Ended: ctx.Err().Error()})
		return nil, ctx.Err()
	case scripted.Code != 0:
		return nil, status.Error(codes.Code(scripted.Code), scripted.Message)
	}
	return response, protojson.Unmarshal(scripted.Response, response)
}

func (s *stub) note(key string, what received) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[key] = what
}

type fields struct {
	Method    string          `json:"method"`
	Addr      string          `json:"addr"`
	Request   json.RawMessage `json:"request"`
	TimeoutMS int             `json:"timeoutMs"`
	Metadata  ttrpc.MD        `json:"metadata"`
	script
}

func (s *stub) handle(command *lines.Command) (any, error) {
	var given fields
	if err := command.Into(&given); err != nil {
		return nil, err
	}
	method, ok := s.methods[given.Method]
	if !ok && command.Op != "samples" {
		return nil, fmt.Errorf("no method %q", given.Method)
	}
	switch command.Op {
	case "samples":
		return s.samples()
	case "respond":
		s.mu.Lock()
		defer s.mu.Unlock()
		s.scripts[given.Method] = given.script
		return nil, nil
	case "seen":
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.seen[given.Method], nil
	case "call":
		return call(method, given)
	}
	return nil, fmt.Errorf("unknown op %q", command.Op)
}

// What each method expects, and what it responds with.
func (s *stub) samples() (any, error) {
	type pair struct {
		Request  json.RawMessage `json:"request"`
		Response json.RawMessage `json:"response"`
	}
	all := map[string]pair{}
	for key, method := range s.methods {
		request, err := toJSON(sample(method.Input()))
		if err != nil {
			return nil, err
		}
		response, err := toJSON(sample(method.Output()))
		if err != nil {
			return nil, err
		}
		all[key] = pair{request, response}
	}
	return map[string]any{"samples": all}, nil
}

// Calls as a client, with the given request or the sample. A status is a result, not an error.
func call(method protoreflect.MethodDescriptor, given fields) (any, error) {
	network, where, err := address.Parse(given.Addr)
	if err != nil {
		return nil, err
	}
	socket, err := net.Dial(network, where)
	if err != nil {
		return nil, err
	}
	client := ttrpc.NewClient(socket)
	defer client.Close()
	var request proto.Message = sample(method.Input())
	if given.Request != nil {
		request = dynamicpb.NewMessage(method.Input())
		if err := protojson.Unmarshal(given.Request, request); err != nil {
			return nil, err
		}
	}
	ctx := context.Background()
	if given.Metadata != nil {
		ctx = ttrpc.WithMetadata(ctx, given.Metadata)
	}
	if given.TimeoutMS > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(given.TimeoutMS)*time.Millisecond)
		defer cancel()
	}
	response := dynamicpb.NewMessage(method.Output())
	service := string(method.Parent().FullName())
	if err := client.Call(ctx, service, string(method.Name()), request, response); err != nil {
		failed := status.Convert(err)
		if ctx.Err() != nil {
			failed = status.FromContextError(ctx.Err())
		}
		return map[string]any{"code": failed.Code(), "message": failed.Message()}, nil
	}
	asJSON, err := toJSON(response)
	if err != nil {
		return nil, err
	}
	return map[string]any{"response": asJSON, "same": proto.Equal(response, sample(method.Output()))}, nil
}

func toJSON(message proto.Message) (json.RawMessage, error) {
	return protojson.MarshalOptions{UseProtoNames: true}.Marshal(message)
}
