package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	pb "nestjs-ttrpc.test/bench/benchv1"
)

// Makes one call that carries value, and checks its response.
type caller func(ctx context.Context, over client, value uint32) error

func newCaller(l *load) (caller, error) {
	switch l.Kind {
	case "unary":
		return echoCaller("Unary", l.Bytes), nil
	case "guarded":
		return echoCaller("Guarded", l.Bytes), nil
	case "order":
		return orderCaller(l.Bytes), nil
	default:
		return nil, fmt.Errorf("kind %q: expected unary, guarded, order, download, upload or chat", l.Kind)
	}
}

func echoCaller(method string, size int) caller {
	body := newBody(size)
	return func(ctx context.Context, over client, value uint32) error {
		reply := &pb.Echo{}
		if err := over.Call(ctx, method, &pb.Echo{Value: value, Body: body}, reply); err != nil {
			return err
		}
		return checkEcho(reply, value, body)
	}
}

func newBody(size int) []byte {
	body := make([]byte, size)
	for i := range body {
		body[i] = byte(i)
	}
	return body
}

func checkEcho(reply *pb.Echo, value uint32, body []byte) error {
	if reply.Value != value || !bytes.Equal(reply.Body, body) {
		return fmt.Errorf("the response has value %d and %d bytes, expected %d and the same %d bytes", reply.Value, len(reply.Body), value, len(body))
	}
	return nil
}

// Places orders in which the customer's name is a text of size bytes, if that is not 0.
func orderCaller(size int) caller {
	name := strings.Repeat("x", size)
	return func(ctx context.Context, over client, value uint32) error {
		order, reply := newOrder(value), &pb.Order{}
		if size > 0 {
			order.Customer.Name = name
		}
		if err := over.Call(ctx, "Place", order, reply); err != nil {
			return err
		}
		if !proto.Equal(order, reply) {
			return fmt.Errorf("the response is not the order with value %d, but one of %d bytes with value %d", value, proto.Size(reply), reply.Value)
		}
		return nil
	}
}

func newOrder(value uint32) *pb.Order {
	return &pb.Order{
		Value:           value,
		CreatedAtMicros: 1_790_000_000_000_000 + int64(value),
		Priority:        pb.Priority_PRIORITY_URGENT,
		Customer: &pb.Customer{
			Name: "Ada Lovelace", Email: "ada@example.org",
			Address: &pb.Address{Street: "12 St James's Square", City: "London", Country: "GB"},
		},
		Items: []*pb.Item{
			{Sku: "engine-wheel-7", Quantity: 24, PriceCents: 1999},
			{Sku: "punch-card", Quantity: 1000, PriceCents: 2},
			{Sku: "brass-rod-12", Quantity: 12, PriceCents: 5_000_000_000},
		},
		Labels:    map[string]string{"channel": "letter", "region": "europe", "batch": "1843-09"},
		Weights:   []int32{12, -5, 30000, 7},
		Gift:      true,
		Discount:  0.125,
		Signature: newBody(32),
	}
}
