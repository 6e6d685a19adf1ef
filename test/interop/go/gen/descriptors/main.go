// Command descriptors writes the FileDescriptorSet of .proto files, imports first, with source positions left out:
// `go run ./descriptors -I folder -o set.binpb file.proto …`, in test/interop/go/gen.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

func main() {
	folder := flag.String("I", ".", "the folder that the files are in")
	target := flag.String("o", "", "the file to write")
	flag.Parse()
	if err := run(*folder, *target, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "descriptors:", err)
		os.Exit(1)
	}
}

func run(folder, target string, names []string) error {
	compiler := protocompile.Compiler{
		Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{ImportPaths: []string{folder}}),
	}
	files, err := compiler.Compile(context.Background(), names...)
	if err != nil {
		return err
	}
	set := &descriptorpb.FileDescriptorSet{}
	seen := map[string]bool{}
	for _, file := range files {
		add(file, seen, set)
	}
	made, err := proto.MarshalOptions{Deterministic: true}.Marshal(set)
	if err != nil {
		return err
	}
	return os.WriteFile(target, made, 0o644)
}

func add(file protoreflect.FileDescriptor, seen map[string]bool, into *descriptorpb.FileDescriptorSet) {
	if seen[file.Path()] {
		return
	}
	seen[file.Path()] = true
	imports := file.Imports()
	for i := range imports.Len() {
		add(imports.Get(i).FileDescriptor, seen, into)
	}
	if result, ok := file.(linker.Result); ok {
		into.File = append(into.File, result.FileDescriptorProto())
		return
	}
	into.File = append(into.File, protodesc.ToFileDescriptorProto(file))
}
