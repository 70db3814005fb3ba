package builtin

import (
	"math"

	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"

	"quarry/kql/types"
)

// flag reads an argument that is a boolean or a number.
func flag(v types.Value) bool {
	if b, ok := v.(bool); ok {
		return b
	}
	f, ok := number(v)
	return ok && f != 0
}

// distance: two points, and whether to measure on the spheroid.
func distanceGo(_ *Env, a []types.Value) types.Value {
	p, ok1 := geoPoint(a[0], a[1])
	q, ok2 := geoPoint(a[2], a[3])
	if !ok1 || !ok2 {
		return nil
	}
	if flag(argAt(a, 4)) {
		return spheroidDistance(s2.LatLngFromPoint(p), s2.LatLngFromPoint(q))
	}
	return metres(p.Distance(q))
}

// spheroidDistance is the length of the geodesic on the WGS 84 ellipsoid, by
// Vincenty's inverse formula; for nearly antipodal points, where that does not
// converge, by the distance on the sphere.
func spheroidDistance(p, q s2.LatLng) float64 {
	const major, flattening = 6378137.0, 1 / 298.257223563
	const minor = major * (1 - flattening)
	lng := q.Lng.Radians() - p.Lng.Radians()
	sinU1, cosU1 := math.Sincos(math.Atan((1 - flattening) * math.Tan(p.Lat.Radians())))
	sinU2, cosU2 := math.Sincos(math.Atan((1 - flattening) * math.Tan(q.Lat.Radians())))
	for lambda, round := lng, 0; round < 200; round++ {
		sinL, cosL := math.Sincos(lambda)
		sinSigma := math.Hypot(cosU2*sinL, cosU1*sinU2-sinU1*cosU2*cosL)
		if sinSigma == 0 {
			return 0
		}
		cosSigma := sinU1*sinU2 + cosU1*cosU2*cosL
		sigma := math.Atan2(sinSigma, cosSigma)
		sinAlpha := cosU1 * cosU2 * sinL / sinSigma
		cos2Alpha := 1 - sinAlpha*sinAlpha
		cos2M := 0.0
		if cos2Alpha > 0 {
			cos2M = cosSigma - 2*sinU1*sinU2/cos2Alpha
		}
		c := flattening / 16 * cos2Alpha * (4 + flattening*(4-3*cos2Alpha))
		next := lng + (1-c)*flattening*sinAlpha*(sigma+c*sinSigma*(cos2M+c*cosSigma*(2*cos2M*cos2M-1)))
		if math.Abs(next-lambda) > 1e-13 {
			lambda = next
			continue
		}
		u2 := cos2Alpha * (major*major - minor*minor) / (minor * minor)
		k1 := 1 + u2/16384*(4096+u2*(-768+u2*(320-175*u2)))
		k2 := u2 / 1024 * (256 + u2*(-128+u2*(74-47*u2)))
		delta := k2 * sinSigma * (cos2M + k2/4*(cosSigma*(2*cos2M*cos2M-1)-k2/6*cos2M*(4*sinSigma*sinSigma-3)*(4*cos2M*cos2M-3)))
		return minor * k1 * (sigma - delta)
	}
	return metres(p.Distance(q))
}

// angleGo is the angle, clockwise, from the line p2-p1 to the line p2-p3.
func angleGo(_ *Env, a []types.Value) types.Value {
	p, ok1 := geoPoint(a[0], a[1])
	q, ok2 := geoPoint(a[2], a[3])
	r, ok3 := geoPoint(a[4], a[5])
	if !ok1 || !ok2 || !ok3 || p == q || q == r || antipodal(p, q) || antipodal(q, r) {
		return nil
	}
	return wholeTurn(math.Pi - float64(s2.TurnAngle(p, q, r)))
}

// wholeTurn brings an angle into [0, 2 pi).
func wholeTurn(a float64) float64 {
	if a = math.Mod(a, 2*math.Pi); a < 0 {
		a += 2 * math.Pi
	}
	return a
}

// azimuthGo is the angle, clockwise from north, at which the shortest way leaves.
func azimuthGo(_ *Env, a []types.Value) types.Value {
	p, ok1 := geoPoint(a[0], a[1])
	q, ok2 := geoPoint(a[2], a[3])
	if !ok1 || !ok2 || p == q || antipodal(p, q) {
		return nil
	}
	return wholeTurn(azimuth(p, q))
}

func azimuth(p, q s2.Point) float64 {
	a, b := s2.LatLngFromPoint(p), s2.LatLngFromPoint(q)
	sin1, cos1 := math.Sincos(a.Lat.Radians())
	sin2, cos2 := math.Sincos(b.Lat.Radians())
	sinL, cosL := math.Sincos(b.Lng.Radians() - a.Lng.Radians())
	return math.Atan2(sinL*cos2, cos1*sin2-sin1*cos2*cosL)
}

func inCircleGo(_ *Env, a []types.Value) types.Value {
	p, ok1 := geoPoint(a[0], a[1])
	c, ok2 := geoPoint(a[2], a[3])
	r, ok3 := number(a[4])
	if !ok1 || !ok2 || !ok3 || !(r >= 0) {
		return nil
	}
	return metres(p.Distance(c)) <= r
}

func inPolygonGo(e *Env, a []types.Value) types.Value {
	p, ok := geoPoint(a[0], a[1])
	s := e.polygon(a[2])
	if !ok || s == nil {
		return nil
	}
	return s.area.ContainsPoint(p)
}

// closestOnLine is the point of the lines that is nearest.
func (s *shape) closestOnLine(p s2.Point) (best s2.Point) {
	least := s1.InfAngle()
	for _, l := range s.lines {
		q, _ := l.Project(p)
		if d := p.Distance(q); d < least {
			best, least = q, d
		}
	}
	return best
}

// closestOnArea is the point of the polygon that is nearest: p itself when it is inside.
func (s *shape) closestOnArea(p s2.Point) s2.Point {
	if s.area.ContainsPoint(p) {
		return p
	}
	best, least := p, s1.InfAngle()
	for _, l := range s.area.Loops() {
		for i := range l.NumVertices() {
			q := s2.Project(p, l.Vertex(i), l.Vertex(i+1))
			if d := p.Distance(q); d < least {
				best, least = q, d
			}
		}
	}
	return best
}

// nearest makes a Go form out of what to do with a point and the point of the line or
// polygon that is nearest to it.
func nearest(polygon bool, f func(p, on s2.Point) types.Value) func(*Env, []types.Value) types.Value {
	return func(e *Env, a []types.Value) types.Value {
		p, ok := geoPoint(a[0], a[1])
		s := e.shape(a[2])
		switch {
		case ok && polygon && s.isPolygon():
			return f(p, s.closestOnArea(p))
		case ok && !polygon && s.isLine():
			return f(p, s.closestOnLine(p))
		}
		return nil
	}
}

func pointOn(_, on s2.Point) types.Value { return pointJSON(on) }

func metresTo(p, on s2.Point) types.Value { return metres(p.Distance(on)) }

// ofLine and ofPolygon make Go forms of functions of one shape.
func ofLine(f func(s *shape, a []types.Value) types.Value) func(*Env, []types.Value) types.Value {
	return func(e *Env, a []types.Value) types.Value {
		if s := e.line(a[0]); s != nil {
			return f(s, a)
		}
		return nil
	}
}

func ofPolygon(f func(s *shape, a []types.Value) types.Value) func(*Env, []types.Value) types.Value {
	return func(e *Env, a []types.Value) types.Value {
		if s := e.polygon(a[0]); s != nil {
			return f(s, a)
		}
		return nil
	}
}

func lineLength(s *shape, _ []types.Value) types.Value {
	var sum s1.Angle
	for _, l := range s.lines {
		sum += l.Length()
	}
	return metres(sum)
}

func lineCentroid(s *shape, _ []types.Value) types.Value {
	var sum s2.Point
	for _, l := range s.lines {
		sum.Vector = sum.Add(l.Centroid().Vector)
	}
	return pointJSON(s2.Point{Vector: sum.Normalize()})
}

func polygonArea(s *shape, _ []types.Value) types.Value {
	return s.area.Area() * earthRadius * earthRadius
}

func polygonCentroid(s *shape, _ []types.Value) types.Value {
	return pointJSON(s2.Point{Vector: s.area.Centroid().Normalize()})
}

func polygonPerimeter(s *shape, _ []types.Value) types.Value {
	var sum s1.Angle
	for _, l := range s.area.Loops() {
		for i := range l.NumVertices() {
			sum += l.Vertex(i).Distance(l.Vertex(i + 1))
		}
	}
	return metres(sum)
}

// interpolateGo: one line, fraction of its length.
func interpolateGo(s *shape, a []types.Value) types.Value {
	f, ok := number(a[1])
	if !ok || len(s.lines) != 1 || !(f >= 0 && f <= 1) {
		return nil
	}
	p, _ := s.lines[0].Interpolate(f)
	return pointJSON(p)
}

// locateGo: one line, point. The fraction of the length where the line is nearest.
func locateGo(s *shape, a []types.Value) types.Value {
	p, ok := geoPoint(a[1], a[2])
	if !ok || len(s.lines) != 1 {
		return nil
	}
	l := s.lines[0]
	q, next := l.Project(p)
	if !flag(argAt(a, 3)) {
		return l.Uninterpolate(q, next)
	}
	var before, total float64
	for i := 1; i < len(*l); i++ {
		d := spheroidDistance(s2.LatLngFromPoint((*l)[i-1]), s2.LatLngFromPoint((*l)[i]))
		if total += d; i < next {
			before += d
		}
	}
	before += spheroidDistance(s2.LatLngFromPoint((*l)[next-1]), s2.LatLngFromPoint(q))
	return min(1, before/total)
}
