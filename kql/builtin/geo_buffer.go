package builtin

import (
	"math"

	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"

	"quarry/kql/types"
)

// A buffer is put together from the shape, a band along each edge, and a wedge at each
// corner that sticks out. Its round parts are chains of chords that stray from the
// circle by no more than the tolerance.

// chord is the angle, seen from the centre, of a chord that strays by the tolerance,
// which is kept between 0.0001 % of the radius and the radius.
func chord(radius, t float64) float64 {
	t = min(radius, max(t, radius*1e-6))
	return 2 * math.Acos(math.Tan((radius-t)/earthRadius)/math.Tan(radius/earthRadius))
}

const maxRadius = math.Pi / 2 * earthRadius

// bufferArgs are radius and tolerance of a buffer, at the i-th argument.
func bufferArgs(a []types.Value, i int) (radius, t float64, ok bool) {
	radius, ok = number(a[i])
	t, ok2 := tolerance(a, i+1, 0, math.MaxFloat64)
	return radius, t, ok && ok2 && radius > 0 && radius < maxRadius && t > 0
}

func pointBuffer(_ *Env, a []types.Value) types.Value {
	p, ok := geoPoint(a[0], a[1])
	radius, t, ok2 := bufferArgs(a, 2)
	if !ok || !ok2 {
		return nil
	}
	n := max(3, int(math.Ceil(2*math.Pi/chord(radius, t))))
	start := direction(p, s2.Ortho(p))
	out := make([]s2.Point, n)
	for i := range out {
		out[i] = destination(p, start-2*math.Pi*float64(i)/float64(n), angleOf(radius))
	}
	return polygonsJSON([][][]s2.Point{{out}})
}

// compass gives the directions north and east at a point.
func compass(p s2.Point) (north, east s2.Point) {
	ll := s2.LatLngFromPoint(p)
	sinLat, cosLat := math.Sincos(ll.Lat.Radians())
	sinLng, cosLng := math.Sincos(ll.Lng.Radians())
	return s2.PointFromCoords(-sinLat*cosLng, -sinLat*sinLng, cosLat), s2.PointFromCoords(-sinLng, cosLng, 0)
}

// direction is the azimuth of a vector at a point.
func direction(p, v s2.Point) float64 {
	north, east := compass(p)
	return math.Atan2(v.Dot(east.Vector), v.Dot(north.Vector))
}

// destination is where a way from p at an azimuth leads.
func destination(p s2.Point, azimuth float64, d s1.Angle) s2.Point {
	north, east := compass(p)
	sinA, cosA := math.Sincos(azimuth)
	sinD, cosD := math.Sincos(d.Radians())
	return s2.Point{Vector: p.Mul(cosD).Add(north.Mul(sinD * cosA)).Add(east.Mul(sinD * sinA)).Normalize()}
}

// buffer collects the pieces.
type buffer struct {
	radius s1.Angle
	chord  float64
	pieces [][]ring
}

func (b *buffer) add(points ...s2.Point) {
	loop := s2.LoopFromPoints(points)
	loop.Normalize()
	b.pieces = append(b.pieces, []ring{{loop: loop}})
}

// right is the point at the radius to the right of p on the way at an azimuth.
func (b *buffer) right(p s2.Point, azimuth float64) s2.Point {
	return destination(p, azimuth+math.Pi/2, b.radius)
}

// wedge is the part of the circle around p counterclockwise between the azimuths.
func (b *buffer) wedge(p s2.Point, from, to float64) {
	sweep := wholeTurn(from - to)
	if sweep < 1e-12 || sweep > math.Pi+1e-9 {
		return // the corner sticks in
	}
	points := []s2.Point{p}
	for turn := 0.0; turn < sweep-1e-12; turn += b.chord {
		points = append(points, destination(p, from-turn, b.radius))
	}
	b.add(append(points, destination(p, to, b.radius))...)
}

// chain adds what lies right of a chain of points, and at its corners; a closed one has
// a corner at its first point too.
func (b *buffer) chain(points []s2.Point, closed bool) {
	n := len(points)
	edges := n - 1
	if closed {
		edges = n
	}
	for i := range edges {
		p, q := points[i], points[(i+1)%n]
		out, in := azimuth(p, q), azimuth(q, p)+math.Pi
		b.add(p, q, b.right(q, in), b.right(p, out))
		if closed || i+1 < edges {
			b.wedge(q, in+math.Pi/2, azimuth(q, points[(i+2)%n])+math.Pi/2)
		}
	}
}

func lineBuffers(s *shape, radius, t float64) [][]ring {
	b := &buffer{radius: angleOf(radius), chord: chord(radius, t)}
	for _, l := range s.lines {
		n := len(*l)
		start, end := azimuth((*l)[0], (*l)[1]), azimuth((*l)[n-1], (*l)[n-2])
		b.wedge((*l)[0], start-math.Pi/2, start+math.Pi/2)
		b.chain(*l, false)
		b.wedge((*l)[n-1], end-math.Pi/2, end+math.Pi/2)
		b.chain(reversedPoints(*l), false)
	}
	return b.pieces
}

// grown is the polygon and all within the radius of it.
func (s *shape) grown(radius, t float64) [][]ring {
	b := &buffer{radius: angleOf(radius), chord: chord(radius, t), pieces: s.parts()}
	for _, l := range s.area.Loops() {
		points := l.Vertices()
		if l.IsHole() {
			points = reversedPoints(points)
		}
		b.chain(points, true)
	}
	return b.pieces
}

func lineBuffer(s *shape, a []types.Value) types.Value {
	radius, t, ok := bufferArgs(a, 1)
	if !ok {
		return nil
	}
	return unionJSON(unionAll(lineBuffers(s, radius, t)))
}

func polygonBuffer(s *shape, a []types.Value) types.Value {
	radius, t, ok := bufferArgs(a, 1)
	if !ok {
		return nil
	}
	return unionJSON(unionAll(s.grown(radius, t)))
}
