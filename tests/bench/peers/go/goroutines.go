// The twins of goroutines.cc and mutex.cc.
package main

import (
	"runtime"
	"sync"
	"time"
)

func yield(yieldsEach int) int {
	var yielded [2]int
	var group sync.WaitGroup
	start := time.Now()
	for k := range yielded {
		group.Go(func() {
			i := 0
			for ; i < yieldsEach; i++ {
				runtime.Gosched()
			}
			yielded[k] = i
		})
	}
	group.Wait()
	printEach("yield", start, 2*yieldsEach)
	return yielded[0] + yielded[1]
}

func spawnJoin(goroutines int) int {
	joined := 0
	var group sync.WaitGroup
	start := time.Now()
	for ; joined < goroutines; joined++ {
		group.Go(func() {})
		group.Wait()
	}
	printEach("spawn_join", start, goroutines)
	return joined
}

func spawnFan1024(rounds int) int {
	const width = 1024
	joined := 0
	var group sync.WaitGroup
	start := time.Now()
	for round := 0; round < rounds; round++ {
		for i := 0; i < width; i++ {
			group.Go(func() {})
		}
		group.Wait()
		joined += width
	}
	printEach("spawn_fan1024", start, rounds*width)
	return joined
}

func fib(n int) int {
	if n < 2 {
		return n
	}
	var first int
	var group sync.WaitGroup
	group.Go(func() { first = fib(n - 1) })
	second := fib(n - 2)
	group.Wait()
	return first + second
}

func fib25(n int) int {
	fib(15)
	start := time.Now()
	result := fib(n)
	printMilliseconds("fib25", start)
	return result
}

func mutex16(pairsEach int) int {
	const goroutines = 16
	counter := 0
	var mutex sync.Mutex
	var group sync.WaitGroup
	start := time.Now()
	for k := 0; k < goroutines; k++ {
		group.Go(func() {
			for i := 0; i < pairsEach; i++ {
				mutex.Lock()
				counter++
				mutex.Unlock()
			}
		})
	}
	group.Wait()
	printEach("mutex16", start, goroutines*pairsEach)
	return counter
}
