// Package pool does one thing for many items, some at a time: the rules of a pack, the
// files of a folder.
//
// It imports nothing of Quarry. Start at Each; InOrder keeps what the calls give in order.
package pool
