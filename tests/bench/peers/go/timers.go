// The twins of timers.cc and parked.cc.
package main

import (
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

func timers100k(timers int) int {
	armed := make([]*time.Timer, timers)
	start := time.Now()
	for i := range armed {
		armed[i] = time.NewTimer(time.Second * time.Duration(10+i*7919%90))
	}
	printEach("timers100k_arm", start, timers)
	stopped := 0
	start = time.Now()
	for _, timer := range armed {
		if timer.Stop() {
			stopped++
		}
	}
	printEach("timers100k_stop", start, timers)
	return stopped
}

func sleepOften(workload string, goroutines, sleepsEach int, asked time.Duration) int {
	late := make([][]float64, goroutines)
	var group sync.WaitGroup
	for k := range late {
		group.Go(func() {
			mine := make([]float64, 0, sleepsEach)
			for i := 0; i < sleepsEach; i++ {
				start := time.Now()
				time.Sleep(asked)
				mine = append(mine, float64((time.Since(start)-asked).Nanoseconds())/1e3)
			}
			late[k] = mine
		})
	}
	group.Wait()
	var all []float64
	for _, mine := range late {
		all = append(all, mine...)
	}
	slices.Sort(all)
	percentile := func(part float64) float64 {
		return all[max(1, int(math.Ceil(part*float64(len(all)))))-1]
	}
	printResult(workload+"_p50", percentile(0.5), "us")
	printResult(workload+"_p99", percentile(0.99), "us")
	return len(all)
}

func residentBytes() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		panic(err)
	}
	var inAll, resident int
	fmt.Sscan(string(text), &inAll, &resident)
	return float64(resident * os.Getpagesize())
}

func mem(goroutines int) int { return park("mem", goroutines, func() {}) }

// Collections shrink stacks.
func memCompact(goroutines int) int {
	return park("mem_compact", goroutines, func() {
		for i := 0; i < 4; i++ {
			debug.FreeOSMemory()
		}
	})
}

func park(workload string, goroutines int, settle func()) int {
	before := residentBytes()
	gate, done := make(chan int), make(chan int, 1024)
	start := time.Now()
	for i := 0; i < goroutines; i++ {
		go func() {
			<-gate
			done <- 1
		}()
	}
	spawn := time.Since(start)
	time.Sleep(300 * time.Millisecond)
	settle()
	bytes := residentBytes() - before
	start = time.Now()
	close(gate)
	woken := 0
	for i := 0; i < goroutines; i++ {
		woken += <-done
	}
	wake := time.Since(start)
	metric, n := fmt.Sprintf("%s%d", workload, goroutines), float64(goroutines)
	printResult(metric+"_bytes", bytes/n, "B/task")
	printResult(metric+"_spawn", float64(spawn.Nanoseconds())/n, "ns/task")
	printResult(metric+"_wakeall", float64(wake.Nanoseconds())/n, "ns/task")
	return woken
}
