//go:build (amd64 || arm64) && !nopurego

package opencl

var libraryNames = []string{"libOpenCL.so.1", "libOpenCL.so", "libnvidia-opencl.so.1"}

const (
	missing = "no libOpenCL.so.1 found: install ocl-icd-libopencl1 and a driver such as pocl-opencl-icd"

	driverHint = " such as pocl-opencl-icd, or that of your GPU's maker"
)
