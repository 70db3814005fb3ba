package builtin

import (
	"math"
	"slices"

	"github.com/golang/geo/r3"
	"github.com/golang/geo/s2"
	"github.com/peterstace/simplefeatures/geom"

	"quarry/kql/types"
)

// plane is a gnomonic projection: it turns the shortest lines of the sphere into
// straight ones, so that sets of points can be joined in the plane. It reaches less
// than a quarter of the way around from its centre.
type plane struct{ x, y, z r3.Vector }

const reach = 0.01 // least cosine of the angle from the centre

// planeOf is a plane that holds all points; ok is false when they spread too far.
func planeOf(groups ...[]s2.Point) (p plane, ok bool) {
	var sum r3.Vector
	for _, g := range groups {
		for _, v := range g {
			sum = sum.Add(v.Vector)
		}
	}
	if sum.Norm() < 1e-9 {
		return p, false
	}
	p.z = sum.Normalize()
	p.x = p.z.Ortho()
	p.y = p.z.Cross(p.x)
	for _, g := range groups {
		for _, v := range g {
			if v.Dot(p.z) < reach {
				return p, false
			}
		}
	}
	return p, true
}

func (p plane) project(v s2.Point) geom.XY {
	d := v.Dot(p.z)
	return geom.XY{X: v.Dot(p.x) / d, Y: v.Dot(p.y) / d}
}

func (p plane) unproject(c geom.XY) s2.Point {
	return s2.Point{Vector: p.x.Mul(c.X).Add(p.y.Mul(c.Y)).Add(p.z).Normalize()}
}

func (p plane) lineString(points []s2.Point) geom.LineString {
	flat := make([]float64, 0, 2*len(points))
	for _, v := range points {
		c := p.project(v)
		flat = append(flat, c.X, c.Y)
	}
	return geom.NewLineString(geom.NewSequence(flat, geom.DimXY))
}

func pointsOf(rings []ring) []s2.Point {
	var out []s2.Point
	for _, r := range rings {
		out = append(out, r.loop.Vertices()...)
	}
	return out
}

func allPoints(parts [][]ring) [][]s2.Point {
	out := make([][]s2.Point, len(parts))
	for i, p := range parts {
		out[i] = pointsOf(p)
	}
	return out
}

// flatRings are rings in a plane, the first point not repeated: of the shells and
// holes of polygons, shells counterclockwise.
type flatRings [][]geom.XY

func (p plane) flat(rings []ring) flatRings {
	out := make(flatRings, len(rings))
	for i, r := range rings {
		for _, v := range r.loop.Vertices() {
			out[i] = append(out[i], p.project(v))
		}
		if r.hole {
			slices.Reverse(out[i])
		}
	}
	return out
}

// geometry makes polygons of rings of which each shell comes before its holes.
func (f flatRings) geometry() geom.Geometry {
	var polygons []geom.Polygon
	var rings []geom.LineString
	for i, r := range f {
		if i > 0 && area(r) > 0 {
			polygons, rings = append(polygons, geom.NewPolygon(rings)), nil
		}
		flat := make([]float64, 0, 2*len(r)+2)
		for k := range len(r) + 1 {
			flat = append(flat, r[k%len(r)].X, r[k%len(r)].Y)
		}
		rings = append(rings, geom.NewLineString(geom.NewSequence(flat, geom.DimXY)))
	}
	return geom.NewMultiPolygon(append(polygons, geom.NewPolygon(rings))).AsGeometry()
}

func (f flatRings) corners() (n int) {
	for _, r := range f {
		n += len(r)
	}
	return n
}

// area is twice the area of a ring, negative when it runs clockwise.
func area(r []geom.XY) (sum float64) {
	for i, a := range r {
		b := r[(i+1)%len(r)]
		sum += a.X*b.Y - a.Y*b.X
	}
	return sum
}

// ringsOf takes the polygons out of a geometry. Rings start, and polygons come, in the
// order of the edges they were made of, as S2 has it; see canonical.
func ringsOf(g geom.Geometry, of ...flatRings) flatRings {
	ids := newEdgeIDs(of)
	var polygons []flatRings
	first := map[*geom.XY]int{}
	for _, part := range parts(g) {
		poly, ok := part.AsPolygon()
		if !ok || poly.IsEmpty() {
			continue
		}
		var rings flatRings
		for i, l := range poly.DumpRings() {
			seq := l.Coordinates()
			r := make([]geom.XY, seq.Length()-1)
			for k := range r {
				r[k] = seq.GetXY(k)
			}
			if area(r) < 0 != (i > 0) {
				slices.Reverse(r)
			}
			id := 0
			r, id = ids.canonical(r)
			if rings = append(rings, r); i == 0 {
				first[&r[0]] = id
			}
		}
		polygons = append(polygons, rings)
	}
	slices.SortStableFunc(polygons, func(a, b flatRings) int { return first[&a[0][0]] - first[&b[0][0]] })
	return slices.Concat(polygons...)
}

// edgeIDs numbers the edges of rings in their order.
type edgeIDs struct {
	edges    [][2]geom.XY
	from, to map[geom.XY][]int
}

func newEdgeIDs(of []flatRings) *edgeIDs {
	e := &edgeIDs{from: map[geom.XY][]int{}, to: map[geom.XY][]int{}}
	for _, rings := range of {
		for _, r := range rings {
			for i, a := range r {
				b := r[(i+1)%len(r)]
				e.from[a] = append(e.from[a], len(e.edges))
				e.to[b] = append(e.to[b], len(e.edges))
				e.edges = append(e.edges, [2]geom.XY{a, b})
			}
		}
	}
	return e
}

// of is the first edge that the edge from a to b is a part of, running the same way.
func (e *edgeIDs) of(a, b geom.XY) int {
	best := math.MaxInt
	for _, candidates := range [][]int{e.from[a], e.to[b]} {
		for _, id := range candidates {
			if id < best && e.holds(id, a, b) {
				best = id
			}
		}
	}
	if best == math.MaxInt && len(e.from[a]) == 0 && len(e.to[b]) == 0 {
		for id := range e.edges {
			if e.holds(id, a, b) {
				return id
			}
		}
	}
	return best
}

func (e *edgeIDs) holds(id int, a, b geom.XY) bool {
	const near = 1e-13
	p, q := e.edges[id][0], e.edges[id][1]
	d := q.Sub(p)
	length := d.Dot(d)
	on := func(x geom.XY) bool {
		v := x.Sub(p)
		along := v.Dot(d)
		off := d.Cross(v)
		return off*off <= near*near*length && along >= -near*math.Sqrt(length) && along <= length+near*math.Sqrt(length)
	}
	return on(a) && on(b) && b.Sub(a).Dot(d) > 0
}

// canonical turns a ring so that its edge of the highest number comes last, the last of
// several that are parts of one. It returns the number of the first edge with it.
// Corners that are neither given nor made by two edges go: the overlay leaves some
// where it linked what lies apart.
func (e *edgeIDs) canonical(r []geom.XY) ([]geom.XY, int) {
	number := func(r []geom.XY) []int {
		ids := make([]int, len(r))
		for i := range r {
			ids[i] = e.of(r[i], r[(i+1)%len(r)])
		}
		return ids
	}
	ids := number(r)
	kept := make([]geom.XY, 0, len(r))
	for i, c := range r {
		before := ids[(i+len(r)-1)%len(r)]
		if before != ids[i] || before == math.MaxInt || len(e.from[c]) > 0 {
			kept = append(kept, c)
		}
	}
	if len(kept) >= 3 && len(kept) < len(r) {
		r = kept
		ids = number(r)
	}
	n, last := len(r), 0
	for i, id := range ids {
		if id > ids[last] || id == ids[last] && ids[(i+1)%n] != id {
			last = i
		}
	}
	start := (last + 1) % n
	return slices.Concat(r[start:], r[:start]), ids[start]
}

// polygons groups rings by polygon and puts them on the sphere.
func (p plane) polygons(f flatRings) [][][]s2.Point {
	var out [][][]s2.Point
	for _, r := range f {
		points := make([]s2.Point, len(r))
		for i, c := range r {
			points[i] = p.unproject(c)
		}
		if area(r) > 0 || out == nil {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], points)
	}
	return out
}

// unionByTwos joins polygons two by two, those with the fewest corners first, as S2 does: the
// order of the corners in the result depends on it.
func unionByTwos(parts [][]ring) (plane, flatRings, bool) {
	p, ok := planeOf(allPoints(parts)...)
	if !ok {
		return p, nil, false
	}
	queue := make([]flatRings, len(parts))
	for i, part := range parts {
		queue[i] = p.flat(part)
	}
	byCorners := func(a, b flatRings) int { return a.corners() - b.corners() }
	slices.SortStableFunc(queue, byCorners)
	for len(queue) > 1 {
		a, b := queue[0], queue[1]
		g, err := geom.Union(a.geometry(), b.geometry())
		if err != nil {
			return p, nil, false
		}
		joined := ringsOf(g, a, b)
		queue = queue[2:]
		at, _ := slices.BinarySearchFunc(queue, joined.corners()+1, func(f flatRings, n int) int { return f.corners() - n })
		queue = slices.Insert(queue, at, joined)
	}
	return p, queue[0], true
}

// unionAll is the union of many pieces at once.
func unionAll(parts [][]ring) (plane, flatRings, bool) {
	p, ok := planeOf(allPoints(parts)...)
	if !ok {
		return p, nil, false
	}
	flat := make([]flatRings, len(parts))
	pieces := make([]geom.Geometry, len(parts))
	for i, part := range parts {
		flat[i] = p.flat(part)
		pieces[i] = flat[i].geometry()
	}
	g, err := geom.UnionMany(pieces)
	if err != nil {
		return p, nil, false
	}
	return p, ringsOf(g, flat...), true
}

// areaOf makes the area that a union gave.
func areaOf(p plane, f flatRings, ok bool) (*s2.Polygon, bool) {
	if !ok {
		return nil, false
	}
	var loops []*s2.Loop
	for _, rings := range p.polygons(f) {
		for _, r := range rings {
			loop := s2.LoopFromPoints(r)
			loop.Normalize()
			loops = append(loops, loop)
		}
	}
	return s2.PolygonFromLoops(loops), true
}

// unionJSON is what a union gave as GeoJSON.
func unionJSON(p plane, f flatRings, ok bool) types.Value {
	if !ok {
		return nil
	}
	return polygonsJSON(p.polygons(f))
}

func (p plane) points(l geom.LineString) []s2.Point {
	seq := l.Coordinates()
	out := make([]s2.Point, seq.Length())
	for i := range out {
		out[i] = p.unproject(seq.GetXY(i))
	}
	return out
}

// parts takes collections apart.
func parts(g geom.Geometry) []geom.Geometry {
	var out []geom.Geometry
	switch g.Type() {
	case geom.TypeGeometryCollection:
		c := g.MustAsGeometryCollection()
		for i := range c.NumGeometries() {
			out = append(out, parts(c.GeometryN(i))...)
		}
	case geom.TypeMultiPolygon:
		c := g.MustAsMultiPolygon()
		for i := range c.NumPolygons() {
			out = append(out, c.PolygonN(i).AsGeometry())
		}
	case geom.TypeMultiLineString:
		c := g.MustAsMultiLineString()
		for i := range c.NumLineStrings() {
			out = append(out, c.LineStringN(i).AsGeometry())
		}
	case geom.TypeMultiPoint:
		c := g.MustAsMultiPoint()
		for i := range c.NumPoints() {
			out = append(out, c.PointN(i).AsGeometry())
		}
	default:
		if !g.IsEmpty() {
			out = append(out, g)
		}
	}
	return out
}
