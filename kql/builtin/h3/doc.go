// Package h3 is the part of the H3 hexagonal grid that KQL uses, without cgo: cells of
// points and back, outlines, parents and children, neighbours and rings.
//
// Places on a face of the icosahedron are Eisenstein integers (hex.go): turning by a
// sixth and stepping between resolutions are multiplications. Cells are 64-bit indexes
// in H3's own layout (cell.go), and tables.go holds the constants of the grid. It
// imports the standard library and golang/geo. Start with Cell.
package h3
