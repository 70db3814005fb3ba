//go:build !linux

package cli

// hugePages does nothing where pages are not asked for.
func hugePages([]byte) {}
