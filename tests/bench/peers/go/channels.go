// The twins of channels.cc and networks.cc.
package main

import (
	"sync"
	"time"
)

func pingpong(roundTrips int) int {
	to, from := make(chan int), make(chan int)
	go func() {
		for value := range to {
			from <- value
		}
	}()
	sum := 0
	start := time.Now()
	for i := 0; i < roundTrips; i++ {
		to <- i
		sum += <-from
	}
	printEach("pingpong", start, roundTrips)
	close(to)
	return sum
}

func produceAndConsume(metric string, capacity, pairs, messages int) int {
	channel := make(chan int, capacity)
	sums := make([]int, pairs)
	var producers, consumers sync.WaitGroup
	start := time.Now()
	for k := range sums {
		consumers.Go(func() {
			mine := 0
			for value := range channel {
				mine += value
			}
			sums[k] = mine
		})
	}
	for k := 0; k < pairs; k++ {
		producers.Go(func() {
			for value := 0; value < messages/pairs; value++ {
				channel <- value
			}
		})
	}
	producers.Wait()
	close(channel)
	consumers.Wait()
	printEach(metric, start, messages)
	inAll := 0
	for _, sum := range sums {
		inAll += sum
	}
	return inAll
}

func select2(messages int) int {
	even, odd, quit := make(chan int), make(chan int), make(chan struct{})
	sum := 0
	start := time.Now()
	go func() {
		for i := 0; i < messages; i++ {
			if i%2 == 0 {
				even <- i
			} else {
				odd <- i
			}
		}
		close(quit)
	}()
	for goesOn := true; goesOn; {
		select {
		case value := <-even:
			sum += value
		case value := <-odd:
			sum += value
		case <-quit:
			goesOn = false
		}
	}
	printEach("select2", start, messages)
	return sum
}

func skynet(result chan<- int, first, leaves int) {
	const fanOut = 10
	if leaves == 1 {
		result <- first
		return
	}
	sums := make(chan int)
	share := leaves / fanOut
	for i := 0; i < fanOut; i++ {
		go skynet(sums, first+i*share, share)
	}
	sum := 0
	for i := 0; i < fanOut; i++ {
		sum += <-sums
	}
	result <- sum
}

func skynet1m(leaves int) int {
	start := time.Now()
	result := make(chan int)
	go skynet(result, 0, leaves)
	sum := <-result
	printMilliseconds("skynet1m", start)
	return sum
}

func chain10k(length int) int {
	const tokens = 50
	first := make(chan int)
	last := first
	for i := 0; i < length; i++ {
		next := make(chan int)
		go func(from, to chan int) {
			for value := range from {
				to <- value + 1
			}
			close(to)
		}(last, next)
		last = next
	}
	walk := func() int {
		first <- 0
		return <-last
	}
	walk()
	sum := 0
	start := time.Now()
	for i := 0; i < tokens; i++ {
		sum += walk()
	}
	printEach("chain10k", start, length*tokens)
	close(first)
	<-last
	return sum
}
