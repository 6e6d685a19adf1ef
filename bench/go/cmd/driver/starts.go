package main

import (
	"sync"
	"syscall"
	"time"
)

// The system's timers may be late by so much, Go's by a millisecond.
const timerLateness = 100 * time.Microsecond

// The call that a worker makes next, at the earliest call i, and its start; false when there is none.
type starts func(i int) (int, time.Time, bool)

func startsOf(l *load) starts {
	if l.Rate > 0 {
		return planned(l)
	}
	return func(i int) (int, time.Time, bool) { return i, time.Now(), i < l.Calls }
}

// A steady rate: one worker waits for the planned start of the next call, the others wait behind it.
func planned(l *load) starts {
	begin, interval := time.Now(), time.Duration(float64(time.Second)/l.Rate)
	var mutex sync.Mutex
	given := 0
	return func(int) (int, time.Time, bool) {
		mutex.Lock()
		defer mutex.Unlock()
		if given == l.Calls {
			return 0, time.Time{}, false
		}
		i := given
		given++
		start := begin.Add(time.Duration(i) * interval)
		if ahead := time.Until(start) - timerLateness; ahead > 0 {
			pause := syscall.NsecToTimespec(ahead.Nanoseconds())
			syscall.Nanosleep(&pause, nil)
		}
		for time.Now().Before(start) {
		}
		return i, start, true
	}
}
