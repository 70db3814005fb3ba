// Package api holds what all HTTP interfaces share: who may ask (Guard), packed
// bodies (Unpack, Pack) and the ids of requests. The interfaces themselves are its
// sub-packages; they import hunt and workspace and nothing of each other.
//
// Start with Guard.
package api
