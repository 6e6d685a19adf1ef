package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
)

// A listener that knows its open connections, so that the harness can end them without the library's help.
type listener struct {
	net.Listener

	mu       sync.Mutex
	accepted int
	open     map[*connection]struct{}
	closed   chan struct{} // closed and replaced whenever a connection ends
}

func newListener(bound net.Listener) *listener {
	return &listener{Listener: bound, open: map[*connection]struct{}{}, closed: make(chan struct{})}
}

type connection struct {
	net.Conn
	owner *listener
}

func (l *listener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &connection{Conn: accepted, owner: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.accepted++
	l.open[c] = struct{}{}
	return c, nil
}

func (c *connection) Close() error {
	c.owner.mu.Lock()
	delete(c.owner.open, c)
	close(c.owner.closed)
	c.owner.closed = make(chan struct{})
	c.owner.mu.Unlock()
	return c.Conn.Close()
}

// drop ends the connection both ways below the library, which reads the end and closes. (A connection that is closed
// below it is no end for it: it waits for ever then.)
func (c *connection) drop() error {
	both, ok := c.Conn.(interface {
		CloseRead() error
		CloseWrite() error
	})
	if !ok {
		return fmt.Errorf("%T cannot be closed by half", c.Conn)
	}
	return errors.Join(unlessGone(both.CloseWrite()), unlessGone(both.CloseRead()))
}

// halfClose ends the sending side below the library.
func (c *connection) halfClose() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return fmt.Errorf("%T cannot be closed by half", c.Conn)
	}
	return unlessGone(half.CloseWrite())
}

// unlessGone forgives that the connection has ended meanwhile: the peer may have been faster.
func unlessGone(err error) error {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ENOTCONN) {
		return nil
	}
	return err
}

// connections gives the open ones and how many were accepted so far.
func (l *listener) connections() (open []*connection, accepted int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		open = append(open, c)
	}
	return open, l.accepted
}

// idle waits until no connection is open.
func (l *listener) idle(ctx context.Context) error {
	for {
		l.mu.Lock()
		closed, open := l.closed, len(l.open)
		l.mu.Unlock()
		if open == 0 {
			return nil
		}
		select {
		case <-closed:
		case <-ctx.Done():
			return fmt.Errorf("%d connections are still open", open)
		}
	}
}
