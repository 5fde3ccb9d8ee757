package limits

import (
	"io/fs"
	"maps"
	"testing"
	"testing/fstest"
)

// Mounts as the systems that are named have them, in /proc/self/mountinfo.
const (
	unified = "30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
	docker2 = "682 681 0:26 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate\n"
	docker1 = "931 929 0:29 /docker/3f /sys/fs/cgroup/cpu,cpuacct ro,nosuid,nodev,noexec,relatime master:11 - cgroup cgroup rw,cpu,cpuacct\n" +
		"935 929 0:33 /docker/3f /sys/fs/cgroup/memory ro,nosuid,nodev,noexec,relatime master:15 - cgroup cgroup rw,memory\n" +
		"936 929 0:34 /docker/3f /sys/fs/cgroup/pids ro,nosuid,nodev,noexec,relatime master:16 - cgroup cgroup rw,pids\n"
	hybrid = "33 25 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid,nodev,noexec,relatime shared:11 - cgroup cgroup rw,cpu,cpuacct\n" +
		"37 25 0:33 / /sys/fs/cgroup/memory rw,nosuid,nodev,noexec,relatime shared:15 - cgroup cgroup rw,memory\n" +
		"26 25 0:23 / /sys/fs/cgroup/unified rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw\n"
)

// none is what version 1 has for no limit of memory.
const none = "9223372036854771712\n"

// tree is a root folder with these files.
func tree(cgroup, mountinfo string, files map[string]string) fs.FS {
	root := fstest.MapFS{
		"proc/self/cgroup":    {Data: []byte(cgroup)},
		"proc/self/mountinfo": {Data: []byte("23 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n" + mountinfo)},
		"proc/meminfo":        {Data: []byte("MemTotal:       16777216 kB\nMemFree:         1234567 kB\n")},
	}
	for name, content := range files {
		root[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return root
}

// files2 are those of a group of version 2.
func files2(folder, cpuMax, memoryMax string) map[string]string {
	return map[string]string{folder + "/cpu.max": cpuMax + "\n", folder + "/memory.max": memoryMax + "\n", folder + "/memory.high": "max\n"}
}

// files1 are those of two groups of version 1.
func files1(name, quota, memory string) map[string]string {
	return map[string]string{
		"sys/fs/cgroup/cpu,cpuacct" + name + "/cpu.cfs_quota_us":  quota + "\n",
		"sys/fs/cgroup/cpu,cpuacct" + name + "/cpu.cfs_period_us": "100000\n",
		"sys/fs/cgroup/memory" + name + "/memory.limit_in_bytes":  memory + "\n",
	}
}

func join(sets ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, set := range sets {
		maps.Copy(all, set)
	}
	return all
}

// What is made of a tree of groups, on a machine with 8 CPUs and 16 GiB: the limits, the number of workers of 160 MiB, and the heap of
// each in MiB.
func TestTrees(t *testing.T) {
	const service = "0::/system.slice/app.service\n"
	const folder = "sys/fs/cgroup/system.slice/app.service"
	const container1 = "9:pids:/docker/3f\n5:memory:/docker/3f\n2:cpu,cpuacct:/docker/3f\n1:name=systemd:/docker/3f\n"
	const host1 = "5:memory:/app/one\n2:cpu,cpuacct:/app/one\n0::/app/one\n"
	for _, c := range []struct {
		name      string
		root      fs.FS
		quota     float64
		memory    int64 // in MiB
		instances int
		heap      int64 // in MiB
	}{
		{"no groups", fstest.MapFS{}, 0, 0, 8, 0},
		{"no limits", tree("0::/\n", docker2, files2("sys/fs/cgroup", "max 100000", "max")), 0, 0, 8, 0},
		{"requests alone", tree("0::/\n", docker2, map[string]string{"sys/fs/cgroup/cpu.weight": "79\n"}), 0, 0, 8, 0},
		{"a container", tree("0::/\n", docker2, files2("sys/fs/cgroup", "200000 100000", "2147483648")), 2, 2048, 2, 679},
		{"a quarter of a CPU", tree("0::/\n", docker2, files2("sys/fs/cgroup", "25000 100000", "268435456")), 0.25, 256, 1, 150},
		{"one CPU and a half", tree("0::/\n", docker2, files2("sys/fs/cgroup", "150000 100000", "max")), 1.5, 0, 1, 0},
		{"another period", tree("0::/\n", docker2, files2("sys/fs/cgroup", "30000 10000", "max")), 3, 0, 3, 0},
		{"more quota than CPUs", tree("0::/\n", docker2, files2("sys/fs/cgroup", "6400000 100000", "max")), 64, 0, 8, 0},
		{"little memory", tree("0::/\n", docker2, files2("sys/fs/cgroup", "max 100000", "536870912")), 0, 512, 2, 161},
		{"hardly any memory", tree("0::/\n", docker2, files2("sys/fs/cgroup", "max 100000", "67108864")), 0, 64, 1, 32},
		{"slowed down from 1 GiB on", tree(service, unified, join(
			files2(folder, "max 100000", "2147483648"), map[string]string{folder + "/memory.high": "1073741824\n"},
		)), 0, 1024, 5, 133},
		{"limits of the group above", tree(service, unified, join(
			files2("sys/fs/cgroup/system.slice", "300000 100000", "1073741824"), files2(folder, "max 100000", "max"),
		)), 3, 1024, 3, 222},
		{"the least on the way up", tree(service, unified, join(
			files2("sys/fs/cgroup/system.slice", "100000 100000", "4294967296"), files2(folder, "400000 100000", "1073741824"),
		)), 1, 1024, 1, 668},
		{"a group inside the container's", tree("0::/init\n", docker2, join(
			files2("sys/fs/cgroup", "200000 100000", "1073741824"), files2("sys/fs/cgroup/init", "max 100000", "max"),
		)), 2, 1024, 2, 334},
		{"moved out of the container's group", tree("0::/../other\n", docker2, files2("sys/fs/cgroup", "200000 100000", "max")), 2, 0, 2, 0},
		{"a name that begins as the mount's", tree(
			"5:memory:/docker/3fff\n", docker1, join(files1("", "-1", "1073741824"), files1("/ff", "-1", "536870912")),
		), 0, 1024, 5, 133},
		{"version 1, a container", tree(container1, docker1, files1("", "150000", "536870912")), 1.5, 512, 1, 323},
		{"version 1, a container without limits", tree(container1, docker1, files1("", "-1", none)), 0, 0, 8, 0},
		{"version 1, limits of the group above", tree(host1, hybrid, join(
			files1("/app/one", "-1", none), files1("/app", "400000", "1073741824"), files1("", "-1", none),
		)), 4, 1024, 4, 167},
		{"version 1 beside an empty version 2", tree(host1, hybrid, join(
			files1("/app/one", "50000", none), map[string]string{"sys/fs/cgroup/unified/app/one/cgroup.procs": "1\n"},
		)), 0.5, 0, 1, 0},
		{"a mount with a blank in its path", tree("0::/a b\n",
			`30 23 0:26 / /my\040groups rw - cgroup2 cgroup2 rw`+"\n", files2("my groups/a b", "200000 100000", "max")), 2, 0, 2, 0},
		{"the host's groups are mounted too", tree("0::/pod/app\n", docker2+"700 681 0:26 / /host/sys/fs/cgroup ro - cgroup2 cgroup2 rw\n",
			files2("host/sys/fs/cgroup/pod", "200000 100000", "max")), 2, 0, 2, 0},
		{"more memory than the machine has", tree("0::/\n", docker2, files2("sys/fs/cgroup", "max 100000", "34359738368")), 0, 0, 8, 0},
		{"the machine is shown with the container's memory", tree("0::/\n", docker2, join(
			files2("sys/fs/cgroup", "max 100000", "536870912"), map[string]string{"proc/meminfo": "MemTotal:         524288 kB\n"},
		)), 0, 512, 2, 161},
		{"nonsense", tree("0::/\nno group\n::\n7:cpu\n", docker2+"short - cgroup2\n\n", files2("sys/fs/cgroup", "lots of it", "-5")), 0, 0, 8, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := read(c.root, 8)
			if want := (Limits{8, c.quota, c.memory << 20}); got != want {
				t.Errorf("the limits are %+v, want %+v", got, want)
			}
			n, reason := got.Instances(160<<20, 0)
			if n != c.instances {
				t.Errorf("there should be %d workers as %s, want %d", n, reason, c.instances)
			}
			if heap := got.Heap(n) >> 20; heap != c.heap {
				t.Errorf("each should have %d MiB of heap, want %d", heap, c.heap)
			}
		})
	}
}
