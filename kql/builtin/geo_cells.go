package builtin

import (
	"math"
	"strings"

	"github.com/golang/geo/s2"
	"github.com/peterstace/simplefeatures/geom"

	"quarry/kql/builtin/h3"
	"quarry/kql/types"
)

// level reads an optional argument between least and most; a null one is not valid.
func level(a []types.Value, i, otherwise, least, most int) (int, bool) {
	if i >= len(a) {
		return otherwise, true
	}
	f, ok := number(a[i])
	return int(f), ok && f == math.Trunc(f) && f >= float64(least) && f <= float64(most)
}

func textsDyn(texts []string) types.Value {
	out := make([]types.Dyn, len(texts))
	for i, t := range texts {
		out[i] = types.DynText(t)
	}
	return types.DynList(out).String()
}

// Geohash: five bits a character, longitude and latitude halved in turn.

const geohashDigits = "0123456789bcdefghjkmnpqrstuvwxyz"

const maxGeohash = 18

// box is the rectangle of a geohash, in degrees.
type box struct{ west, south, east, north float64 }

func geohashBox(hash string) (b box, ok bool) {
	b = box{-180, -90, 180, 90}
	if hash == "" || len(hash) > maxGeohash {
		return b, false
	}
	turn := true
	for _, c := range strings.ToLower(hash) {
		v := strings.IndexRune(geohashDigits, c)
		if v < 0 {
			return b, false
		}
		for bit := 16; bit > 0; bit >>= 1 {
			low, high := &b.south, &b.north
			if turn {
				low, high = &b.west, &b.east
			}
			if mid := (*low + *high) / 2; v&bit != 0 {
				*low = mid
			} else {
				*high = mid
			}
			turn = !turn
		}
	}
	return b, true
}

func geohash(lng, lat float64, n int) string {
	b := box{-180, -90, 180, 90}
	out := make([]byte, n)
	turn := true
	for i := range out {
		v := 0
		for bit := 16; bit > 0; bit >>= 1 {
			at, low, high := lat, &b.south, &b.north
			if turn {
				at, low, high = lng, &b.west, &b.east
			}
			if mid := (*low + *high) / 2; at >= mid {
				v |= bit
				*low = mid
			} else {
				*high = mid
			}
			turn = !turn
		}
		out[i] = geohashDigits[v]
	}
	return string(out)
}

func pointToGeohash(_ *Env, a []types.Value) types.Value {
	_, ok1 := geoPoint(a[0], a[1])
	n, ok2 := level(a, 2, 5, 1, maxGeohash)
	if !ok1 || !ok2 {
		return ""
	}
	lng, _ := number(a[0])
	lat, _ := number(a[1])
	return geohash(lng, lat, n)
}

func geohashCentre(_ *Env, a []types.Value) types.Value {
	b, ok := geohashBox(a[0].(string))
	if !ok {
		return nil
	}
	return geoJSON("Point", degrees((b.west+b.east)/2, (b.south+b.north)/2))
}

func geohashPolygon(_ *Env, a []types.Value) types.Value {
	b, ok := geohashBox(a[0].(string))
	if !ok {
		return nil
	}
	corners := []types.Dyn{degrees(b.west, b.south), degrees(b.east, b.south), degrees(b.east, b.north), degrees(b.west, b.north), degrees(b.west, b.south)}
	return geoJSON("Polygon", types.DynList([]types.Dyn{types.DynList(corners)}))
}

// geohashNeighbours goes around in the order in which Kusto lists them.
func geohashNeighbours(_ *Env, a []types.Value) types.Value {
	hash := a[0].(string)
	b, ok := geohashBox(hash)
	if !ok {
		return nil
	}
	width, height := b.east-b.west, b.north-b.south
	lng, lat := (b.west+b.east)/2, (b.south+b.north)/2
	var out []string
	for _, d := range [][2]float64{{-1, 0}, {-1, -1}, {0, -1}, {1, -1}, {1, 1}, {1, 0}, {0, 1}, {-1, 1}} {
		x, y := lng+d[0]*width, lat+d[1]*height
		if y < -90 || y > 90 {
			continue // beyond a pole
		}
		out = append(out, geohash(math.Remainder(x, 360), y, len(hash)))
	}
	return textsDyn(out)
}

// S2 cells.

func s2Cell(v types.Value) (s2.CellID, bool) {
	text, _ := v.(string)
	if text == "" || len(text) > 16 || strings.Trim(strings.ToLower(text), "0123456789abcdef") != "" {
		return 0, false
	}
	id := s2.CellIDFromToken(strings.ToLower(text))
	return id, id.IsValid()
}

func pointToS2(_ *Env, a []types.Value) types.Value {
	p, ok1 := geoPoint(a[0], a[1])
	n, ok2 := level(a, 2, 11, 0, s2.MaxLevel)
	if !ok1 || !ok2 {
		return ""
	}
	return s2.CellFromPoint(p).ID().Parent(n).ToToken()
}

func s2Centre(_ *Env, a []types.Value) types.Value {
	id, ok := s2Cell(a[0])
	if !ok {
		return nil
	}
	return pointJSON(id.Point())
}

func s2Polygon(_ *Env, a []types.Value) types.Value {
	id, ok := s2Cell(a[0])
	if !ok {
		return nil
	}
	cell := s2.CellFromCellID(id)
	corners := make([]s2.Point, 4)
	for i := range corners {
		corners[i] = cell.Vertex(i)
	}
	return polygonsJSON([][][]s2.Point{{corners}})
}

func s2Neighbours(_ *Env, a []types.Value) types.Value {
	id, ok := s2Cell(a[0])
	if !ok {
		return nil
	}
	all := id.AllNeighbors(id.Level())
	order := []int{7, 5, 4, 2, 6, 1, 3, 0} // in which Kusto lists them
	var out []string
	for _, i := range order {
		if i < len(all) { // 7 at a corner of the cube
			out = append(out, all[i].ToToken())
		}
	}
	return textsDyn(out)
}

const maxCells = 65536

// cover lists the S2 cells of a level that meet a region; nil when they are too many.
// area and length (of lines and outlines), in steradians and radians, tell that in advance.
func cover(region s2.Region, n int, area, length float64) types.Value {
	if area/s2.MaxAreaMetric.Value(n)+length/s2.MaxDiagMetric.Value(n)/2 > maxCells {
		return nil
	}
	coverer := &s2.RegionCoverer{MinLevel: n, MaxLevel: n, LevelMod: 1, MaxCells: maxCells}
	cells := coverer.Covering(region)
	if len(cells) > maxCells {
		return nil
	}
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = c.ToToken()
	}
	return textsDyn(out)
}

func outlineLength(area *s2.Polygon) float64 {
	var sum float64
	for _, l := range area.Loops() {
		for i := range l.NumVertices() {
			sum += l.Vertex(i).Distance(l.Vertex(i + 1)).Radians()
		}
	}
	return sum
}

// radiusArg is an optional radius; ok is false for one that is not valid.
func radiusArg(a []types.Value, i int) (float64, bool) {
	if i >= len(a) {
		return 0, true
	}
	r, ok := number(a[i])
	return r, ok && r >= 0 && r < maxRadius
}

func polygonToS2(s *shape, a []types.Value) types.Value {
	n, ok1 := level(a, 1, 11, 0, s2.MaxLevel)
	radius, ok2 := radiusArg(a, 2)
	if !ok1 || !ok2 {
		return nil
	}
	area := s.area
	if radius > 0 {
		if area, ok1 = areaOf(unionAll(s.grown(radius, radius/100))); !ok1 {
			return nil
		}
	}
	return cover(area, n, area.Area(), outlineLength(area))
}

func lineToS2(s *shape, a []types.Value) types.Value {
	n, ok1 := level(a, 1, 11, 0, s2.MaxLevel)
	radius, ok2 := radiusArg(a, 2)
	if !ok1 || !ok2 {
		return nil
	}
	if radius > 0 {
		area, ok := areaOf(unionAll(lineBuffers(s, radius, radius/100)))
		if !ok {
			return nil
		}
		return cover(area, n, area.Area(), outlineLength(area))
	}
	var region regions
	length := 0.0
	for _, l := range s.lines {
		region = append(region, l)
		length += l.Length().Radians()
	}
	return cover(region, n, 0, length)
}

// regions is their union.
type regions []s2.Region

func (r regions) RectBound() s2.Rect {
	bound := s2.EmptyRect()
	for _, x := range r {
		bound = bound.Union(x.RectBound())
	}
	return bound
}

func (r regions) CapBound() s2.Cap { return r.RectBound().CapBound() }

func (r regions) ContainsCell(c s2.Cell) bool {
	for _, x := range r {
		if x.ContainsCell(c) {
			return true
		}
	}
	return false
}

func (r regions) IntersectsCell(c s2.Cell) bool {
	for _, x := range r {
		if x.IntersectsCell(c) {
			return true
		}
	}
	return false
}

func (r regions) ContainsPoint(p s2.Point) bool {
	for _, x := range r {
		if x.ContainsPoint(p) {
			return true
		}
	}
	return false
}

func (r regions) CellUnionBound() []s2.CellID { return r.CapBound().CellUnionBound() }

// H3 cells.

func h3Cell(v types.Value) (h3.Cell, bool) {
	text, _ := v.(string)
	return h3.Parse(text)
}

func h3Texts(cells []h3.Cell) []types.Dyn {
	out := make([]types.Dyn, len(cells))
	for i, c := range cells {
		out[i] = types.DynText(c.String())
	}
	return out
}

func pointToH3(_ *Env, a []types.Value) types.Value {
	p, ok1 := geoPoint(a[0], a[1])
	n, ok2 := level(a, 2, 6, 0, h3.MaxResolution)
	if !ok1 || !ok2 {
		return ""
	}
	return h3.CellOf(p, n).String()
}

// ofH3 makes a Go form of a function of a cell; what is no cell gives null.
func ofH3(f func(c h3.Cell, a []types.Value) types.Value) func(*Env, []types.Value) types.Value {
	return func(_ *Env, a []types.Value) types.Value {
		c, ok := h3Cell(a[0])
		if !ok {
			return nil
		}
		return f(c, a)
	}
}

func h3Children(c h3.Cell, a []types.Value) types.Value {
	n, ok := level(a, 1, c.Resolution()+1, c.Resolution()+1, h3.MaxResolution)
	if !ok || n > h3.MaxResolution || c.ChildCount(n) > maxCells {
		return nil
	}
	return types.DynList(h3Texts(c.Children(n))).String()
}

func h3Parent(c h3.Cell, a []types.Value) types.Value {
	n, ok := level(a, 1, c.Resolution()-1, 0, c.Resolution()-1)
	if !ok || n < 0 {
		return ""
	}
	return c.Parent(n).String()
}

const maxRings = 142

func h3Rings(c h3.Cell, a []types.Value) types.Value {
	k, ok := level(a, 1, 0, 0, maxRings)
	if !ok {
		return nil
	}
	var out []types.Dyn
	for _, ring := range c.Rings(k) {
		out = append(out, types.DynList(h3Texts(ring)))
	}
	return types.DynList(out).String()
}

// h3CellArea is about the area of a cell, in steradians.
func h3CellArea(res int) float64 { return 4 * math.Pi / (2 + 120*math.Pow(7, float64(res))) }

const maxH3Cells = 61680

func polygonToH3(s *shape, a []types.Value) types.Value {
	n, ok1 := level(a, 1, 6, 0, h3.MaxResolution)
	radius, ok2 := radiusArg(a, 2)
	if !ok1 || !ok2 {
		return nil
	}
	area := s.area
	if radius > 0 {
		if area, ok1 = areaOf(unionAll(s.grown(radius, radius/100))); !ok1 {
			return nil
		}
	}
	// The walk starts along the outline, at points no farther apart than cells are wide.
	width := math.Sqrt(h3CellArea(n)) / 2
	if area.Area()/h3CellArea(n) > 2*maxH3Cells || outlineLength(area)/width > 16*maxH3Cells {
		return nil
	}
	var from []s2.Point
	for _, l := range area.Loops() {
		for i := range l.NumVertices() {
			p, q := l.Vertex(i), l.Vertex(i+1)
			steps := math.Ceil(p.Distance(q).Radians() / width)
			for k := 0.0; k < steps; k++ {
				from = append(from, s2.Interpolate(k/steps, p, q))
			}
		}
	}
	cells, ok := h3.Fill(from, n, maxH3Cells, area.ContainsPoint)
	if !ok {
		return nil
	}
	return types.DynList(h3Texts(cells)).String()
}

// fromWKT turns well-known text into GeoJSON.
func fromWKT(_ *Env, a []types.Value) types.Value {
	g, err := geom.UnmarshalWKT(a[0].(string), geom.NoValidate{})
	if err != nil || g.IsEmpty() {
		return nil
	}
	return geometryDyn(g).String()
}

func sequenceDyn(s geom.Sequence) types.Dyn {
	out := make([]types.Dyn, s.Length())
	for i := range out {
		xy := s.GetXY(i)
		out[i] = degrees(xy.X, xy.Y)
	}
	return types.DynList(out)
}

func polygonDyn(p geom.Polygon) types.Dyn {
	var rings []types.Dyn
	for _, r := range p.DumpRings() {
		rings = append(rings, sequenceDyn(r.Coordinates()))
	}
	return types.DynList(rings)
}

func geometryDyn(g geom.Geometry) types.Dyn {
	var items []types.Dyn
	switch g.Type() {
	case geom.TypePoint:
		xy, _ := g.MustAsPoint().XY()
		return bagWith("type", types.DynText("Point"), "coordinates", degrees(xy.X, xy.Y))
	case geom.TypeMultiPoint:
		return bagWith("type", types.DynText("MultiPoint"), "coordinates", sequenceDyn(g.MustAsMultiPoint().Coordinates()))
	case geom.TypeLineString:
		return bagWith("type", types.DynText("LineString"), "coordinates", sequenceDyn(g.MustAsLineString().Coordinates()))
	case geom.TypePolygon:
		return bagWith("type", types.DynText("Polygon"), "coordinates", polygonDyn(g.MustAsPolygon()))
	case geom.TypeMultiLineString:
		m := g.MustAsMultiLineString()
		for i := range m.NumLineStrings() {
			items = append(items, sequenceDyn(m.LineStringN(i).Coordinates()))
		}
		return bagWith("type", types.DynText("MultiLineString"), "coordinates", types.DynList(items))
	case geom.TypeMultiPolygon:
		m := g.MustAsMultiPolygon()
		for i := range m.NumPolygons() {
			items = append(items, polygonDyn(m.PolygonN(i)))
		}
		return bagWith("type", types.DynText("MultiPolygon"), "coordinates", types.DynList(items))
	default:
		c := g.MustAsGeometryCollection()
		for i := range c.NumGeometries() {
			items = append(items, geometryDyn(c.GeometryN(i)))
		}
		return bagWith("type", types.DynText("GeometryCollection"), "geometries", types.DynList(items))
	}
}
