package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/containerd/ttrpc"

	"nestjs-ttrpc.test/interop/internal/address"
)

// The connections that the harness opened, by the names it gave them.
type connections struct {
	mu   sync.Mutex
	open map[string]*connection
}

type connection struct {
	socket net.Conn
	client *ttrpc.Client
}

func (c *connections) connect(name, url string) error {
	network, where, err := address.Parse(url)
	if err != nil {
		return err
	}
	socket, err := net.Dial(network, where)
	if err != nil {
		return err
	}
	opened := &connection{socket: socket, client: ttrpc.NewClient(socket, ttrpc.WithUnaryClientInterceptor(wireTimeout))}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, taken := c.open[name]; taken {
		opened.client.Close()
		return fmt.Errorf("connection %q is open already", name)
	}
	c.open[name] = opened
	return nil
}

func (c *connections) get(name string) (*connection, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.open[name]
	if !ok {
		return nil, fmt.Errorf("connection %q is not open", name)
	}
	return found, nil
}

func (c *connections) close(name string) error {
	found, err := c.get(name)
	if err != nil {
		return err
	}
	c.mu.Lock()
	delete(c.open, name)
	c.mu.Unlock()
	return found.client.Close()
}

func (c *connections) halfClose(name string) error {
	found, err := c.get(name)
	if err != nil {
		return err
	}
	half, ok := found.socket.(interface{ CloseWrite() error })
	if !ok {
		return fmt.Errorf("%T cannot be closed by half", found.socket)
	}
	return half.CloseWrite()
}

type wireTimeoutKey struct{}

// withWireTimeout makes the calls of ctx carry a timeout that the client does not keep itself.
func withWireTimeout(ctx context.Context, ms int64) context.Context {
	return context.WithValue(ctx, wireTimeoutKey{}, time.Duration(ms)*time.Millisecond)
}

func wireTimeout(ctx context.Context, request *ttrpc.Request, response *ttrpc.Response, _ *ttrpc.UnaryClientInfo, next ttrpc.Invoker) error {
	if timeout, ok := ctx.Value(wireTimeoutKey{}).(time.Duration); ok {
		request.TimeoutNano = timeout.Nanoseconds()
	}
	return next(ctx, request, response)
}
