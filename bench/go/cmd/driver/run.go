package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"time"
)

// One measurement. Bytes is the size of each body.
type load struct {
	Kind       string `json:"kind"` // unary, guarded, order, download, upload or chat
	Bytes      int    `json:"bytes"`
	InFlight   int    `json:"inFlight"` // calls at once; for chat messages that are not answered yet
	Calls      int    `json:"calls"`    // calls, or messages of one stream
	Metadata   bool   `json:"metadata"`
	Pairs      int    `json:"pairs"` // metadata entries beside those
	DeadlineMs int    `json:"deadlineMs"`
	// Calls a second of a plan, from whose starts their latencies count; 0: each call starts when another one has ended.
	Rate float64 `json:"rate"`
}

type result struct {
	Calls     int     `json:"calls"`
	ElapsedUs float64 `json:"elapsedUs"`
	CPUUs     float64 `json:"cpuUs"` // user and system time of this process
	P50Us     float64 `json:"p50Us"` // 0 where single messages have no response
	P99Us     float64 `json:"p99Us"`
}

func (d *driver) run(l *load) (any, error) {
	first := d.next
	d.next += uint32(l.Calls)
	var latencies []time.Duration
	var err error
	if l.Kind == "unary" || l.Kind == "guarded" || l.Kind == "order" || l.Kind == "chat" {
		latencies = make([]time.Duration, l.Calls)
	}
	cpu, start := cpuTime(), time.Now()
	switch l.Kind {
	case "download":
		err = d.download(l, first)
	case "upload":
		err = d.upload(l, first)
	case "chat":
		err = d.chat(l, first, latencies)
	default:
		err = d.unary(l, first, latencies)
	}
	elapsed, used := time.Since(start), cpuTime()-cpu
	if err != nil {
		return nil, err
	}
	made := &result{Calls: l.Calls, ElapsedUs: micros(elapsed), CPUUs: micros(used)}
	if len(latencies) > 0 {
		slices.Sort(latencies)
		made.P50Us = micros(latencies[len(latencies)/2])
		made.P99Us = micros(latencies[len(latencies)*99/100])
	}
	return made, nil
}

func (d *driver) unary(l *load, first uint32, latencies []time.Duration) error {
	caller, err := newCaller(l)
	if err != nil {
		return err
	}
	failed := make(chan error, l.InFlight)
	next := startsOf(l)
	var workers sync.WaitGroup
	for worker := range min(l.InFlight, l.Calls) {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for i, start, ok := next(worker); ok; i, start, ok = next(i + l.InFlight) {
				over := d.clients[i%len(d.clients)]
				if err := d.one(l, over, caller, first+uint32(i)); err != nil {
					failed <- fmt.Errorf("call %d of %d: %w", i, l.Calls, err)
					return
				}
				latencies[i] = time.Since(start)
			}
		}()
	}
	workers.Wait()
	close(failed)
	return <-failed
}

func (d *driver) one(l *load, over client, call caller, value uint32) error {
	ctx := context.Background()
	if l.Metadata {
		ctx = over.WithMetadata(ctx, "request-id", "5f8d0d55b54764421b7156c9")
		ctx = over.WithMetadata(ctx, "tenant", "north")
	}
	for i := range l.Pairs {
		ctx = over.WithMetadata(ctx, fmt.Sprintf("key-%d", i), "5f8d0d55b54764421b7156c9")
	}
	if l.DeadlineMs > 0 {
		limited, cancel := context.WithTimeout(ctx, time.Duration(l.DeadlineMs)*time.Millisecond)
		defer cancel()
		ctx = limited
	}
	return call(ctx, over, value)
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
