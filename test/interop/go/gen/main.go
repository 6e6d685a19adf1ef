// Command gen makes the Go code of the repository's .proto files for peers without a protoc binary: run `go run .` in
// this folder, or `go run . -check` to see whether the committed files are up to date.
// It is a module of its own, so that building the peers needs none of its dependencies.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"google.golang.org/protobuf/cmd/protoc-gen-go/internal_gengo"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

var files = []struct{ folder, source, target string }{
	{"../../proto", "interop.proto", "../interopv1/interop.pb.go"},
	{"../../proto", "test_service.proto", "../grpctesting/test_service.pb.go"},
	{"../../../../bench/proto", "bench.proto", "../../../../bench/go/benchv1/bench.pb.go"},
}

func main() {
	check := flag.Bool("check", false, "compare with the committed files instead of writing them")
	flag.Parse()
	for _, file := range files {
		if err := run(*check, file.folder, file.source, file.target); err != nil {
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1)
		}
	}
}

func run(check bool, folder, source, target string) error {
	made, err := generate(folder, source)
	if err != nil {
		return err
	}
	if !check {
		return os.WriteFile(target, made, 0o644)
	}
	present, err := os.ReadFile(target)
	if err != nil {
		return err
	}
	if !bytes.Equal(made, present) {
		return fmt.Errorf("%s is not what %s gives: run `go run .` in test/interop/go/gen", target, source)
	}
	return nil
}

func generate(folder, source string) ([]byte, error) {
	compiler := protocompile.Compiler{
		Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{
			ImportPaths: []string{folder},
		}),
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	files, err := compiler.Compile(context.Background(), source)
	if err != nil {
		return nil, err
	}
	request := &pluginpb.CodeGeneratorRequest{
		FileToGenerate: []string{source},
		Parameter:      proto.String("paths=source_relative"),
	}
	seen := map[string]bool{}
	for _, file := range files {
		addWithImports(file, seen, &request.ProtoFile)
	}
	plugin, err := protogen.Options{}.New(request)
	if err != nil {
		return nil, err
	}
	for _, file := range plugin.Files {
		if file.Generate {
			internal_gengo.GenerateFile(plugin, file)
		}
	}
	response := plugin.Response()
	if response.Error != nil {
		return nil, fmt.Errorf("%s", response.GetError())
	}
	if len(response.File) != 1 {
		return nil, fmt.Errorf("expected one generated file, got %d", len(response.File))
	}
	return []byte(response.File[0].GetContent()), nil
}

// A plugin wants each file behind the ones that it imports.
func addWithImports(file protoreflect.FileDescriptor, seen map[string]bool, into *[]*descriptorpb.FileDescriptorProto) {
	if seen[file.Path()] {
		return
	}
	seen[file.Path()] = true
	imports := file.Imports()
	for i := range imports.Len() {
		addWithImports(imports.Get(i).FileDescriptor, seen, into)
	}
	if result, ok := file.(linker.Result); ok {
		*into = append(*into, result.FileDescriptorProto())
		return
	}
	*into = append(*into, protodesc.ToFileDescriptorProto(file))
}
