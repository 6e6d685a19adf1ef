package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// At most so many events are kept; older ones are forgotten.
const maxEvents = 100_000

// An event says what happened to one call. Seq is that of its (first) request.
type event struct {
	Event  string `json:"event"` // started, finished or cancelled
	Method string `json:"method"`
	Seq    uint64 `json:"seq"`
	Code   int    `json:"code"`            // of a finished call
	Cause  string `json:"cause,omitempty"` // of a cancelled call: deadline or cancelled
}

type journal struct {
	mu      sync.Mutex
	events  []event
	running int           // calls that have started and not ended
	changed chan struct{} // closed and replaced at each event
}

func newJournal() *journal {
	return &journal{changed: make(chan struct{})}
}

func (j *journal) add(e event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.events) >= maxEvents {
		j.events = append([]event(nil), j.events[maxEvents/2:]...)
	}
	j.events = append(j.events, e)
	if e.Event == "started" {
		j.running++
	} else {
		j.running--
	}
	close(j.changed)
	j.changed = make(chan struct{})
}

// all gives the events so far and forgets them if told to.
func (j *journal) all(clear bool) []event {
	j.mu.Lock()
	defer j.mu.Unlock()
	events := append([]event{}, j.events...)
	if clear {
		j.events = nil
	}
	return events
}

// wait gives the first event of this kind, as soon as there is one.
func (j *journal) wait(ctx context.Context, kind, method string, seq uint64) (event, error) {
	for {
		j.mu.Lock()
		changed := j.changed
		for _, e := range j.events {
			if e.Event == kind && e.Method == method && e.Seq == seq {
				j.mu.Unlock()
				return e, nil
			}
		}
		j.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return event{}, fmt.Errorf("%s of %s seq %d has not happened; journal: %+v", kind, method, seq, j.all(false))
		}
	}
}

// idle waits until no call runs.
func (j *journal) idle(ctx context.Context) error {
	for {
		j.mu.Lock()
		changed, running := j.changed, j.running
		j.mu.Unlock()
		if running == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%d calls still run; journal: %+v", running, j.all(false))
		}
	}
}

// How long await-event and await-idle wait unless told otherwise.
const defaultWait = 10 * time.Second
