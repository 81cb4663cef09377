// The Go peer of novelo_bench: the same workloads, counts and output. Usage: gopeer WORKLOAD GOMAXPROCS [COUNT]
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"
)

// What novelo_bench's workload.h lists: the count by default, 0 where it must be given.
type workload struct {
	count int
	run   func(count int) int
}

var workloads = map[string]workload{
	"yield":            {2_000_000, yield},
	"spawn_join":       {500_000, spawnJoin},
	"spawn_fan1024":    {500, spawnFan1024},
	"pingpong":         {500_000, pingpong},
	"buf128_1x1":       {4_000_000, func(n int) int { return produceAndConsume("buf128_1x1", 128, 1, n) }},
	"buf128_8x8":       {2_000_000, func(n int) int { return produceAndConsume("buf128_8x8", 128, 8, n) }},
	"unbuf_8x8":        {1_000_000, func(n int) int { return produceAndConsume("unbuf_8x8", 0, 8, n) }},
	"select2":          {1_000_000, select2},
	"mutex16":          {250_000, mutex16},
	"skynet1m":         {1_000_000, skynet1m},
	"fib25":            {25, fib25},
	"chain10k":         {10_000, chain10k},
	"timers100k":       {100_000, timers100k},
	"sleep50us_x1000":  {20, func(n int) int { return sleepOften("sleep50us_x1000", 1000, n, 50*time.Microsecond) }},
	"sleep1ms_x1000":   {20, func(n int) int { return sleepOften("sleep1ms_x1000", 1000, n, time.Millisecond) }},
	"sleep1ms_x1":      {500, func(n int) int { return sleepOften("sleep1ms_x1", 1, n, time.Millisecond) }},
	"mem":              {0, mem},
	"mem_compact":      {1_000_000, memCompact},
	"alloc":            {10_000_000, alloc},
	"bintrees":         {18, bintrees},
	"latency":          {8000, latency},
	"interrupt_128m":   {1000, func(n int) int { return interrupt("interrupt_128m", 128, n) }},
	"interrupt_1g":     {1000, func(n int) int { return interrupt("interrupt_1g", 1024, n) }},
	"interrupt_4g":     {1000, func(n int) int { return interrupt("interrupt_4g", 4096, n) }},
	"spike_goroutines": {1_000_000, spikeGoroutines},
	"spike_heap":       {8192, spikeHeap},
	"deep":             {100, deep},
}

func printResult(metric string, value float64, unit string) {
	fmt.Printf("RESULT %s %.2f %s\n", metric, value, unit)
}

// The nanoseconds since start for each of n.
func printEach(metric string, start time.Time, n int) {
	printResult(metric, float64(time.Since(start).Nanoseconds())/float64(n), "ns")
}

func printMilliseconds(metric string, start time.Time) {
	printResult(metric, float64(time.Since(start).Nanoseconds())/1e6, "ms")
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: gopeer WORKLOAD GOMAXPROCS [COUNT]")
		os.Exit(2)
	}
	chosen, found := workloads[os.Args[1]]
	processors, err := strconv.Atoi(os.Args[2])
	count := chosen.count
	if len(os.Args) > 3 && err == nil {
		count, err = strconv.Atoi(os.Args[3])
	}
	if !found || err != nil || count <= 0 {
		fmt.Fprintln(os.Stderr, "gopeer: no such workload or number:", os.Args[1:])
		os.Exit(2)
	}
	runtime.GOMAXPROCS(processors)
	fmt.Printf("CHECKSUM %s %d\n", os.Args[1], chosen.run(count))
}
