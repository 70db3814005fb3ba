package builtin

import (
	"math"
	"slices"

	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"
	"github.com/peterstace/simplefeatures/geom"

	"quarry/kql/types"
)

const defaultTolerance = 10.0 // metres

// tolerance is the i-th argument in metres; ok is false outside of least..most.
func tolerance(a []types.Value, i int, least, most float64) (float64, bool) {
	if i >= len(a) {
		return defaultTolerance, true
	}
	f, ok := number(a[i])
	return f, ok && f >= least && f <= most
}

func simplifyLine(s *shape, a []types.Value) types.Value {
	t, ok := tolerance(a, 1, 0, math.MaxFloat64)
	if !ok {
		return nil
	}
	var out [][]s2.Point
	for _, l := range s.lines {
		var kept []s2.Point
		for _, k := range l.SubsampleVertices(angleOf(t)) {
			kept = append(kept, (*l)[k])
		}
		// No two vertices stay closer than the tolerance, so a short line disappears.
		if len(kept) < 2 || len(kept) == 2 && kept[0].Distance(kept[1]) < angleOf(t) {
			continue
		}
		out = append(out, kept)
	}
	if out == nil {
		return nil
	}
	return linesJSON(out)
}

// simplifyRing drops vertices within the tolerance of what stays; nil when fewer than
// three stay.
func simplifyRing(r []s2.Point, t float64) []s2.Point {
	closed := s2.Polyline(append(append([]s2.Point(nil), r...), r[0]))
	var out []s2.Point
	keep := closed.SubsampleVertices(angleOf(t))
	for _, k := range keep[:len(keep)-1] {
		out = append(out, closed[k])
	}
	if len(out) < 3 {
		return nil
	}
	return out
}

// simplifyPolygons simplifies shells and drops holes that vanish; nil when a shell does
// or edges come to cross.
func simplifyPolygons(polygons [][][]s2.Point, t float64) types.Value {
	var out [][][]s2.Point
	for _, rings := range polygons {
		var kept [][]s2.Point
		for i, r := range rings {
			r = simplifyRing(r, t)
			switch {
			case r == nil && i == 0:
				return nil
			case r == nil:
				continue
			case !simple(s2.LoopFromPoints(r)):
				return nil
			}
			kept = append(kept, r)
		}
		out = append(out, kept)
	}
	return polygonsJSON(out)
}

// outline is the polygons of an area: shells with the holes that lie in them.
func outline(area *s2.Polygon) [][][]s2.Point {
	var out [][][]s2.Point
	for i := range area.NumLoops() {
		l := area.Loop(i)
		v := append([]s2.Point(nil), l.Vertices()...)
		if l.IsHole() {
			for i, j := 0, len(v)-1; i < j; i, j = i+1, j-1 {
				v[i], v[j] = v[j], v[i]
			}
			if len(out) > 0 {
				out[len(out)-1] = append(out[len(out)-1], v)
			}
			continue
		}
		out = append(out, [][]s2.Point{v})
	}
	return out
}

func simplifyPolygon(s *shape, a []types.Value) types.Value {
	t, ok := tolerance(a, 1, 0, math.MaxFloat64)
	if !ok {
		return nil
	}
	return simplifyPolygons(outline(s.area), t)
}

// Sets of shapes.

// geometry is a shape in the plane, and for polygons their rings, too.
func (p plane) geometry(s *shape) (geom.Geometry, flatRings) {
	if s.isLine() {
		lines := make([]geom.LineString, len(s.lines))
		for i, l := range s.lines {
			lines[i] = p.lineString(*l)
		}
		return geom.NewMultiLineString(lines).AsGeometry(), nil
	}
	rings := p.flat(s.rings)
	if parts := s.parts(); len(parts) > 1 {
		var polygons []geom.Geometry
		for _, part := range parts {
			polygons = append(polygons, p.flat(part).geometry())
		}
		if g, err := geom.UnionMany(polygons); err == nil {
			return g, rings
		}
	}
	return rings.geometry(), rings
}

func (s *shape) points() []s2.Point {
	var out []s2.Point
	for _, l := range s.lines {
		out = append(out, *l...)
	}
	return append(out, pointsOf(s.rings)...)
}

// pair makes a Go form of two shapes, lines or polygons.
func pair(line1, line2 bool, f func(a, b *shape) types.Value) func(*Env, []types.Value) types.Value {
	return func(e *Env, v []types.Value) types.Value {
		a, b := e.shape(v[0]), e.shape(v[1])
		if a == nil || b == nil || a.isLine() != line1 || b.isLine() != line2 {
			return nil
		}
		return f(a, b)
	}
}

func intersects(a, b *shape) types.Value {
	switch {
	case a.isLine() && b.isLine():
		for _, l := range a.lines {
			for _, m := range b.lines {
				if l.Intersects(m) {
					return true
				}
			}
		}
		return false
	case a.isPolygon() && b.isPolygon():
		if a.area.Intersects(b.area) {
			return true
		}
		return touches(edgesOf(b.area), a.area)
	}
	for _, l := range a.lines {
		for _, v := range *l {
			if b.area.ContainsPoint(v) {
				return true
			}
		}
		for _, loop := range b.area.Loops() {
			closed := s2.Polyline(append(append([]s2.Point(nil), loop.Vertices()...), loop.Vertex(0)))
			if l.Intersects(&closed) {
				return true
			}
		}
	}
	return false
}

func edgesOf(area *s2.Polygon) []*s2.Polyline {
	var out []*s2.Polyline
	for _, l := range area.Loops() {
		closed := s2.Polyline(append(append([]s2.Point(nil), l.Vertices()...), l.Vertex(0)))
		out = append(out, &closed)
	}
	return out
}

// touches reports whether boundaries meet in a point, which S2's areas do not count.
func touches(lines []*s2.Polyline, area *s2.Polygon) bool {
	for _, l := range lines {
		for _, m := range edgesOf(area) {
			if l.Intersects(m) {
				return true
			}
		}
	}
	return false
}

func intersection(a, b *shape) types.Value {
	p, ok := planeOf(a.points(), b.points())
	if !ok {
		return nil
	}
	x, xRings := p.geometry(a)
	y, yRings := p.geometry(b)
	g, err := geom.Intersection(x, y)
	if err != nil {
		return nil
	}
	var points []s2.Point
	var lines [][]s2.Point
	for _, part := range parts(g) {
		if l, ok := part.AsLineString(); ok {
			lines = append(lines, p.points(l))
		} else if c, ok := part.AsPoint(); ok {
			xy, _ := c.XY()
			points = append(points, p.unproject(xy))
		}
	}
	orient(lines, slices.Concat(a.lines, b.lines))
	var out []types.Value
	switch {
	case len(points) == 1:
		out = append(out, pointJSON(points[0]))
	case len(points) > 1:
		out = append(out, geoJSON("MultiPoint", positionList(points, false)))
	}
	if len(lines) > 0 {
		out = append(out, linesJSON(lines))
	}
	if f := ringsOf(g, xRings, yRings); len(f) > 0 {
		out = append(out, polygonsJSON(p.polygons(f)))
	}
	switch len(out) {
	case 0:
		return emptyCollection()
	case 1:
		return out[0]
	}
	geometries := make([]types.Dyn, len(out))
	for i, o := range out {
		geometries[i], _ = types.ParseDyn(o.(string))
	}
	return bagWith("type", types.DynText("GeometryCollection"), "geometries", types.DynList(geometries)).String()
}

// shapesOf parses an array of shapes; ok is false when one is not of the kind.
func shapesOf(v types.Value, line bool) ([]*shape, bool) {
	items, ok := seriesItems(v)
	if !ok || len(items) == 0 {
		return nil, false
	}
	out := make([]*shape, len(items))
	for i, d := range items {
		s := parseShape(d)
		if s == nil || s.isLine() != line {
			return nil, false
		}
		out[i] = s
	}
	return out, true
}

func unionPolygonsGo(_ *Env, a []types.Value) types.Value {
	shapes, ok := shapesOf(a[0], false)
	if !ok {
		return nil
	}
	var all [][]ring
	for _, s := range shapes {
		all = append(all, s.parts()...)
	}
	return unionJSON(unionByTwos(all))
}

// unionLinesGo joins lines: what they share is there once, and lines that end where
// just one other starts go on as one.
func unionLinesGo(_ *Env, a []types.Value) types.Value {
	shapes, ok := shapesOf(a[0], true)
	if !ok {
		return nil
	}
	groups := make([][]s2.Point, len(shapes))
	for i, s := range shapes {
		groups[i] = s.points()
	}
	p, ok := planeOf(groups...)
	if !ok {
		return nil
	}
	all := geom.Geometry{}
	for _, s := range shapes {
		g, _ := p.geometry(s)
		var err error
		if all, err = geom.Union(all, g); err != nil {
			return nil
		}
	}
	var lines [][]s2.Point
	for _, part := range parts(all) {
		if l, ok := part.AsLineString(); ok {
			lines = append(lines, p.points(l))
		}
	}
	lines = joinLines(lines)
	var along []*s2.Polyline
	for _, s := range shapes {
		along = append(along, s.lines...)
	}
	orient(lines, along)
	return linesJSON(lines)
}

// orient turns lines to run the way of the given line that holds their start.
func orient(lines [][]s2.Point, along []*s2.Polyline) {
	const near = 1e-14
	for i, l := range lines {
		mid := s2.Interpolate(0.5, l[0], l[1])
		for _, given := range along {
			q, next := given.Project(mid)
			if q.Distance(mid).Radians() > near {
				continue
			}
			if from := (*given)[next-1]; from.Distance(l[0]) > from.Distance(l[1]) {
				lines[i] = reversedPoints(l)
			}
			break
		}
	}
}

// joinLines puts lines together at the ends that exactly two of them share.
func joinLines(lines [][]s2.Point) [][]s2.Point {
	for {
		ends := map[s2.Point][]int{}
		for i, l := range lines {
			ends[l[0]] = append(ends[l[0]], i)
			ends[l[len(l)-1]] = append(ends[l[len(l)-1]], i)
		}
		joined := false
		for i := 0; i < len(lines) && !joined; i++ {
			for _, end := range []s2.Point{lines[i][len(lines[i])-1], lines[i][0]} {
				at := ends[end]
				if len(at) != 2 || at[0] == at[1] {
					continue
				}
				j := at[0] + at[1] - i
				lines[i] = join(lines[i], lines[j], end)
				lines = append(lines[:j], lines[j+1:]...)
				joined = true
				break
			}
		}
		if !joined {
			return lines
		}
	}
}

func join(a, b []s2.Point, end s2.Point) []s2.Point {
	if a[len(a)-1] == end {
		if b[0] != end {
			b = reversedPoints(b)
		}
		return append(append([]s2.Point(nil), a...), b[1:]...)
	}
	if b[len(b)-1] != end {
		b = reversedPoints(b)
	}
	return append(append([]s2.Point(nil), b...), a[1:]...)
}

func reversedPoints(v []s2.Point) []s2.Point {
	out := make([]s2.Point, len(v))
	for i, p := range v {
		out[len(v)-1-i] = p
	}
	return out
}

// simplifyPolygonsGo: polygons, tolerance. Corners nearer to each other than the
// tolerance become one, the same for all polygons, so that shared borders stay shared.
func simplifyPolygonsGo(_ *Env, a []types.Value) types.Value {
	shapes, ok := shapesOf(a[0], false)
	t, ok2 := tolerance(a, 1, 0, math.Pi/2*earthRadius)
	if !ok || !ok2 {
		return nil
	}
	sites := newSites(angleOf(t))
	for _, s := range shapes {
		for _, p := range pointsOf(s.rings) {
			sites.add(p)
		}
	}
	var united [][]ring
	for _, s := range shapes {
		for _, part := range s.parts() {
			var kept []ring
			for i, r := range part {
				loop := sites.snap(r.loop)
				if loop == nil && i == 0 {
					break
				}
				if loop != nil {
					kept = append(kept, ring{loop: loop, hole: i > 0})
				}
			}
			if kept != nil {
				united = append(united, kept)
			}
		}
	}
	if united == nil {
		return nil
	}
	return unionJSON(unionByTwos(united))
}

// sites are chosen points no two of which are nearer than the distance.
type sites struct {
	distance s1.Angle
	level    int // cells of this level are no narrower than the distance
	in       map[s2.CellID][]s2.Point
}

func newSites(distance s1.Angle) *sites {
	return &sites{distance, s2.MinWidthMetric.MaxLevel(distance.Radians()), map[s2.CellID][]s2.Point{}}
}

// nearest is the site nearest to a point, of those nearer than the distance.
func (s *sites) nearest(p s2.Point) (best s2.Point, ok bool) {
	least := s.distance
	look := func(id s2.CellID) {
		for _, q := range s.in[id] {
			if d := p.Distance(q); d < least || d == 0 {
				best, least, ok = q, d, true
			}
		}
	}
	home := s2.CellFromPoint(p).ID().Parent(s.level)
	look(home)
	for _, id := range home.AllNeighbors(s.level) {
		look(id)
	}
	return best, ok
}

func (s *sites) add(p s2.Point) {
	if _, ok := s.nearest(p); !ok {
		id := s2.CellFromPoint(p).ID().Parent(s.level)
		s.in[id] = append(s.in[id], p)
	}
}

// snap moves the corners of a loop to their sites; nil when nothing with an inside is left.
func (s *sites) snap(l *s2.Loop) *s2.Loop {
	var out []s2.Point
	for _, p := range l.Vertices() {
		q, _ := s.nearest(p)
		if len(out) == 0 || out[len(out)-1] != q {
			out = append(out, q)
		}
	}
	for len(out) > 1 && out[0] == out[len(out)-1] {
		out = out[:len(out)-1]
	}
	if len(out) < 3 {
		return nil
	}
	loop := s2.LoopFromPoints(out)
	if loop.Validate() != nil || !simple(loop) {
		return nil
	}
	loop.Normalize()
	return loop
}
