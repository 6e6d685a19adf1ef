// Package lines is the control channel of a peer program: one JSON object a line, commands in, answers out.
package lines

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
)

// Command is one line from the harness. Its answer carries the same id.
type Command struct {
	ID  uint64 `json:"id"`
	Op  string `json:"op"`
	raw []byte
}

// Into reads the rest of the command's fields.
func (c *Command) Into(fields any) error {
	return json.Unmarshal(c.raw, fields)
}

// Handler carries out one command and gives the fields of its answer; nil for none.
type Handler func(command *Command) (any, error)

// Writer writes one JSON object a line; safe for concurrent use.
type Writer struct {
	mu sync.Mutex
	to io.Writer
}

// Out writes to stdout.
var Out = &Writer{to: os.Stdout}

// Write sends one object.
func (w *Writer) Write(value any) error {
	line, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err = w.to.Write(append(line, '\n'))
	return err
}

// Serve reads commands from stdin until it ends. Each runs in a goroutine of its own, so answers may change places.
func Serve(handle Handler) error {
	reader := bufio.NewReader(os.Stdin)
	for {
		line, err := reader.ReadBytes('\n')
		if len(line) > 1 {
			command := &Command{raw: line}
			if err := json.Unmarshal(line, command); err != nil {
				return fmt.Errorf("a command that is not JSON: %w", err)
			}
			go answer(command, handle)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func answer(command *Command, handle Handler) {
	result, err := handle(command)
	// One level only: the result's fields stand beside the id.
	fields := map[string]any{}
	if err == nil && result != nil {
		var encoded []byte
		if encoded, err = json.Marshal(result); err == nil {
			err = json.Unmarshal(encoded, &fields)
		}
	}
	if err != nil {
		fields = map[string]any{"error": err.Error()}
	}
	fields["id"] = command.ID
	if err := Out.Write(fields); err != nil {
		fmt.Fprintln(os.Stderr, "cannot answer:", err)
		os.Exit(1)
	}
}
