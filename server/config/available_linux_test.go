package config

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAvailableMemory(t *testing.T) {
	f := func(want int64, files map[string]string) {
		t.Helper()
		root := t.TempDir()
		for name, text := range files {
			file := filepath.Join(root, name)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, err := availableMemory(root)
		if (err != nil) != (want < 0) || (err == nil && got != want) {
			t.Errorf("got %d, %v; want %d", got, err, want)
		}
	}
	const info = "MemTotal: 200 kB\nMemAvailable:   100 kB\n"
	f(-1, nil)
	f(-1, map[string]string{"proc/meminfo": "MemTotal: 200 kB\n"})
	f(102400, map[string]string{"proc/meminfo": info})
	f(102400, map[string]string{"proc/meminfo": info, "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "max\n"})
	f(5000, map[string]string{"proc/meminfo": info, "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "6000\n", "sys/fs/cgroup/a/memory.max": "5000\n"})
	f(4000, map[string]string{"proc/meminfo": info, "proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "6000\n", "sys/fs/cgroup/a/memory.high": "4000\n"})
	f(3000, map[string]string{"proc/meminfo": info, "proc/self/cgroup": "0::/elsewhere\n", "sys/fs/cgroup/memory.max": "3000\n"})
	f(2000, map[string]string{"proc/meminfo": info, "proc/self/cgroup": "9:cpu,memory:/x\n8:pids:/x\n", "sys/fs/cgroup/memory/x/memory.limit_in_bytes": "2000\n"})
	f(102400, map[string]string{"proc/meminfo": info, "proc/self/cgroup": "9:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"})
}
