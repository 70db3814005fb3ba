package cli

import (
	"syscall"
	"unsafe"
)

// hugePages asks for pages of 2 MiB behind memory, where the system has them for the asking.
func hugePages(memory []byte) {
	const page = 2 << 20
	before := int(-uintptr(unsafe.Pointer(unsafe.SliceData(memory))) % page)
	if before < len(memory) {
		_ = syscall.Madvise(memory[before:], syscall.MADV_HUGEPAGE) // refused by a system without
	}
}
