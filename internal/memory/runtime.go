package memory

import (
	"math"
	"runtime/metrics"
)

// names of the runtime's metrics, in the order of the fields of sampleRuntime.
var names = []string{
	"/gc/gomemlimit:bytes", "/gc/cycles/total:gc-cycles", "/gc/heap/live:bytes", "/memory/classes/total:bytes",
	"/memory/classes/heap/objects:bytes", "/memory/classes/heap/free:bytes", "/memory/classes/heap/released:bytes", "/memory/classes/heap/unused:bytes",
}

// sampleRuntime asks the runtime. Beside objects that are live, stacks and what the runtime itself needs are in use.
func sampleRuntime() usage {
	samples := make([]metrics.Sample, len(names))
	for i, name := range names {
		samples[i].Name = name
	}
	metrics.Read(samples)
	value := func(i int) int64 { return int64(min(samples[i].Value.Uint64(), math.MaxInt64)) }
	return usage{limit: value(0), cycle: samples[1].Value.Uint64(), used: value(2) + value(3) - value(4) - value(5) - value(6) - value(7)}
}
