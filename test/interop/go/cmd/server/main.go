// Command server serves interop.v1.Interop and grpc.testing.TestService with containerd's ttrpc and obeys the harness on stdin (see ../../../README.md).
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/containerd/ttrpc"

	"nestjs-ttrpc.test/interop/internal/address"
	"nestjs-ttrpc.test/interop/internal/lines"
)

func main() {
	addr := flag.String("addr", "", "where to listen: unix:///path or tcp://host:port")
	journal := flag.Bool("journal", true, "record the beginning and end of each call")
	flag.Parse()
	if err := run(*addr, *journal); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

func run(url string, journal bool) error {
	network, where, err := address.Parse(url)
	if err != nil {
		return err
	}
	bound, err := net.Listen(network, where)
	if err != nil {
		return err
	}
	l := newListener(bound)
	server, err := ttrpc.NewServer()
	if err != nil {
		return err
	}
	interop := &service{}
	if journal {
		interop.journal = newJournal()
	}
	server.RegisterService("interop.v1.Interop", interop.description())
	server.RegisterService("grpc.testing.TestService", testService{interop}.description())
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(context.Background(), l) }()

	if network == "tcp" {
		where = bound.Addr().String()
	}
	if err := lines.Out.Write(map[string]any{"ready": true, "address": network + "://" + where}); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() {
		ended <- lines.Serve(func(c *lines.Command) (any, error) { return obey(c, l, interop, server) })
	}()
	select {
	case err = <-ended:
	case err = <-failed:
		if err == ttrpc.ErrServerClosed {
			// Told to shut down: the command's answer is still to be written, then stdin ends.
			err = <-ended
		}
	}
	server.Close()
	return err
}

func obey(command *lines.Command, l *listener, interop *service, server *ttrpc.Server) (any, error) {
	switch command.Op {
	case "drop-connections":
		open, _ := l.connections()
		for _, c := range open {
			if err := c.drop(); err != nil {
				return nil, err
			}
		}
		return map[string]any{"dropped": len(open)}, nil
	case "half-close":
		open, _ := l.connections()
		for _, c := range open {
			if err := c.halfClose(); err != nil {
				return nil, err
			}
		}
		return map[string]any{"halfClosed": len(open)}, nil
	case "connections":
		open, accepted := l.connections()
		return map[string]any{"open": len(open), "accepted": accepted}, nil
	case "events":
		var fields struct{ Clear bool }
		if err := command.Into(&fields); err != nil {
			return nil, err
		}
		if interop.journal == nil {
			return nil, fmt.Errorf("started with -journal=false")
		}
		return map[string]any{"events": interop.journal.all(fields.Clear)}, nil
	case "await-event":
		var fields struct {
			Event, Method string
			Seq           uint64
			TimeoutMs     int64
		}
		if err := command.Into(&fields); err != nil {
			return nil, err
		}
		if interop.journal == nil {
			return nil, fmt.Errorf("started with -journal=false")
		}
		ctx, cancel := limited(fields.TimeoutMs)
		defer cancel()
		happened, err := interop.journal.wait(ctx, fields.Event, fields.Method, fields.Seq)
		return map[string]any{"event": happened}, err
	case "progress":
		var fields struct {
			Method string
			Seq    uint64
		}
		if err := command.Into(&fields); err != nil {
			return nil, err
		}
		found, err := interop.running.find(fields.Method, fields.Seq)
		if err != nil {
			return nil, err
		}
		return map[string]any{"sent": found.counts.sent.Load(), "received": found.counts.received.Load()}, nil
	case "await-idle":
		var fields struct{ TimeoutMs int64 }
		if err := command.Into(&fields); err != nil {
			return nil, err
		}
		ctx, cancel := limited(fields.TimeoutMs)
		defer cancel()
		if err := l.idle(ctx); err != nil {
			return nil, err
		}
		if interop.journal == nil {
			return nil, nil
		}
		return nil, interop.journal.idle(ctx)
	case "shutdown":
		return nil, server.Close()
	default:
		return nil, fmt.Errorf("unknown command %q", command.Op)
	}
}

func limited(timeoutMs int64) (context.Context, context.CancelFunc) {
	limit := defaultWait
	if timeoutMs > 0 {
		limit = time.Duration(timeoutMs) * time.Millisecond
	}
	return context.WithTimeout(context.Background(), limit)
}
