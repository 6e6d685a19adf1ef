// Command client makes calls with containerd's ttrpc as the harness tells it on stdin (see ../../../README.md).
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"nestjs-ttrpc.test/interop/internal/lines"
)

func main() {
	d := &driver{
		connections: connections{open: map[string]*connection{}},
		progress:    newProgress(),
	}
	if err := lines.Out.Write(map[string]any{"ready": true}); err != nil {
		os.Exit(1)
	}
	if err := lines.Serve(d.obey); err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}

type driver struct {
	connections connections
	progress    *progress
}

func (d *driver) obey(command *lines.Command) (any, error) {
	switch command.Op {
	case "connect":
		var fields struct{ Connection, Address string }
		if err := command.Into(&fields); err != nil {
			return nil, err
		}
		return nil, d.connections.connect(fields.Connection, fields.Address)
	case "close", "half-close":
		var fields struct{ Connection string }
		if err := command.Into(&fields); err != nil {
			return nil, err
		}
		if command.Op == "close" {
			return nil, d.connections.close(fields.Connection)
		}
		return nil, d.connections.halfClose(fields.Connection)
	case "cancel":
		var fields struct{ Call string }
		if err := command.Into(&fields); err != nil {
			return nil, err
		}
		return nil, d.progress.cancel(fields.Call)
	case "await-replies":
		var fields struct {
			Call      string
			Count     int
			TimeoutMs int64
		}
		if err := command.Into(&fields); err != nil {
			return nil, err
		}
		limit := defaultWait
		if fields.TimeoutMs > 0 {
			limit = time.Duration(fields.TimeoutMs) * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		return nil, d.progress.awaitReplies(ctx, fields.Call, fields.Count)
	case "progress":
		var fields struct{ Call string }
		if err := command.Into(&fields); err != nil {
			return nil, err
		}
		sent, received, err := d.progress.counts(fields.Call)
		return map[string]any{"sent": sent, "received": received}, err
	case "burst":
		spec := &burstSpec{}
		if err := command.Into(spec); err != nil {
			return nil, err
		}
		found, err := d.connections.get(spec.Connection)
		if err != nil {
			return nil, err
		}
		return burst(spec, found.client), nil
	case "test-service":
		return d.testService(command)
	default:
		return d.call(command)
	}
}

func (d *driver) call(command *lines.Command) (any, error) {
	spec := &callSpec{}
	if err := command.Into(spec); err != nil {
		return nil, err
	}
	found, err := d.connections.get(spec.Connection)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	named, err := d.progress.begin(spec.Call, cancel)
	if err != nil {
		return nil, err
	}
	defer named.end()
	return run(ctx, command.Op, spec, found.client, named)
}
