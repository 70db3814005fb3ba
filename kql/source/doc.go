// Package source owns query text: spans of it, and the line and column of an
// offset. It imports only the standard library. Start with Text.
package source
