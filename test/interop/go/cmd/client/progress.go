package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// How long await-replies waits unless told otherwise.
const defaultWait = 10 * time.Second

// The calls that the harness gave a name, so that it can wait for their replies and cancel them.
type progress struct {
	mu      sync.Mutex
	calls   map[string]*named
	changed chan struct{} // closed and replaced at each change
}

type named struct {
	owner   *progress
	cancel  context.CancelFunc
	replies int
	over    bool
	sent    atomic.Uint64
	taken   atomic.Uint64 // replies, without a lock
}

func newProgress() *progress {
	return &progress{calls: map[string]*named{}, changed: make(chan struct{})}
}

func (p *progress) update(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	close(p.changed)
	p.changed = make(chan struct{})
}

// begin adds a call; a name may be used again once its call is over.
func (p *progress) begin(name string, cancel context.CancelFunc) (*named, error) {
	if name == "" {
		return nil, nil
	}
	begun := &named{owner: p, cancel: cancel}
	running := false
	p.update(func() {
		if present := p.calls[name]; present != nil && !present.over {
			running = true
			return
		}
		p.calls[name] = begun
	})
	if running {
		return nil, fmt.Errorf("call %q is running already", name)
	}
	return begun, nil
}

func (n *named) replied() {
	if n != nil {
		n.taken.Add(1)
		n.owner.update(func() { n.replies++ })
	}
}

// sending counts a message that the library has been given.
func (n *named) sending() {
	if n != nil {
		n.sent.Add(1)
	}
}

// counts says how many messages the call has sent and received so far.
func (p *progress) counts(name string) (sent, received uint64, err error) {
	p.mu.Lock()
	found := p.calls[name]
	p.mu.Unlock()
	if found == nil {
		return 0, 0, fmt.Errorf("call %q is not known", name)
	}
	return found.sent.Load(), found.taken.Load(), nil
}

func (n *named) end() {
	if n != nil {
		n.owner.update(func() { n.over = true })
	}
}

func (p *progress) cancel(name string) error {
	p.mu.Lock()
	found := p.calls[name]
	p.mu.Unlock()
	if found == nil {
		return fmt.Errorf("call %q is not known", name)
	}
	found.cancel()
	return nil
}

// awaitReplies returns once the call has got so many replies.
func (p *progress) awaitReplies(ctx context.Context, name string, replies int) error {
	for {
		p.mu.Lock()
		changed := p.changed
		found := p.calls[name]
		got, over := 0, false
		if found != nil {
			got, over = found.replies, found.over
		}
		p.mu.Unlock()
		if got >= replies {
			return nil
		}
		if over {
			return fmt.Errorf("call %q ended with %d replies, expected %d", name, got, replies)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("call %q has %d replies, expected %d", name, got, replies)
		}
	}
}
