// Command driver calls bench.v1.Bench with containerd's ttrpc or with grpc-go. One JSON object a line: commands on
// stdin, a response for each on stdout.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
)

type command struct {
	Op          string `json:"op"` // connect, run, collect or close
	Path        string `json:"path"`
	Connections int    `json:"connections"`
	load
}

func main() {
	kind := flag.String("kind", "ttrpc", "ttrpc or grpc")
	flag.Parse()
	dial, ok := map[string]func(string) (client, error){"ttrpc": dialTtrpc, "grpc": dialGrpc}[*kind]
	if !ok {
		fmt.Fprintf(os.Stderr, "driver: kind %q: expected ttrpc or grpc\n", *kind)
		os.Exit(1)
	}
	fmt.Println(`{"ready":true}`)
	d := &driver{dial: dial, next: 1}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var c command
		var answer any
		err := json.Unmarshal(lines.Bytes(), &c)
		if err == nil {
			answer, err = d.obey(&c)
		}
		if err != nil {
			answer = map[string]string{"error": err.Error()}
		}
		line, _ := json.Marshal(answer)
		fmt.Println(string(line))
	}
}

type driver struct {
	dial    func(path string) (client, error)
	clients []client
	// The first value that the next run may use: no two calls of a driver share one. Not 0, which
	// protobuf leaves out.
	next uint32
}

func (d *driver) obey(c *command) (any, error) {
	switch c.Op {
	case "connect":
		for range c.Connections {
			opened, err := d.dial(c.Path)
			if err != nil {
				return nil, err
			}
			d.clients = append(d.clients, opened)
		}
		return struct{}{}, nil
	case "run":
		return d.run(&c.load)
	case "collect":
		runtime.GC()
		return struct{}{}, nil
	case "close":
		for _, each := range d.clients {
			each.Close()
		}
		d.clients = nil
		return struct{}{}, nil
	default:
		return nil, fmt.Errorf("op %q: expected connect, run, collect or close", c.Op)
	}
}
