package cpu

import (
	"bufio"
	"os"
	"strconv"
	"strings"
)

// processor is the model name as Linux tells it, "" elsewhere.
func processor() string { return field("/proc/cpuinfo", "model name") }

// memory is the size of main memory in bytes, 0 when it is not known.
func memory() int64 {
	kb, _, _ := strings.Cut(field("/proc/meminfo", "MemTotal"), " ")
	n, err := strconv.ParseInt(kb, 10, 64)
	if err != nil {
		return 0
	}
	return n * 1024
}

// field finds the first line "key : value" of a file.
func field(path, key string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() {
		if k, v, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// caches gives the bytes of the first two levels of data cache of a core: as Linux tells them, else what
// processors of the time have at least.
func caches() (l1, l2 int) {
	l1, l2 = 32<<10, 512<<10
	for i := range 5 {
		dir := "/sys/devices/system/cpu/cpu0/cache/index" + strconv.Itoa(i) + "/"
		read := func(name string) string {
			b, _ := os.ReadFile(dir + name)
			return strings.TrimSpace(string(b))
		}
		kb, err := strconv.Atoi(strings.TrimSuffix(read("size"), "K"))
		if err != nil || read("type") == "Instruction" {
			continue
		}
		switch read("level") {
		case "1":
			l1 = kb << 10
		case "2":
			l2 = kb << 10
		}
	}
	return l1, l2
}
