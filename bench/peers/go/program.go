package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The command line that all programs of the benchmark share: URI TASK N.
type arguments struct {
	uri         string
	task        string
	concurrency int
	count       int
	warmUp      int
}

func parseArguments() (arguments, error) {
	if len(os.Args) != 4 {
		return arguments{}, fmt.Errorf("usage: %s URI TASK N", os.Args[0])
	}
	given := arguments{uri: os.Args[1], concurrency: 1}
	task, many, concurrent := strings.Cut(os.Args[2], ":")
	given.task = task
	var err error
	if concurrent {
		if given.concurrency, err = strconv.Atoi(many); err != nil {
			return given, err
		}
	}
	if given.count, err = strconv.Atoi(os.Args[3]); err != nil {
		return given, err
	}
	if os.Getenv("NOWARM") != "1" {
		given.warmUp = max(given.count/10, 1)
	}
	return given, nil
}

type stopwatch struct {
	began time.Time
	used  syscall.Rusage
}

func startWatch() stopwatch {
	var watch stopwatch
	syscall.Getrusage(syscall.RUSAGE_SELF, &watch.used)
	watch.began = time.Now()
	return watch
}

func seconds(now, before syscall.Timeval) float64 {
	return float64(now.Sec-before.Sec) + float64(now.Usec-before.Usec)/1e6
}

// The peak, in kB. Not Maxrss: that one keeps what the process was before its exec.
func peakRSS() string {
	status, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(status), "\n") {
		if words := strings.Fields(line); len(words) > 1 && words[0] == "VmHWM:" {
			return words[1]
		}
	}
	return "0"
}

func (watch stopwatch) printResult(operations int) {
	wall := time.Since(watch.began).Seconds()
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	fmt.Printf("RESULT %d %.6f %.6f %.6f %s\n", operations, wall,
		seconds(used.Utime, watch.used.Utime), seconds(used.Stime, watch.used.Stime), peakRSS())
}
