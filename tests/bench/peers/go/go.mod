// The Go peer of novelo_bench; it needs no module but itself.
module novelo/bench/gopeer

go 1.26
