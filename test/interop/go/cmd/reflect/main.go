// Command reflect asks a ttrpc server for its services by server reflection, fetches the files of each, and links them
// with google.golang.org/protobuf: `reflect -socket path -version v1`. It writes one JSON object: each service with its
// rpcs, as Go sees them.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"

	"github.com/containerd/ttrpc"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Field numbers of grpc.reflection.v1.
const (
	fileContainingSymbol = 4
	listServices         = 7

	fileDescriptorResponse = 4
	listServicesResponse   = 6
	errorResponse          = 7
)

func main() {
	socket := flag.String("socket", "", "the path of the server's socket")
	version := flag.String("version", "v1", "v1 or v1alpha")
	flag.Parse()
	if err := run(*socket, *version); err != nil {
		fmt.Fprintln(os.Stderr, "reflect:", err)
		os.Exit(1)
	}
}

func run(socket, version string) error {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	client := ttrpc.NewClient(conn)
	defer client.Close()
	desc := &ttrpc.StreamDesc{StreamingClient: true, StreamingServer: true}
	service := "grpc.reflection." + version + ".ServerReflection"
	stream, err := client.NewStream(context.Background(), desc, service, "ServerReflectionInfo", nil)
	if err != nil {
		return err
	}
	listed, err := ask(stream, listServices, "*", listServicesResponse)
	if err != nil {
		return err
	}
	set := &descriptorpb.FileDescriptorSet{}
	var names []string
	for _, each := range repeated(listed, 1) {
		name := string(repeated(each, 1)[0])
		names = append(names, name)
		files, err := ask(stream, fileContainingSymbol, name, fileDescriptorResponse)
		if err != nil {
			return err
		}
		if err := take(set, repeated(files, 1)); err != nil {
			return err
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	linked, err := protodesc.NewFiles(set)
	if err != nil {
		return err
	}
	rpcs := map[string][]string{}
	for _, name := range names {
		found, err := linked.FindDescriptorByName(protoreflect.FullName(name))
		if err != nil {
			return err
		}
		methods := found.(protoreflect.ServiceDescriptor).Methods()
		for i := range methods.Len() {
			m := methods.Get(i)
			rpcs[name] = append(rpcs[name], fmt.Sprintf("%s(%s) %s", m.Name(), m.Input().FullName(), m.Output().FullName()))
		}
	}
	return json.NewEncoder(os.Stdout).Encode(rpcs)
}

// ask sends one request and returns the member of the response that was expected.
func ask(stream ttrpc.ClientStream, field protowire.Number, value string, expected protowire.Number) ([]byte, error) {
	// A message without known fields carries any bytes.
	request := &emptypb.Empty{}
	raw := protowire.AppendString(protowire.AppendTag(nil, field, protowire.BytesType), value)
	request.ProtoReflect().SetUnknown(raw)
	if err := stream.SendMsg(request); err != nil {
		return nil, err
	}
	response := &emptypb.Empty{}
	if err := stream.RecvMsg(response); err != nil {
		return nil, err
	}
	got := response.ProtoReflect().GetUnknown()
	if failed := repeated(got, errorResponse); len(failed) > 0 {
		return nil, fmt.Errorf("%s: %q", value, failed[0])
	}
	found := repeated(got, expected)
	if len(found) != 1 {
		return nil, fmt.Errorf("%s: expected one field %d, got %d", value, expected, len(found))
	}
	return found[0], nil
}

// take adds the files that are not known yet.
func take(set *descriptorpb.FileDescriptorSet, files [][]byte) error {
	for _, each := range files {
		file := &descriptorpb.FileDescriptorProto{}
		if err := proto.Unmarshal(each, file); err != nil {
			return err
		}
		known := false
		for _, other := range set.File {
			known = known || other.GetName() == file.GetName()
		}
		if !known {
			set.File = append(set.File, file)
		}
	}
	return nil
}

// repeated returns the length-delimited values of a field.
func repeated(message []byte, field protowire.Number) [][]byte {
	var values [][]byte
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return values
		}
		message = message[n:]
		size := protowire.ConsumeFieldValue(number, kind, message)
		if size < 0 {
			return values
		}
		if number == field && kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(message)
			values = append(values, value)
		}
		message = message[size:]
	}
	return values
}
