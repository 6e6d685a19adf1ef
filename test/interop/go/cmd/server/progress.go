package main

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// Messages of one call so far: given to the library, and taken from it.
type counts struct {
	sent     atomic.Uint64
	received atomic.Uint64
}

// The calls that run, by method and seq.
type running struct {
	mu    sync.Mutex
	calls map[callKey]*call
}

type callKey struct {
	method string
	seq    uint64
}

func (r *running) add(c *call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.calls == nil {
		r.calls = map[callKey]*call{}
	}
	r.calls[callKey{c.method, c.seq}] = c
}

func (r *running) remove(c *call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := callKey{c.method, c.seq}
	if r.calls[key] == c {
		delete(r.calls, key)
	}
}

func (r *running) find(method string, seq uint64) (*call, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if found := r.calls[callKey{method, seq}]; found != nil {
		return found, nil
	}
	return nil, fmt.Errorf("no call of %s with seq %d runs", method, seq)
}
