package cli

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// room is what Go's heap may grow by, in bytes, before it is collected.
const room = 256 << 20

// relaxCollector lets Go's heap grow by room, or by as much as is alive if that is more,
// between collections. A hunt compiles hundreds of rules over a small heap, which the
// collector's default, the heap doubled, would go through every moment; and most
// commands end without any collection. Where GOGC is set it stays as it is.
func relaxCollector() {
	if os.Getenv("GOGC") != "" {
		return
	}
	const least = 4 << 20 // the heap that Go never collects, at 100 percent
	debug.SetGCPercent(100 * room / least)
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	var again func(*[]byte)
	// A finalizer runs after each collection if it sets itself anew.
	again = func(sign *[]byte) {
		metrics.Read(live)
		debug.SetGCPercent(int(max(100, 100*room/max(live[0].Value.Uint64(), least))))
		runtime.SetFinalizer(sign, again)
	}
	runtime.SetFinalizer(new([]byte), again)
}

// makeRoom prepares Go's heap for a command that fills it: its next memory is that of a
// block freed at once, behind which pages are huge where the system has such. A page that
// the system gives costs more than most of what is done with it.
func makeRoom() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return // free memory counts for the latter
	}
	percent := debug.SetGCPercent(-1)
	hugePages(make([]byte, 2*room))
	runtime.GC()
	debug.SetGCPercent(percent)
}
