package h3

import (
	"strconv"

	"github.com/golang/geo/s2"
)

// MaxResolution is the finest resolution.
const MaxResolution = 15

// Cell is an H3 index of a cell: mode, resolution, base cell and one digit for each
// resolution.
type Cell uint64

const (
	cellMode  = 1
	noDigit   = 7
	emptyCell = Cell(cellMode)<<59 | 1<<45 - 1 // all digits noDigit
)

// Parse reads the hexadecimal text of a valid cell.
func Parse(s string) (Cell, bool) {
	v, err := strconv.ParseUint(s, 16, 64)
	return Cell(v), err == nil && Cell(v).valid()
}

func (c Cell) String() string { return strconv.FormatUint(uint64(c), 16) }

// Resolution is 0 to 15.
func (c Cell) Resolution() int { return int(c >> 52 & 15) }

func (c Cell) base() int { return int(c >> 45 & 127) }

func (c Cell) digit(res int) int { return int(c >> (3 * (MaxResolution - res)) & 7) }

func (c Cell) withDigit(res, d int) Cell {
	shift := 3 * (MaxResolution - res)
	return c&^(7<<shift) | Cell(d)<<shift
}

func (c Cell) withResolution(res int) Cell { return c&^(15<<52) | Cell(res)<<52 }

func (c Cell) valid() bool {
	if c>>56 != cellMode<<3 || c.base() >= len(baseCells) {
		return false
	}
	for r := 1; r <= MaxResolution; r++ {
		if d := c.digit(r); (d == noDigit) != (r > c.Resolution()) {
			return false
		}
	}
	return !baseCells[c.base()].pentagon || c.leading() != 1
}

// leading is the first digit that is not 0.
func (c Cell) leading() int {
	for r := 1; r <= c.Resolution(); r++ {
		if d := c.digit(r); d != 0 {
			return d
		}
	}
	return 0
}

// pentagon reports the cells with five neighbours.
func (c Cell) pentagon() bool { return baseCells[c.base()].pentagon && c.leading() == 0 }

// turned turns all digits.
func (c Cell) turned(n int) Cell {
	for r := 1; r <= c.Resolution(); r++ {
		c = c.withDigit(r, turnDigit(c.digit(r), n))
	}
	return c
}

// turnedPentagon turns the digits below a pentagon by a sixth counterclockwise, past
// the sector that is missing.
func (c Cell) turnedPentagon() Cell {
	c = c.turned(1)
	if c.leading() == 1 {
		c = c.turned(1)
	}
	return c
}

// Parent is the cell of a coarser resolution that c descends from.
func (c Cell) Parent(res int) Cell {
	p := c.withResolution(res)
	for r := res + 1; r <= c.Resolution(); r++ {
		p = p.withDigit(r, noDigit)
	}
	return p
}

// ChildCount is the number of descendants at a finer resolution.
func (c Cell) ChildCount(res int) int {
	n := 1
	for range res - c.Resolution() {
		n *= 7
	}
	if c.pentagon() {
		return 1 + 5*(n-1)/6
	}
	return n
}

// Children are the descendants at a finer resolution, in the order of their indexes.
func (c Cell) Children(res int) []Cell {
	out := []Cell{c}
	for r := c.Resolution() + 1; r <= res; r++ {
		next := make([]Cell, 0, 7*len(out))
		for _, p := range out {
			five := p.pentagon()
			for d := range 7 {
				if !five || d != 1 {
					next = append(next, p.withResolution(r).withDigit(r, d))
				}
			}
		}
		out = next
	}
	return out
}

// CellOf is the cell of a resolution that a point lies in.
func CellOf(p s2.Point, res int) Cell {
	face := nearestFace(p)
	at := face.place(p, res)
	c := emptyCell.withResolution(res)
	for r := res; r > 0; r-- {
		up := at.over(step(r))
		c = c.withDigit(r, digitOf(at.minus(up.times(step(r)))))
		at = up
	}
	i, j, k := at.ijk()
	i, j, k = min(i, 2), min(j, 2), min(k, 2) // no more on the nearest face
	entry := onFace[face.index][3*(9*i+3*j+k):]
	base, _ := strconv.ParseUint(entry[:2], 16, 8)
	turns := int(entry[2] - '0')
	c |= Cell(base) << 45
	b := &baseCells[base]
	if !b.pentagon {
		return c.turned(turns)
	}
	if c.leading() == 1 {
		if int(b.clockwise[0]) == face.index || int(b.clockwise[1]) == face.index {
			c = c.turned(-1)
		} else {
			c = c.turned(1)
		}
	}
	for range turns {
		c = c.turnedPentagon()
	}
	return c
}

// spot is the place of a cell on the face that its centre lies on. turns are the sixths
// by which the axes of the face are turned against those of the cell.
type spot struct {
	face  int
	at    hex
	turns int
}

// spot finds where a cell is.
func (c Cell) spot() spot {
	b := &baseCells[c.base()]
	s := spot{face: int(b.face), at: b.at}
	if b.pentagon && c.leading() == 5 {
		c = c.turned(-1)
		s.turns--
	}
	res := c.Resolution()
	for r := 1; r <= res; r++ {
		s.at = s.at.times(step(r)).plus(digits[c.digit(r)])
	}
	if !b.pentagon && (res == 0 || b.at == hex{}) {
		return s // all of the base cell lies on this face
	}
	even := res
	if res%2 == 1 {
		even++
		s.at = s.at.times(intoEven)
	}
	if s.adjust(even, 1, b.pentagon && c.leading() == 4) && b.pentagon {
		for s.adjust(even, 1, false) {
		}
	}
	if even != res {
		s.at = s.at.over(intoEven)
	}
	return s
}

// faceSize is the sum of i, j and k along the edges of a face, at an even resolution.
func faceSize(res int) int {
	n := 2
	for range res / 2 {
		n *= 7
	}
	return n
}

// adjust moves a place that lies beyond an edge of its face to the face there; it
// reports whether it did. grid is how much finer than the resolution the places are.
func (s *spot) adjust(res, grid int, leading4 bool) bool {
	size := faceSize(res) * grid
	i, j, k := s.at.ijk()
	if i+j+k <= size {
		return false
	}
	edge := 0
	if k > 0 {
		edge = 1
		if j > 0 {
			edge = 2
		} else if leading4 {
			corner := hex{size, 0}
			s.at = s.at.minus(corner).turned(-1).plus(corner)
			s.turns--
		}
	}
	s.cross(crossings[s.face][edge], size)
	return true
}

func (s *spot) cross(c crossing, size int) {
	s.face = c.face
	s.at = s.at.turned(c.turns).plus(c.origin.scaled(size / 2))
	s.turns += c.turns
}
