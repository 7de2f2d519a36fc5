// A threaded program as container tools are: goroutines that sleep, lock, wait for each other and
// read small files, on several threads of the kernel.
package main

import (
	"os"
	"runtime"
	"sync"
	"time"
)

func main() {
	runtime.GOMAXPROCS(4)
	var all sync.WaitGroup
	var lock sync.Mutex
	total := 0
	for worker := 0; worker < 8; worker++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for round := 0; round < 100; round++ {
				text, err := os.ReadFile("/proc/self/stat")
				if err != nil {
					os.Exit(1)
				}
				lock.Lock()
				total += len(text)
				lock.Unlock()
				if round%10 == 0 {
					time.Sleep(50 * time.Microsecond)
				}
			}
		}()
	}
	all.Wait()
	if total == 0 {
		os.Exit(2)
	}
}
