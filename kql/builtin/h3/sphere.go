package h3

import (
	"cmp"
	"math"
	"slices"

	"github.com/golang/geo/r3"
	"github.com/golang/geo/s2"
)

// plane is a face of the icosahedron seen from its centre (a gnomonic projection).
type plane struct {
	index        int
	x, y, centre r3.Vector
}

const (
	unit0   = 0.38196601125010500003  // a step at resolution 0, in radii
	oddTurn = 0.333473172251832115336 // by which odd resolutions are turned, in radians
)

// planes are the planes of all faces.
var planes = func() (all [20]plane) {
	for i := range all {
		all[i] = newPlane(i)
	}
	return all
}()

func planeOf(face int) *plane { return &planes[face] }

func newPlane(face int) plane {
	f := faces[face]
	sinLat, cosLat := math.Sincos(f.lat)
	sinLng, cosLng := math.Sincos(f.lng)
	sinA, cosA := math.Sincos(f.azimuth)
	north := r3.Vector{X: -sinLat * cosLng, Y: -sinLat * sinLng, Z: cosLat}
	east := r3.Vector{X: -sinLng, Y: cosLng}
	return plane{
		index:  face,
		x:      north.Mul(cosA).Add(east.Mul(sinA)),
		y:      north.Mul(sinA).Sub(east.Mul(cosA)),
		centre: r3.Vector{X: cosLat * cosLng, Y: cosLat * sinLng, Z: sinLat},
	}
}

func nearestFace(p s2.Point) *plane {
	best, most := 0, -2.0
	for i := range planes {
		if d := planes[i].centre.Dot(p.Vector); d > most {
			best, most = i, d
		}
	}
	return &planes[best]
}

func unit(res int) float64 { return unit0 * math.Pow(7, -float64(res)/2) }

// place is the place of a resolution that a point belongs to.
func (f *plane) place(p s2.Point, res int) hex {
	depth := p.Dot(f.centre) * unit(res)
	x, y := p.Dot(f.x)/depth, p.Dot(f.y)/depth
	if res%2 == 1 {
		sin, cos := math.Sincos(-oddTurn)
		x, y = x*cos-y*sin, x*sin+y*cos
	}
	return nearestHex(x, y)
}

// point is the point of plane coordinates in steps of a resolution.
func (f *plane) point(x, y float64, res int) s2.Point {
	if res%2 == 1 {
		sin, cos := math.Sincos(oddTurn)
		x, y = x*cos-y*sin, x*sin+y*cos
	}
	u := unit(res)
	return s2.Point{Vector: f.centre.Add(f.x.Mul(x * u)).Add(f.y.Mul(y * u)).Normalize()}
}

// Centre is the centre of a cell.
func (c Cell) Centre() s2.Point {
	s := c.spot()
	x, y := s.at.xy()
	return planeOf(s.face).point(x, y, c.Resolution())
}

// corners are on a grid three times finer, and for odd resolutions turned to the even
// one below: the first of them, and the sixths around.
var evenCorner, oddCorner = hex{2, 1}, hex{5, 4}

// Boundary is the outline of a cell, counterclockwise: its corners, and where an odd
// cell's edge crosses an edge of the icosahedron, since there the edge has a bend.
func (c Cell) Boundary() []s2.Point { return c.outline(true) }

func (c Cell) outline(bends bool) []s2.Point {
	res := c.Resolution()
	s := c.spot()
	centre, corner, even := s.at.scaled(3), evenCorner, res
	if res%2 == 1 {
		centre, corner, even = centre.times(intoEven), oddCorner, res+1
	}
	n := 6
	if c.pentagon() {
		n = 5
	}
	size := faceSize(even) * 3
	var out []s2.Point
	var last spot
	lastOnEdge := false
	for v := range n + 1 {
		at := spot{face: s.face, at: centre.plus(corner.turned(v % n))}
		flat := at.at
		moved := at.adjust(even, 3, false)
		for moved && n == 5 && at.adjust(even, 3, false) {
		}
		onEdge := at.sum() == size
		if bends && res%2 == 1 && v > 0 {
			if n == 5 {
				out = append(out, pentagonBend(last, at, size, even))
			} else if at.face != last.face && !lastOnEdge {
				other := last.face
				if other == s.face {
					other = at.face
				}
				before := centre.plus(corner.turned((v + 5) % 6))
				if x, y, ok := bend(before, flat, edgeTo(s.face, other), size); ok {
					out = append(out, planeOf(s.face).point(x/3, y/3, even))
				}
			}
		}
		if v < n {
			x, y := at.at.xy()
			out = append(out, planeOf(at.face).point(x/3, y/3, even))
		}
		last, lastOnEdge = at, onEdge
	}
	return out
}

func (s spot) sum() int {
	i, j, k := s.at.ijk()
	return i + j + k
}

// edgeTo is the edge of a face that another one lies beyond.
func edgeTo(face, other int) int {
	for e, c := range crossings[face] {
		if c.face == other {
			return e
		}
	}
	return 1
}

// pentagonBend is where the edge between two corners on different faces crosses.
func pentagonBend(from, to spot, size, res int) s2.Point {
	back := to
	edge := edgeTo(to.face, from.face)
	back.cross(crossings[to.face][edge], size)
	x, y, _ := bend(from.at, back.at, edgeTo(back.face, to.face), size)
	return planeOf(back.face).point(x/3, y/3, res)
}

// bend is where the line between two places crosses an edge of the face; ok is false
// when it does so at one of them.
func bend(p, q hex, edge, size int) (x, y float64, ok bool) {
	corners := [3][2]float64{}
	for i := range corners {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / 3)
		corners[i] = [2]float64{float64(size) * cos, float64(size) * sin}
	}
	ends := [3][2]int{{0, 1}, {2, 0}, {1, 2}}[edge]
	a, b := corners[ends[0]], corners[ends[1]]
	px, py := p.xy()
	qx, qy := q.xy()
	dx, dy, ex, ey := qx-px, qy-py, b[0]-a[0], b[1]-a[1]
	t := (ex*(py-a[1]) - ey*(px-a[0])) / (dx*ey - dy*ex)
	x, y = px+t*dx, py+t*dy
	const near = 1e-7
	return x, y, t > near && t < 1-near
}

// beside is the cell beyond the edge between two corners: the one that holds the
// centre mirrored on the middle of that edge.
func beside(centre, a, b s2.Point, res int) Cell {
	m := s2.Point{Vector: a.Add(b.Vector).Normalize()}
	return CellOf(s2.Point{Vector: m.Mul(2 * m.Dot(centre.Vector)).Sub(centre.Vector)}, res)
}

// neighbours are the cells around, counterclockwise from any.
func (c Cell) neighbours() []Cell {
	corners, centre := c.outline(false), c.Centre()
	out := make([]Cell, len(corners))
	for i := range corners {
		out[i] = beside(centre, corners[i], corners[(i+1)%len(corners)], c.Resolution())
	}
	return out
}

// Rings are the cells at each distance from 0 to k. A ring runs counterclockwise and
// ends in the direction of the axis i of the cell.
func (c Cell) Rings(k int) [][]Cell {
	rings := [][]Cell{{c}}
	seen := map[Cell]bool{c: true}
	for range k {
		var next []Cell
		for _, r := range rings[len(rings)-1] {
			for _, n := range r.neighbours() {
				if !seen[n] {
					seen[n] = true
					next = append(next, n)
				}
			}
		}
		c.sortAround(next, len(rings))
		rings = append(rings, next)
	}
	return rings
}

// sortAround orders the cells at a distance by their direction from c; the one
// nearest to the axis i comes last.
func (c Cell) sortAround(cells []Cell, distance int) {
	if len(cells) == 0 {
		return
	}
	s := c.spot()
	x, y := s.at.plus(hex{distance, 0}.turned(s.turns)).xy()
	onAxis := planeOf(s.face).point(x, y, c.Resolution())
	centre := c.Centre()
	u := onAxis.Sub(centre.Mul(onAxis.Dot(centre.Vector))).Normalize()
	v := centre.Cross(u)
	angles := make(map[Cell]float64, len(cells))
	last, least := cells[0], math.Inf(1)
	for _, n := range cells {
		p := n.Centre()
		angles[n] = math.Atan2(p.Dot(v), p.Dot(u))
		if d := p.Distance(onAxis).Radians(); d < least {
			last, least = n, d
		}
	}
	zero := angles[last]
	for n, a := range angles {
		if a -= zero; a <= 0 {
			a += 2 * math.Pi
		}
		angles[n] = a
	}
	angles[last] = 2 * math.Pi
	slices.SortFunc(cells, func(a, b Cell) int { return cmp.Compare(angles[a], angles[b]) })
}

// Neighbours are the cells around: in the directions k, i, ik, jk, j and ij, which is
// the order in which Kusto lists them. Those of a pentagon run clockwise from i.
func (c Cell) Neighbours() []Cell {
	ring := c.Rings(1)[1]
	if len(ring) == 6 {
		return []Cell{ring[3], ring[5], ring[4], ring[2], ring[1], ring[0]}
	}
	slices.Reverse(ring)
	return ring
}

// Fill finds the cells of a resolution whose centres are inside, starting from cells
// that hold the given points and their neighbours. It stops with ok false at more than
// most cells.
func Fill(from []s2.Point, res, most int, inside func(s2.Point) bool) (cells []Cell, ok bool) {
	seen, around := map[Cell]bool{}, map[Cell]bool{}
	var open []Cell
	add := func(c Cell) {
		if !seen[c] {
			seen[c] = true
			if inside(c.Centre()) {
				open, cells = append(open, c), append(cells, c)
			}
		}
	}
	for _, p := range from {
		c := CellOf(p, res)
		if around[c] {
			continue
		}
		around[c] = true
		add(c)
		for _, n := range c.neighbours() {
			add(n)
		}
	}
	for len(open) > 0 && len(cells) <= most {
		c := open[len(open)-1]
		open = open[:len(open)-1]
		for _, n := range c.neighbours() {
			add(n)
		}
	}
	return cells, len(cells) <= most
}
