// A ttrpc server and client with containerd's otelttrpc, as a link of the chain in test/interop/otel: it serves
// chain.v1.Chain/Relay, calls the next link where there is one, and prints each span that ends as a line of JSON.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"sync"

	"github.com/containerd/otelttrpc"
	"github.com/containerd/ttrpc"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const service = "chain.v1.Chain"

// printer is an exporter that writes spans to standard output.
type printer struct{ mu sync.Mutex }

func (p *printer) ExportSpans(_ context.Context, spans []trace.ReadOnlySpan) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, span := range spans {
		attributes := map[string]any{}
		for _, each := range span.Attributes() {
			attributes[string(each.Key)] = each.Value.AsInterface()
		}
		line, err := json.Marshal(map[string]any{
			"name":       span.Name(),
			"kind":       span.SpanKind().String(),
			"traceId":    span.SpanContext().TraceID().String(),
			"spanId":     span.SpanContext().SpanID().String(),
			"parentId":   span.Parent().SpanID().String(),
			"status":     span.Status().Code.String(),
			"attributes": attributes,
		})
		if err != nil {
			return err
		}
		fmt.Println(string(line))
	}
	return nil
}

func (p *printer) Shutdown(context.Context) error { return nil }

// relay calls the next link.
func relay(ctx context.Context, path, text string) (string, error) {
	conn, err := net.Dial("unix", path)
	if err != nil {
		return "", err
	}
	client := ttrpc.NewClient(conn, ttrpc.WithUnaryClientInterceptor(otelttrpc.UnaryClientInterceptor()))
	defer client.Close()
	var response wrapperspb.StringValue
	err = client.Call(ctx, service, "Relay", wrapperspb.String(text), &response)
	return response.GetValue(), err
}

func main() {
	listen := flag.String("listen", "", "path of the socket to serve")
	next := flag.String("next", "", "path of the socket of the next link")
	call := flag.String("call", "", "text of one call to the next link, instead of serving")
	flag.Parse()

	otel.SetTextMapPropagator(propagation.TraceContext{})
	otel.SetTracerProvider(trace.NewTracerProvider(trace.WithSyncer(&printer{})))
	if *call != "" {
		if _, err := relay(context.Background(), *next, *call); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}

	server, err := ttrpc.NewServer(ttrpc.WithUnaryServerInterceptor(otelttrpc.UnaryServerInterceptor()))
	if err != nil {
		panic(err)
	}
	server.RegisterService(service, &ttrpc.ServiceDesc{Methods: map[string]ttrpc.Method{
		"Relay": func(ctx context.Context, unmarshal func(any) error) (any, error) {
			var request wrapperspb.StringValue
			if err := unmarshal(&request); err != nil {
				return nil, err
			}
			if request.GetValue() == "fail" {
				return nil, status.Error(codes.NotFound, "not here")
			}
			text, err := relay(ctx, *next, request.GetValue())
			if err != nil {
				return nil, err
			}
			return wrapperspb.String("go " + text), nil
		},
	}})
	listener, err := net.Listen("unix", *listen)
	if err != nil {
		panic(err)
	}
	fmt.Println(`{"ready":true}`)
	if err := server.Serve(context.Background(), listener); err != nil {
		panic(err)
	}
}
