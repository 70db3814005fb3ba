// Package simulate makes logs: a quiet day of some Windows devices as rows of the
// Defender tables, with attacks planted among near misses, and the truth about them.
// The same options give the same bytes on every machine.
//
// It imports only kql/types of this module. Start with Generate; plant.go holds the
// scenarios, noise.go the ordinary day.
package simulate
