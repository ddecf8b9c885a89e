package main

import (
	"bufio"
	"fmt"
	"os"
	"sync"
	"time"
)

// How long each find_one takes, where the environment's LATENCIES names a file for it.
var latencies struct {
	lock  sync.Mutex
	taken []time.Duration
}

var latencyPath = os.Getenv("LATENCIES")

func beginLatency() time.Time {
	if latencyPath == "" {
		return time.Time{}
	}
	return time.Now()
}

func endLatency(began time.Time) {
	if latencyPath == "" {
		return
	}
	took := time.Since(began)
	latencies.lock.Lock()
	defer latencies.lock.Unlock()
	latencies.taken = append(latencies.taken, took)
}

func writeLatencies() error {
	if latencyPath == "" {
		return nil
	}
	file, err := os.Create(latencyPath)
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	for _, one := range latencies.taken {
		fmt.Fprintln(out, one.Nanoseconds())
	}
	return out.Flush()
}
