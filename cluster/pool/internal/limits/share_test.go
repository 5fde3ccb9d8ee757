package limits

import "testing"

// Which limit the number of workers follows from, in words.
func TestReasons(t *testing.T) {
	for _, c := range []struct {
		limits       Limits
		workerMemory int64 // in MiB
		others       int
		n            int
		reason       string
	}{
		{Limits{CPUs: 1}, 160, 0, 1, "there is 1 CPU to run on"},
		{Limits{CPUs: 48}, 160, 0, 48, "there are 48 CPUs to run on"},
		{Limits{CPUs: 4, Quota: 4}, 160, 0, 4, "there are 4 CPUs to run on"},
		{Limits{CPUs: 48, Quota: 2.5}, 160, 0, 2, "the CPU quota is 2.5"},
		{Limits{CPUs: 1, Quota: 0.1}, 160, 0, 1, "the CPU quota is 0.1"},
		{Limits{CPUs: 3, Quota: 2.0 / 3}, 160, 0, 1, "the CPU quota is 0.67"},
		{Limits{CPUs: 8, Quota: 6, Memory: 1 << 30}, 160, 0, 5, "the memory limit is 1024 MiB, of which a worker needs 160"},
		{Limits{CPUs: 8, Quota: 6, Memory: 1 << 30}, 160, 2, 3, "the memory limit is 1024 MiB, of which a worker needs 160"},
		{Limits{CPUs: 8, Quota: 6, Memory: 1 << 30}, 50, 0, 6, "the CPU quota is 6"},
		{Limits{CPUs: 8, Memory: 1 << 30}, 4096, 9, 1, "the memory limit is 1024 MiB, of which a worker needs 4096"},
		{Limits{CPUs: 1, Memory: 1 << 20}, 160, 0, 1, "the memory limit is 1 MiB, of which a worker needs 160"},
	} {
		n, reason := c.limits.Instances(c.workerMemory<<20, c.others)
		if n != c.n || reason != c.reason {
			t.Errorf("%+v with workers of %d MiB beside %d others: %d, as %s; want %d, as %s",
				c.limits, c.workerMemory, c.others, n, reason, c.n, c.reason)
		}
	}
}
