package builtin

import (
	"math"

	"github.com/golang/geo/r3"
	"github.com/golang/geo/s2"
	"github.com/peterstace/simplefeatures/geom"
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

func (p plane) lineString(points []s2.Point, closed bool) geom.LineString {
	flat := make([]float64, 0, 2*len(points)+2)
	for _, v := range points {
		c := p.project(v)
		flat = append(flat, c.X, c.Y)
	}
	if closed {
		flat = append(flat, flat[0], flat[1])
	}
	return geom.NewLineString(geom.NewSequence(flat, geom.DimXY))
}

func (p plane) polygon(rings []ring) geom.Polygon {
	out := make([]geom.LineString, len(rings))
	for i, r := range rings {
		out[i] = p.lineString(r.loop.Vertices(), true)
	}
	return geom.NewPolygon(out)
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

// unionPlanar is the union of polygons, in a plane.
func unionPlanar(parts [][]ring) (plane, geom.Geometry, bool) {
	p, ok := planeOf(allPoints(parts)...)
	if !ok {
		return p, geom.Geometry{}, false
	}
	polygons := make([]geom.Geometry, len(parts))
	for i, part := range parts {
		polygons[i] = p.polygon(part).AsGeometry()
	}
	g, err := geom.UnionMany(polygons)
	return p, g, err == nil
}

// unionAreas is the union of polygons on the sphere.
func unionAreas(parts [][]ring) (*s2.Polygon, bool) {
	p, g, ok := unionPlanar(parts)
	if !ok {
		return nil, false
	}
	var loops []*s2.Loop
	for _, rings := range p.polygons(g) {
		for _, r := range rings {
			loop := s2.LoopFromPoints(r)
			loop.Normalize()
			loops = append(loops, loop)
		}
	}
	return s2.PolygonFromLoops(loops), true
}

// polygons takes the polygons out of a geometry, shells counterclockwise, holes clockwise.
func (p plane) polygons(g geom.Geometry) [][][]s2.Point {
	var out [][][]s2.Point
	for _, part := range parts(g) {
		poly, ok := part.AsPolygon()
		if !ok || poly.IsEmpty() {
			continue
		}
		rings := [][]s2.Point{p.ring(poly.ExteriorRing(), false)}
		for i := range poly.NumInteriorRings() {
			rings = append(rings, p.ring(poly.InteriorRingN(i), true))
		}
		out = append(out, rings)
	}
	return out
}

func (p plane) ring(l geom.LineString, hole bool) []s2.Point {
	points := p.points(l)
	points = points[:len(points)-1]
	area := 0.0
	seq := l.Coordinates()
	for i := 1; i < seq.Length(); i++ {
		a, b := seq.GetXY(i-1), seq.GetXY(i)
		area += a.X*b.Y - a.Y*b.X
	}
	if area < 0 != hole {
		for i, j := 0, len(points)-1; i < j; i, j = i+1, j-1 {
			points[i], points[j] = points[j], points[i]
		}
	}
	return points
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

// startAt turns each ring so that it starts on the earliest edge of the given rings, as
// S2 orders what it builds.
func startAt(rings []ring, polygons [][][]s2.Point) {
	const near = 1e-14
	for _, polygon := range polygons {
		for _, r := range polygon {
			best, start := math.MaxInt, 0
			for i := range r {
				mid := s2.Interpolate(0.5, r[i], r[(i+1)%len(r)])
				edge := 0
			search:
				for _, in := range rings {
					for k := range in.loop.NumVertices() {
						if edge >= best {
							break search
						}
						if s2.DistanceFromSegment(mid, in.loop.Vertex(k), in.loop.Vertex(k+1)).Radians() < near {
							best, start = edge, i
							break search
						}
						edge++
					}
				}
			}
			rotated := append(append([]s2.Point(nil), r[start:]...), r[:start]...)
			copy(r, rotated)
		}
	}
}
