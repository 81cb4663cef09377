package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"
)

const mib = 1 << 20

func resident() float64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _ := strconv.ParseFloat(strings.Fields(string(statm))[1], 64)
	return pages * float64(os.Getpagesize())
}

// Once the spike is over and nothing happens any more: how long until a tenth of it is left, at most half a minute, and
// how much there is then.
func printGivenBack(metric string, before, peak float64) {
	start := time.Now()
	patience := 30 * time.Second
	if peak-before < 100*mib { // a trial
		patience = 100 * time.Millisecond
	}
	wanted := before + (peak-before)/10
	for resident() > wanted && time.Since(start) < patience {
		time.Sleep(50 * time.Millisecond)
	}
	printMilliseconds(metric+"_returned", start)
	printResult(metric+"_rss_peak", peak/mib, "MiB")
	printResult(metric+"_rss_after", resident()/mib, "MiB")
}

// Uses about that much stack, all of it.
//
//go:noinline
func descend(bytes int) int {
	var frame [1024]byte
	for i := 0; i < len(frame); i += 64 {
		frame[i] = 1
	}
	deeper := 0
	if bytes > 1024 {
		deeper = descend(bytes - 1024)
	}
	return deeper + int(frame[64])
}

type page struct {
	next    *page
	numbers [511]uint64
}

//go:noinline
func makePages(count int) *page {
	var pages *page
	for i := range count * 256 {
		pages = &page{next: pages}
		pages.numbers[7] = uint64(i)
	}
	return pages
}

func spikeGoroutines(goroutines int) int {
	before := resident()
	gate := make(chan int)
	var group, down sync.WaitGroup
	group.Add(goroutines)
	down.Add(goroutines)
	for range goroutines {
		go func() {
			defer group.Done()
			if descend(4096) > 0 {
				down.Done()
			}
			<-gate
		}()
	}
	down.Wait()
	peak := resident()
	close(gate)
	group.Wait()
	runtime.GC()
	printGivenBack("spike_goroutines", before, peak)
	return goroutines
}

func spikeHeap(count int) int {
	before := resident()
	pages := makePages(count)
	peak := resident() + float64(pages.numbers[6])
	runtime.KeepAlive(pages)
	pages = nil
	runtime.GC()
	runtime.GC()
	printGivenBack("spike_heap", before, peak)
	return count
}

func deep(count int) int {
	debug.SetMaxStack(1 << 30)
	checksum := 0
	measure := func(metric string) {
		start := time.Now()
		done := make(chan int)
		go func() { done <- descend(count << 20) }()
		checksum += <-done
		printMilliseconds(metric, start)
	}
	measure("deep_first")
	measure("deep_again")
	return checksum
}
