package opencl

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"unsafe"
)

// library is an opened libOpenCL: addresses of its functions. Handles of OpenCL
// objects are uintptr everywhere.
type library struct {
	path string

	getPlatformIDs, getPlatformInfo, getDeviceIDs, getDeviceInfo       uintptr
	createContext, releaseContext, createQueue, releaseQueue           uintptr
	createProgram, buildProgram, programBuildInfo, releaseProgram      uintptr
	createKernel, setKernelArg, kernelGroupInfo, releaseKernel         uintptr
	createBuffer, releaseBuffer, fillBuffer, readBuffer, writeBuffer   uintptr
	enqueueKernel, finish, flush, waitEvents, eventProfiling, endEvent uintptr
}

// symbols pairs the names of functions with where their addresses go.
func (l *library) symbols() map[string]*uintptr {
	return map[string]*uintptr{
		"clGetPlatformIDs": &l.getPlatformIDs, "clGetPlatformInfo": &l.getPlatformInfo,
		"clGetDeviceIDs": &l.getDeviceIDs, "clGetDeviceInfo": &l.getDeviceInfo,
		"clCreateContext": &l.createContext, "clReleaseContext": &l.releaseContext,
		"clCreateCommandQueue": &l.createQueue, "clReleaseCommandQueue": &l.releaseQueue,
		"clCreateProgramWithSource": &l.createProgram, "clBuildProgram": &l.buildProgram,
		"clGetProgramBuildInfo": &l.programBuildInfo, "clReleaseProgram": &l.releaseProgram,
		"clCreateKernel": &l.createKernel, "clSetKernelArg": &l.setKernelArg,
		"clGetKernelWorkGroupInfo": &l.kernelGroupInfo, "clReleaseKernel": &l.releaseKernel,
		"clCreateBuffer": &l.createBuffer, "clReleaseMemObject": &l.releaseBuffer,
		"clEnqueueFillBuffer": &l.fillBuffer, "clEnqueueReadBuffer": &l.readBuffer,
		"clEnqueueWriteBuffer": &l.writeBuffer, "clEnqueueNDRangeKernel": &l.enqueueKernel,
		"clFinish": &l.finish, "clFlush": &l.flush, "clWaitForEvents": &l.waitEvents,
		"clGetEventProfilingInfo": &l.eventProfiling, "clReleaseEvent": &l.endEvent,
	}
}

// Names of what is asked for, from CL/cl.h of OpenCL 1.2.
const (
	platformName = 0x0902

	deviceType      = 0x1000
	deviceUnits     = 0x1002
	deviceGroup     = 0x1004
	deviceItems     = 0x1005
	deviceClock     = 0x100C
	deviceCacheSize = 0x101E
	deviceMemory    = 0x101F
	deviceAvailable = 0x1027
	deviceCompiler  = 0x1028
	deviceName      = 0x102B
	deviceVendor    = 0x102C
	driverVersion   = 0x102D
	deviceVersion   = 0x102F
	deviceLanes     = 0x103A

	deviceCPU uint64 = 1 << 1
	deviceGPU uint64 = 1 << 2
	anyDevice uint64 = 0xFFFFFFFF

	buildLog       = 0x1183
	kernelGroup    = 0x11B0
	profilingStart = 0x1282
	profilingEnd   = 0x1283

	queueProfiling = 1 << 1
	readWrite      = 1 << 0
	blocking       = 1
)

// openLibrary opens the first library of libraryNames that has every function.
// Its errors do not carry target.ErrUnavailable; find adds that.
func openLibrary() (*library, error) {
	var reasons []error
	for _, name := range libraryNames {
		h, err := dlopen(name)
		if err != nil {
			continue
		}
		l := &library{path: name}
		if err := l.bind(h); err != nil {
			reasons = append(reasons, err)
			continue
		}
		return l, nil
	}
	if len(reasons) > 0 {
		return nil, errors.Join(reasons...)
	}
	return nil, errors.New(missing)
}

func (l *library) bind(h uintptr) error {
	for name, at := range l.symbols() {
		f, err := dlsym(h, name)
		if err != nil || f == 0 {
			return fmt.Errorf("%s has no %s: want a driver of OpenCL 1.2 or later", l.path, name)
		}
		*at = f
	}
	return nil
}

// status calls a function that gives an error code.
//
//go:uintptrescapes
func status(fn uintptr, args ...uintptr) code { return code(int32(call(fn, args...))) }

// create calls a function that gives a handle, and an error code through its last
// argument, which is added here.
//
//go:uintptrescapes
func create(fn uintptr, args ...uintptr) (uintptr, error) {
	c := new(code)
	h := call(fn, append(args, uintptr(unsafe.Pointer(c)))...)
	runtime.KeepAlive(c)
	if *c != 0 {
		return 0, *c
	}
	return h, nil
}

func (l *library) platforms(ids []uintptr, n *uint32) code {
	if len(ids) == 0 {
		return status(l.getPlatformIDs, 0, 0, uintptr(unsafe.Pointer(n)))
	}
	return status(l.getPlatformIDs, uintptr(len(ids)),
		uintptr(unsafe.Pointer(&ids[0])), uintptr(unsafe.Pointer(n)))
}

func (l *library) devices(driver uintptr) []uintptr {
	n := new(uint32)
	if status(l.getDeviceIDs, driver, uintptr(anyDevice), 0, 0, uintptr(unsafe.Pointer(n))) != 0 || *n == 0 {
		return nil
	}
	ids := make([]uintptr, *n)
	c := status(l.getDeviceIDs, driver, uintptr(anyDevice), uintptr(*n), uintptr(unsafe.Pointer(&ids[0])), 0)
	if c != 0 {
		return nil
	}
	return ids
}

// text asks an object for a string; it is empty where there is none.
func (l *library) text(ask, object uintptr, what uintptr) string {
	n := new(uintptr)
	if status(ask, object, what, 0, 0, uintptr(unsafe.Pointer(n))) != 0 || *n == 0 || *n > 1<<20 {
		return ""
	}
	b := make([]byte, *n)
	if status(ask, object, what, *n, uintptr(unsafe.Pointer(&b[0])), 0) != 0 {
		return ""
	}
	return strings.TrimRight(string(b), "\x00")
}

// number asks a device for an integer of at most eight bytes; 0 where there is none.
func (l *library) number(device uintptr, what uintptr) uint64 {
	v := new(uint64)
	if status(l.getDeviceInfo, device, what, 8, uintptr(unsafe.Pointer(v)), 0) != 0 {
		return 0
	}
	return *v
}

// code is an error code of OpenCL; 0 is none.
type code int32

const (
	codeOutOfResources   code = -5
	codeOutOfHostMemory  code = -6
	codeInvalidGroupSize code = -54
	codeInvalidItemSize  code = -55
	codePlatformNotFound code = -1001
)

var codeNames = map[code]string{
	-1: "CL_DEVICE_NOT_FOUND", -2: "CL_DEVICE_NOT_AVAILABLE", -3: "CL_COMPILER_NOT_AVAILABLE",
	-4: "CL_MEM_OBJECT_ALLOCATION_FAILURE", -5: "CL_OUT_OF_RESOURCES", -6: "CL_OUT_OF_HOST_MEMORY",
	-7: "CL_PROFILING_INFO_NOT_AVAILABLE", -8: "CL_MEM_COPY_OVERLAP", -11: "CL_BUILD_PROGRAM_FAILURE",
	-12: "CL_MAP_FAILURE", -13: "CL_MISALIGNED_SUB_BUFFER_OFFSET",
	-14: "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST", -30: "CL_INVALID_VALUE", -32: "CL_INVALID_PLATFORM",
	-33: "CL_INVALID_DEVICE", -34: "CL_INVALID_CONTEXT", -35: "CL_INVALID_QUEUE_PROPERTIES",
	-36: "CL_INVALID_COMMAND_QUEUE", -38: "CL_INVALID_MEM_OBJECT", -42: "CL_INVALID_BINARY",
	-43: "CL_INVALID_BUILD_OPTIONS", -44: "CL_INVALID_PROGRAM", -45: "CL_INVALID_PROGRAM_EXECUTABLE",
	-46: "CL_INVALID_KERNEL_NAME", -47: "CL_INVALID_KERNEL_DEFINITION", -48: "CL_INVALID_KERNEL",
	-49: "CL_INVALID_ARG_INDEX", -50: "CL_INVALID_ARG_VALUE", -51: "CL_INVALID_ARG_SIZE",
	-52: "CL_INVALID_KERNEL_ARGS", -53: "CL_INVALID_WORK_DIMENSION", -54: "CL_INVALID_WORK_GROUP_SIZE",
	-55: "CL_INVALID_WORK_ITEM_SIZE", -56: "CL_INVALID_GLOBAL_OFFSET", -57: "CL_INVALID_EVENT_WAIT_LIST",
	-58: "CL_INVALID_EVENT", -59: "CL_INVALID_OPERATION", -61: "CL_INVALID_BUFFER_SIZE",
	-63: "CL_INVALID_GLOBAL_WORK_SIZE", -1001: "CL_PLATFORM_NOT_FOUND_KHR",
}

// Error names the code as CL/cl.h does.
func (c code) Error() string {
	if s, ok := codeNames[c]; ok {
		return s
	}
	return fmt.Sprintf("OpenCL error %d", int32(c))
}
