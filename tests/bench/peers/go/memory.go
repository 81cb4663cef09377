package main

import (
	"bufio"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

type pointers2 struct{ words [2]*pointers2 }
type pointers4 struct{ words [4]*pointers4 }
type pointers8 struct{ words [8]*pointers8 }
type numbers2 struct{ words [2]uint64 }
type numbers4 struct{ words [4]uint64 }
type numbers8 struct{ words [8]uint64 }

// On each processor, into a ring of 1024 places.
func allocateOften[T any](metric string, objectsEach int) {
	var group sync.WaitGroup
	start := time.Now()
	for range runtime.GOMAXPROCS(0) {
		group.Add(1)
		go func() {
			defer group.Done()
			ring := make([]*T, 1024)
			for k := range objectsEach {
				ring[k&1023] = new(T)
			}
			runtime.KeepAlive(ring)
		}()
	}
	group.Wait()
	printEach(metric, start, objectsEach)
}

func alloc(objectsEach int) int {
	allocateOften[pointers2]("alloc16p", objectsEach)
	allocateOften[pointers4]("alloc32p", objectsEach)
	allocateOften[pointers8]("alloc64p", objectsEach)
	allocateOften[numbers2]("alloc16n", objectsEach)
	allocateOften[numbers4]("alloc32n", objectsEach)
	allocateOften[numbers8]("alloc64n", objectsEach)
	return objectsEach
}

// The most memory that this process has had, in MiB.
func peakResident() float64 {
	status, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer status.Close()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		if rest, found := strings.CutPrefix(lines.Text(), "VmHWM:"); found {
			kib, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			return kib / 1024
		}
	}
	return 0
}

func printPauses(workload string) {
	samples := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(samples)
	pauses := samples[0].Value.Float64Histogram()
	all := uint64(0)
	for _, count := range pauses.Counts {
		all += count
	}
	quantile := func(part float64) float64 {
		seen := uint64(0)
		for i, count := range pauses.Counts {
			seen += count
			if count > 0 && float64(seen) >= float64(all)*part {
				return pauses.Buckets[i+1] * 1e6
			}
		}
		return 0
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	printResult(workload+"_gc_cycles", float64(stats.NumGC), "n")
	printResult(workload+"_gc_pause_p50", quantile(0.5), "us")
	printResult(workload+"_gc_pause_p99", quantile(0.99), "us")
	printResult(workload+"_gc_pause_max", quantile(1), "us")
}

type treeNode struct{ left, right *treeNode }

func makeTree(depth int) *treeNode {
	if depth == 0 {
		return &treeNode{}
	}
	return &treeNode{makeTree(depth - 1), makeTree(depth - 1)}
}

func countNodes(tree *treeNode) int {
	if tree.left == nil {
		return 1
	}
	return 1 + countNodes(tree.left) + countNodes(tree.right)
}

func bintrees(depth int) int {
	start := time.Now()
	kept := makeTree(depth)
	nodes := 0
	for d := 4; d <= depth; d += 4 {
		for range 1 << (depth - d + 4) {
			nodes += countNodes(makeTree(d))
		}
	}
	nodes += countNodes(kept)
	metric := "bintrees" + strconv.Itoa(depth)
	printMilliseconds(metric, start)
	printResult(metric+"_rss_peak", peakResident(), "MiB")
	printPauses(metric)
	return nodes
}

type wideNode struct {
	next, other *wideNode
	payload     [6]uint64
}

func makeWideTree(depth int) *wideNode {
	tree := &wideNode{}
	if depth > 0 {
		tree.next = makeWideTree(depth - 1)
		tree.other = makeWideTree(depth - 1)
	}
	return tree
}

// Beats of a millisecond, while so many nodes of 64 bytes are alive, so many goroutines wait and one allocates.
func beat(metric string, nodes, goroutines, beats int) {
	const lists = 4096
	heads := make([]*wideNode, lists)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range nodes {
		heads[i%lists] = &wideNode{next: heads[i%lists], other: heads[random.IntN(lists)]}
	}
	park := make(chan int)
	for range goroutines {
		go func() { <-park }()
	}
	runtime.GC()
	var isOver atomic.Bool
	made := 0
	ended := make(chan struct{})
	go func() {
		places := rand.New(rand.NewPCG(3, 4))
		for !isOver.Load() {
			tree := makeWideTree(10)
			heads[places.IntN(lists)].other = tree
			made += 2047
		}
		close(ended)
	}()
	late := make([]float64, 0, beats)
	next := time.Now()
	for range beats {
		next = next.Add(time.Millisecond)
		if left := time.Until(next); left > 0 {
			time.Sleep(left)
		}
		by := time.Since(next)
		late = append(late, float64(by.Nanoseconds())/1e3)
		if by > time.Millisecond { // one stall does not count many times
			next = time.Now()
		}
	}
	isOver.Store(true)
	<-ended
	slices.Sort(late)
	percentile := func(part float64) float64 { return late[int(math.Ceil(part*float64(len(late))))-1] }
	printResult(metric+"_heartbeat_p50", percentile(0.5), "us")
	printResult(metric+"_heartbeat_p99", percentile(0.99), "us")
	printResult(metric+"_heartbeat_max", late[len(late)-1], "us")
	printResult(metric+"_alloc_rate", float64(made)/float64(beats)/1e3, "Mobj/s")
	printResult(metric+"_rss_peak", peakResident(), "MiB")
	printPauses(metric)
	runtime.KeepAlive(heads)
	close(park)
}

func latency(beats int) int {
	nodes := 1 << 24
	if beats < 1000 { // a trial
		nodes = 1 << 18
	}
	beat("latency", nodes, 10_000, beats)
	return beats
}

func interrupt(name string, heapMiB, goroutines int) int {
	nodes, beats := heapMiB<<14, 3000
	if goroutines < 1000 { // a trial
		nodes, beats = heapMiB<<8, 100
	}
	beat(name+"_"+strconv.Itoa(goroutines), nodes, goroutines, beats)
	return goroutines
}
