package builtin

import (
	"math"
	"strings"
	"sync"

	"github.com/golang/geo/r2"
	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"

	"quarry/kql/types"
)

// The Earth of the geo functions is a sphere of this radius in metres (the one of S2,
// on which Kusto's answers are computed), unless a spheroid is asked for.
const earthRadius = 6371010.0

func metres(a s1.Angle) float64 { return a.Radians() * earthRadius }

func angleOf(metres float64) s1.Angle { return s1.Angle(metres / earthRadius) }

// geoPoint is a point of a longitude and a latitude in degrees; ok is false outside of
// -180..180 and -90..90.
func geoPoint(lng, lat types.Value) (p s2.Point, ok bool) {
	x, ok1 := number(lng)
	y, ok2 := number(lat)
	if !ok1 || !ok2 || !(math.Abs(x) <= 180) || !(math.Abs(y) <= 90) {
		return s2.Point{}, false
	}
	return s2.PointFromLatLng(s2.LatLngFromDegrees(y, x)), true
}

// shape is a parsed LineString, MultiLineString, Polygon or MultiPolygon.
type shape struct {
	lines []*s2.Polyline
	flat  [][]r2.Point // the lines' longitudes and latitudes as written
	rings []ring
	// area is the polygon of the rings, those of a MultiPolygon united.
	area *s2.Polygon
}

// ring is a closed chain of a polygon, counterclockwise for shells.
type ring struct {
	loop    *s2.Loop
	polygon int // which polygon of a MultiPolygon
	hole    bool
}

func (s *shape) isLine() bool    { return s != nil && len(s.lines) > 0 }
func (s *shape) isPolygon() bool { return s != nil && len(s.rings) > 0 }

// shapeCache keeps parsed shapes: they are often constants, or repeat row after row.
type shapeCache struct {
	mu sync.RWMutex
	m  map[string]*shape
}

const maxCachedShapes = 256

// shape parses GeoJSON text, once; nil when it is not valid. The result is shared.
func (e *Env) shape(v types.Value) *shape {
	text, ok := v.(string)
	if !ok {
		return nil
	}
	c := &e.shapes
	c.mu.RLock()
	s, ok := c.m[text]
	c.mu.RUnlock()
	if ok {
		return s
	}
	d, _ := types.ParseDyn(text)
	s = parseShape(d)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil || len(c.m) >= maxCachedShapes {
		c.m = map[string]*shape{}
	}
	c.m[strings.Clone(text)] = s
	return s
}

func (e *Env) line(v types.Value) *shape {
	if s := e.shape(v); s.isLine() {
		return s
	}
	return nil
}

func (e *Env) polygon(v types.Value) *shape {
	if s := e.shape(v); s.isPolygon() {
		return s
	}
	return nil
}

func parseShape(d types.Dyn) *shape {
	kind, _ := d.Key("type").Str()
	at := d.Key("coordinates")
	s := &shape{}
	ok := false
	switch kind {
	case "LineString":
		ok = s.addLine(at)
	case "MultiLineString":
		ok = at.Len() > 0
		for _, l := range at.Items() {
			ok = ok && s.addLine(l)
		}
	case "Polygon":
		ok = s.addPolygon(at, 0)
	case "MultiPolygon":
		ok = at.Len() > 0
		for i, p := range at.Items() {
			ok = ok && s.addPolygon(p, i)
		}
	}
	if !ok || s.isPolygon() && !s.unite() {
		return nil
	}
	return s
}

// positions reads [[lng, lat], ...]; longitudes from 180 to 360 degrees go on around.
func positions(d types.Dyn) ([]s2.Point, bool) {
	if d.Kind() != types.DynArray {
		return nil, false
	}
	out := make([]s2.Point, d.Len())
	for i, p := range d.Items() {
		lng, ok1 := p.Index(0).Float()
		lat, ok2 := p.Index(1).Float()
		if !ok1 || !ok2 || !(math.Abs(lat) <= 90) || !(math.Abs(lng) <= 360) {
			return nil, false
		}
		out[i] = s2.PointFromLatLng(s2.LatLngFromDegrees(lat, lng).Normalized())
	}
	return out, true
}

func (s *shape) addLine(d types.Dyn) bool {
	points, ok := positions(d)
	if !ok || len(points) < 2 {
		return false
	}
	line := s2.Polyline(points)
	for i := 1; i < len(line); i++ {
		if line[i-1] == line[i] || antipodal(line[i-1], line[i]) {
			return false
		}
	}
	flat := make([]r2.Point, d.Len())
	for i, p := range d.Items() {
		flat[i].X, _ = p.Index(0).Float()
		flat[i].Y, _ = p.Index(1).Float()
	}
	s.lines, s.flat = append(s.lines, &line), append(s.flat, flat)
	return true
}

func antipodal(a, b s2.Point) bool { return a.Vector.Add(b.Vector).Norm() < 1e-15 }

// addPolygon takes the rings of one polygon: the first is the shell, the others holes.
// Whichever way a ring runs, it stands for the smaller of its two sides.
func (s *shape) addPolygon(d types.Dyn, polygon int) bool {
	if d.Kind() != types.DynArray || d.Len() == 0 {
		return false
	}
	for i, r := range d.Items() {
		points, ok := positions(r)
		n := len(points)
		if !ok || n < 4 || points[0] != points[n-1] {
			return false
		}
		loop := s2.LoopFromPoints(points[:n-1])
		if loop.Validate() != nil || !simple(loop) {
			return false
		}
		loop.Normalize()
		s.rings = append(s.rings, ring{loop, polygon, i > 0})
	}
	return true
}

// maxCheckedEdges bounds the search for edges that cross, which takes their number squared.
const maxCheckedEdges = 2000

// simple reports that no vertex repeats and no edges cross.
func simple(l *s2.Loop) bool {
	n := l.NumVertices()
	seen := make(map[s2.Point]bool, n)
	for _, v := range l.Vertices() {
		if seen[v] {
			return false
		}
		seen[v] = true
	}
	if n > maxCheckedEdges {
		return true
	}
	for i := range n {
		crosser := s2.NewEdgeCrosser(l.Vertex(i), l.Vertex(i+1))
		for j := i + 2; j < n; j++ {
			if crosser.CrossingSign(l.Vertex(j), l.Vertex(j+1)) == s2.Cross {
				return false
			}
		}
	}
	return true
}

// unite makes the area of the rings.
func (s *shape) unite() bool {
	loops := make([]*s2.Loop, len(s.rings))
	for i, r := range s.rings {
		loops[i] = r.loop
	}
	if s.rings[len(s.rings)-1].polygon == 0 || !overlap(s.rings) {
		s.area = s2.PolygonFromLoops(cloneLoops(loops))
		return true
	}
	united, ok := areaOf(unionByTwos(s.parts()))
	if !ok {
		return false
	}
	s.area = united
	return true
}

// overlap reports whether shells of different polygons meet.
func overlap(rings []ring) bool {
	for i, a := range rings {
		for _, b := range rings[i+1:] {
			if a.polygon != b.polygon && !a.hole && !b.hole && a.loop.Intersects(b.loop) {
				return true
			}
		}
	}
	return false
}

// parts are the polygons of a MultiPolygon one by one, as their rings.
func (s *shape) parts() [][]ring {
	out := make([][]ring, s.rings[len(s.rings)-1].polygon+1)
	for _, r := range s.rings {
		out[r.polygon] = append(out[r.polygon], r)
	}
	return out
}

// cloneLoops copies loops, since a polygon takes them over and may turn them.
func cloneLoops(loops []*s2.Loop) []*s2.Loop {
	out := make([]*s2.Loop, len(loops))
	for i, l := range loops {
		out[i] = s2.LoopFromPoints(append([]s2.Point(nil), l.Vertices()...))
	}
	return out
}

// GeoJSON texts.

// position is a point in degrees, to 13 decimals: about ten nanometres, which is what
// going by way of the sphere leaves exact.
func position(p s2.Point) types.Dyn {
	ll := s2.LatLngFromPoint(p)
	return degrees(roundDegrees(ll.Lng), roundDegrees(ll.Lat))
}

func roundDegrees(a s1.Angle) float64 { return math.Round(a.Degrees()*1e13) / 1e13 }

// degrees is a longitude and a latitude as a GeoJSON position.
func degrees(lng, lat float64) types.Dyn {
	return types.DynList([]types.Dyn{types.DynReal(lng), types.DynReal(lat)})
}

func positionList(points []s2.Point, closed bool) types.Dyn {
	out := make([]types.Dyn, 0, len(points)+1)
	for _, p := range points {
		out = append(out, position(p))
	}
	if closed && len(points) > 0 {
		out = append(out, out[0])
	}
	return types.DynList(out)
}

func geoJSON(kind string, coordinates types.Dyn) types.Value {
	return bagWith("type", types.DynText(kind), "coordinates", coordinates).String()
}

func pointJSON(p s2.Point) types.Value { return geoJSON("Point", position(p)) }

func linesJSON(lines [][]s2.Point) types.Value {
	if len(lines) == 1 {
		return geoJSON("LineString", positionList(lines[0], false))
	}
	out := make([]types.Dyn, len(lines))
	for i, l := range lines {
		out[i] = positionList(l, false)
	}
	return geoJSON("MultiLineString", types.DynList(out))
}

// polygonsJSON writes polygons, each a shell and its holes.
func polygonsJSON(polygons [][][]s2.Point) types.Value {
	out := make([]types.Dyn, len(polygons))
	for i, rings := range polygons {
		items := make([]types.Dyn, len(rings))
		for j, r := range rings {
			items[j] = positionList(r, true)
		}
		out[i] = types.DynList(items)
	}
	if len(out) == 1 {
		return geoJSON("Polygon", out[0])
	}
	return geoJSON("MultiPolygon", types.DynList(out))
}

func emptyCollection() types.Value {
	return bagWith("type", types.DynText("GeometryCollection"), "geometries", types.DynList(nil)).String()
}
