package gen

import "mllab/engine/safetensors"

// GoldenOf names the workload whose golden numbers a safetensors file holds, by the names of inputs and losses;
// "" for none. The error is safetensors.Open's.
func GoldenOf(path string) (string, error) {
	f, err := safetensors.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	for _, w := range Workloads() {
		all := true
		for _, k := range w.gate.keys {
			_, ok := f.Info(k.name)
			all = all && ok
		}
		if all {
			return w.Name, nil
		}
	}
	return "", nil
}
