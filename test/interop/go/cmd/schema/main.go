// Command schema encodes and decodes messages with google.golang.org/protobuf as the harness tells it on stdin (see
// ../../../README.md): what other codecs write is compared with what it says.
package main

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"nestjs-ttrpc.test/interop/internal/lines"
)

func main() {
	c := &codec{}
	if err := lines.Out.Write(map[string]any{"ready": true}); err != nil {
		os.Exit(1)
	}
	if err := lines.Serve(c.obey); err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
}

type codec struct {
	mu    sync.Mutex
	types *dynamicpb.Types
}

// One message: as ProtoJSON, as bytes, or both.
type item struct {
	Type  string `json:"type"`
	JSON  string `json:"json"`
	Bytes []byte `json:"bytes"`
}

// What Go makes of it, in the order of field numbers and map keys; base64 in JSON.
type made struct {
	FromJSON  []byte `json:"fromJson"`
	FromBytes []byte `json:"fromBytes"`
	Error     string `json:"error,omitempty"`
}

func (c *codec) obey(command *lines.Command) (any, error) {
	switch command.Op {
	case "load":
		var fields struct {
			Set []byte `json:"set"`
		}
		if err := command.Into(&fields); err != nil {
			return nil, err
		}
		return nil, c.load(fields.Set)
	case "encode":
		var fields struct {
			Items []item `json:"items"`
		}
		if err := command.Into(&fields); err != nil {
			return nil, err
		}
		results := make([]made, len(fields.Items))
		for i, each := range fields.Items {
			results[i] = c.encode(each)
		}
		return map[string]any{"results": results}, nil
	}
	return nil, fmt.Errorf("unknown op %q", command.Op)
}

func (c *codec) load(set []byte) error {
	parsed := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(set, parsed); err != nil {
		return err
	}
	files, err := protodesc.NewFiles(parsed)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.types = dynamicpb.NewTypes(files)
	return nil
}

func (c *codec) encode(each item) made {
	result, err := c.tryEncode(each)
	if err != nil {
		result.Error = err.Error()
	}
	return result
}

func (c *codec) tryEncode(each item) (result made, err error) {
	c.mu.Lock()
	types := c.types
	c.mu.Unlock()
	if types == nil {
		return result, errors.New("no set is loaded")
	}
	if each.JSON != "" {
		message, err := newMessage(types, each.Type)
		if err != nil {
			return result, err
		}
		if err := (protojson.UnmarshalOptions{Resolver: types, AllowPartial: true}).Unmarshal([]byte(each.JSON), message); err != nil {
			return result, err
		}
		if result.FromJSON, err = marshal(message); err != nil {
			return result, err
		}
	}
	if each.Bytes != nil {
		message, err := newMessage(types, each.Type)
		if err != nil {
			return result, err
		}
		if err := (proto.UnmarshalOptions{Resolver: types, AllowPartial: true}).Unmarshal(each.Bytes, message); err != nil {
			return result, err
		}
		if result.FromBytes, err = marshal(message); err != nil {
			return result, err
		}
	}
	return result, nil
}

func newMessage(types *dynamicpb.Types, name string) (proto.Message, error) {
	found, err := types.FindMessageByURL(name)
	if errors.Is(err, protoregistry.NotFound) {
		return nil, fmt.Errorf("no message type %q", name)
	}
	if err != nil {
		return nil, err
	}
	return found.New().Interface(), nil
}

func marshal(message proto.Message) ([]byte, error) {
	bytes, err := proto.MarshalOptions{Deterministic: true, AllowPartial: true}.Marshal(message)
	if err == nil && bytes == nil {
		// An empty message is no missing one.
		bytes = []byte{}
	}
	return bytes, err
}
