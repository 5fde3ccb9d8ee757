package limits

import (
	"fmt"
	"io/fs"
	"testing"
)

// stat2 and stat1 are what a group's memory.stat has, in MiB, beside what does not count.
func stat2(folder string, anon, shmem int) map[string]string {
	return map[string]string{folder + "/memory.stat": fmt.Sprintf(
		"anon %d\nfile 900000000\nkernel_stack 65536\nshmem %d\nfile_mapped 800000000\ninactive_file 800000000\n", anon<<20, shmem<<20)}
}

func stat1(name string, rss, shmem int) map[string]string {
	return map[string]string{"sys/fs/cgroup/memory" + name + "/memory.stat": fmt.Sprintf(
		"cache 900000000\nrss 1\nshmem 2\nhierarchical_memory_limit 5\ntotal_cache 900000000\ntotal_rss %d\ntotal_rss_huge 7\ntotal_shmem %d\n",
		rss<<20, shmem<<20)}
}

// How close a group is to its limit, in MiB, on a machine with 16 GiB.
func TestPressure(t *testing.T) {
	const service = "0::/system.slice/app.service\n"
	const folder = "sys/fs/cgroup/system.slice/app.service"
	const slice = "sys/fs/cgroup/system.slice"
	const host1 = "5:memory:/app/one\n"
	for _, c := range []struct {
		name        string
		root        fs.FS
		used, limit int64
	}{
		{"no groups", tree("", "", nil), 0, 0},
		{"no limit", tree("0::/\n", docker2, join(files2("sys/fs/cgroup", "max 100000", "max"), stat2("sys/fs/cgroup", 100, 0))), 0, 0},
		{"a limit", tree("0::/\n", docker2, join(
			files2("sys/fs/cgroup", "max 100000", "1073741824"), stat2("sys/fs/cgroup", 700, 50),
		)), 750, 1024},
		{"nothing used", tree("0::/\n", docker2, files2("sys/fs/cgroup", "max 100000", "1073741824")), 0, 1024},
		{"the group above is closer", tree(service, unified, join(
			files2(folder, "max 100000", "536870912"), stat2(folder, 256, 0), files2(slice, "max 100000", "1073741824"), stat2(slice, 900, 0),
		)), 900, 1024},
		{"the group itself is closer", tree(service, unified, join(
			files2(folder, "max 100000", "536870912"), stat2(folder, 500, 0), files2(slice, "max 100000", "1073741824"), stat2(slice, 900, 0),
		)), 500, 512},
		{"version 1", tree(host1, hybrid, join(files1("/app/one", "-1", "1073741824"), stat1("/app/one", 600, 100))), 700, 1024},
		{"version 1 without a limit", tree(host1, hybrid, join(files1("/app/one", "-1", none), stat1("/app/one", 600, 100))), 0, 0},
	} {
		got := readPressure(c.root)
		if want := (Pressure{c.used << 20, c.limit << 20}); got != want {
			t.Errorf("%s: the pressure is %+v, want %+v", c.name, got, want)
		}
	}
	if f := (Pressure{3, 4}).Fraction(); f != 0.75 {
		t.Errorf("3 of 4 are %v", f)
	}
	if f := (Pressure{}).Fraction(); f != 0 {
		t.Errorf("nothing of no limit is %v", f)
	}
}
