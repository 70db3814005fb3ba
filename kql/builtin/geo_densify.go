package builtin

import (
	"math"

	"github.com/golang/geo/r2"
	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"

	"quarry/kql/types"
)

// tessellation is the part of a tolerance that S2's estimate of an edge's error may
// reach, so that the error itself stays within the tolerance; the Go port of S2 leaves
// the factor out.
const tessellation = 0.83829992569888509

const maxDensified = 10485760 // points of a densified shape, as documented

// flatMap is the map of longitudes and latitudes that does not go on around: the way
// from 170 to -170 leads through 0.
type flatMap struct{ s2.Projection }

func (flatMap) WrapDestination(_, b r2.Point) r2.Point { return b }

// densify puts points on the straight lines of the map, so that the sphere's lines
// between them stay within t metres. It gives nil for too many points.
func densify(flat []r2.Point, t float64, around bool) []s2.Point {
	projection := s2.NewPlateCarreeProjection(180)
	if !around {
		projection = flatMap{projection}
	}
	tessellator := s2.NewEdgeTessellator(projection, angleOf(t*tessellation))
	var out []s2.Point
	for i := 1; i < len(flat); i++ {
		if out = tessellator.AppendUnprojected(flat[i-1], flat[i], out); len(out) > maxDensified {
			return nil
		}
	}
	return out
}

// densifyArgs are tolerance and preserve_crossing.
func densifyArgs(a []types.Value) (t float64, around, ok bool) {
	t, ok = tolerance(a, 1, 0.1, 10000)
	return t, flag(argAt(a, 2)), ok
}

func densifyLine(s *shape, a []types.Value) types.Value {
	t, around, ok := densifyArgs(a)
	if !ok {
		return nil
	}
	var out [][]s2.Point
	for _, flat := range s.flat {
		points := densify(flat, t, around)
		if points == nil {
			return nil
		}
		if around {
			out = append(out, points)
		} else {
			out = append(out, cutAtAntimeridian(points)...)
		}
	}
	return linesJSON(out)
}

// cutAtAntimeridian takes a line apart where it crosses the 180th meridian; the parts
// end and start just beside it.
func cutAtAntimeridian(points []s2.Point) [][]s2.Point {
	const beside = 179.999999999999
	out := [][]s2.Point{points[:1:1]}
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		if p := s2.LatLngFromPoint(a); math.Abs(p.Lng.Degrees()-s2.LatLngFromPoint(b).Lng.Degrees()) > 180 {
			f := a.Y / (a.Y - b.Y)
			x, z := a.X+f*(b.X-a.X), a.Z+f*(b.Z-a.Z)
			lat := s1.Angle(math.Atan2(z, math.Abs(x))).Degrees()
			edge := math.Copysign(beside, p.Lng.Degrees())
			out[len(out)-1] = append(out[len(out)-1], s2.PointFromLatLng(s2.LatLngFromDegrees(lat, edge)))
			out = append(out, []s2.Point{s2.PointFromLatLng(s2.LatLngFromDegrees(lat, -edge))})
		}
		out[len(out)-1] = append(out[len(out)-1], b)
	}
	return out
}

func densifyPolygon(s *shape, a []types.Value) types.Value {
	t, around, ok := densifyArgs(a)
	if !ok {
		return nil
	}
	var out [][][]s2.Point
	for _, rings := range outline(s.area) {
		var dense [][]s2.Point
		for _, r := range rings {
			flat := make([]r2.Point, len(r)+1)
			for i := range flat {
				ll := s2.LatLngFromPoint(r[i%len(r)])
				flat[i] = r2.Point{X: ll.Lng.Degrees(), Y: ll.Lat.Degrees()}
			}
			points := densify(flat, t, around)
			if points == nil {
				return nil
			}
			dense = append(dense, points[:len(points)-1])
		}
		out = append(out, dense)
	}
	return polygonsJSON(out)
}
