package builtin

import (
	"math"
	"strings"
	"testing"

	"quarry/kql/types"
)

const (
	park  = jsonArg(`{"type":"Polygon","coordinates":[[[-73.9495,40.7969],[-73.95807266235352,40.80068603561921],[-73.98201942443848,40.76825672305777],[-73.97317886352539,40.76455136505513],[-73.9495,40.7969]]]}`)
	parks = jsonArg(`{"type":"MultiPolygon","coordinates":[[[[-73.9495,40.7969],[-73.95807266235352,40.80068603561921],[-73.98201942443848,40.76825672305777],[-73.97317886352539,40.76455136505513],[-73.9495,40.7969]]],[[[-73.94262313842773,40.775991804565585],[-73.98107528686523,40.791849155467695],[-73.99600982666016,40.77092185281977],[-73.96150588989258,40.75609977566361],[-73.94262313842773,40.775991804565585]]]]}`)
	strip = jsonArg(`{"type":"LineString","coordinates":[[-115.115385,36.229195],[-115.136995,36.200366],[-115.140252,36.192470],[-115.143558,36.188523],[-115.144076,36.181954],[-115.154662,36.174483],[-115.166431,36.176388],[-115.183289,36.175007],[-115.192612,36.176736],[-115.202485,36.173439],[-115.225355,36.174365]]}`)
	walk  = jsonArg(`{"type":"LineString","coordinates":[[-73.95807266235352,40.800426144169315],[-73.94966125488281,40.79691751000055],[-73.97317886352539,40.764486356930334],[-73.98210525512695,40.76786669510221],[-73.96004676818848,40.7980870753293]]}`)
	walks = jsonArg(`{"type":"MultiLineString","coordinates":[[[-73.95798683166502,40.800556090021466],[-73.98193359375,40.76819171855746]],[[-73.94940376281738,40.79691751000055],[-73.97317886352539,40.76435634049001]]]}`)
	unit  = jsonArg(`{"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[0,4],[0,0]]]}`)
	holed = jsonArg(`{"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[0,4],[0,0]],[[1,1],[3,1],[3,3],[1,3],[1,1]]]}`)
)

func TestGeo(t *testing.T) {
	line := func(s string) jsonArg { return jsonArg(`{"type":"LineString","coordinates":` + s + `}`) }
	poly := func(s string) jsonArg { return jsonArg(`{"type":"Polygon","coordinates":` + s + `}`) }
	tests := []struct {
		name string
		args []any
		want any
	}{
		{"geo_distance_2points", []any{-122.407628, 47.578557, -118.275287, 34.019056}, 1546754.35197381},
		{"geo_distance_2points", []any{0.0, 0.0, 0.0, 1.0, true}, 110574.38855779878},
		{"geo_angle", []any{0, 10, 0, 5, 3, -10}, 2.9449384340688165},
		{"geo_azimuth", []any{5, 10, 10, -40}, 175.01565360656755 * math.Pi / 180},
		{"geo_distance_point_to_line", []any{-115.199625, 36.210419, strip}, 3797.8888725332145},
		{"geo_closest_point_on_line", []any{-115.199625, 36.210419, strip}, `{"type":"Point","coordinates":[-115.19261200000001,36.176736]}`},
		{"geo_closest_point_on_polygon", []any{-73.9839, 40.7705, park}, `{"type":"Point","coordinates":[-73.98120558015391,40.76935945284321]}`},
		{"geo_line_length", []any{walks}, 8262.243397537412},
		{"geo_line_length", []any{park}, nil},
		{"geo_line_centroid", []any{walks}, `{"type":"Point","coordinates":[-73.96562218400669,40.78250336313828]}`},
		{"geo_line_interpolate_point", []any{walk, 0.9}, `{"type":"Point","coordinates":[-73.96556545832799,40.79052937973534]}`},
		{"geo_line_locate_point", []any{line(`[[-73.95796,40.80042],[-73.97317,40.764486]]`), -73.965, 40.792}, 0.2556013510030755},
		{"geo_line_simplify", []any{line(`[[-73.97033169865608,40.789063020152824],[-73.97039607167244,40.78897975920816],[-73.9704617857933,40.78888837512432],[-73.97052884101868,40.7887949601531],[-73.9706052839756,40.788698498903564],[-73.97065222263336,40.78862640672032],[-73.97072866559029,40.78852791445617],[-73.97079303860664,40.788434498977836]]`), 10}, `{"type":"LineString","coordinates":[[-73.97033169865608,40.789063020152824],[-73.97079303860664,40.788434498977836]]}`},
		// An edge of half a degree on the 10th parallel bends 10.4 m.
		{"geo_line_densify", []any{line(`[[10,10],[11,10]]`)}, `{"type":"LineString","coordinates":[[10.0,10.0],[10.25,10.0],[10.5,10.0],[10.75,10.0],[11.0,10.0]]}`},
		{"geo_line_densify", []any{line(`[[50,50],[51,51]]`)}, `{"type":"LineString","coordinates":[[50.0,50.0],[50.125,50.125],[50.25000000000001,50.25000000000001],[50.375,50.375],[50.5,50.5],[50.625,50.62500000000001],[50.74999999999999,50.74999999999999],[50.875,50.875],[50.99999999999999,51.0]]}`},
		{"geo_polygon_area", []any{park}, 3475207.28346606},
		{"geo_polygon_perimeter", []any{parks}, 15943.538457874045},
		{"geo_polygon_centroid", []any{parks}, `{"type":"Point","coordinates":[-73.96856958782088,40.77631075255099]}`},
		{"geo_polygon_densify", []any{poly(`[[[-73.958244,40.800719],[-73.949146,40.79695],[-73.973093,40.764226],[-73.982062,40.768159],[-73.958244,40.800719]]]`)}, `{"type":"Polygon","coordinates":[[[-73.982062,40.768159],[-73.973093,40.76422600000001],[-73.949146,40.79695],[-73.958244,40.800719],[-73.982062,40.768159]]]}`},
		{"geo_point_in_polygon", []any{2, 2, holed}, false},
		{"geo_point_in_polygon", []any{0.5, 2, holed}, true},
		{"geo_point_in_polygon", []any{-73.975, 40.775, parks}, true},
		{"geo_point_in_circle", []any{0, 0, 0, 1, 111196}, true},
		{"geo_intersection_2lines", []any{line(`[[-73.978929,40.785155],[-73.980903,40.782621]]`), line(`[[-73.985195,40.788275],[-73.974552,40.779761]]`)}, `{"type":"Point","coordinates":[-73.97983711667098,40.783989289772165]}`},
		{"geo_intersection_2polygons", []any{poly(`[[[-73.9630937576294,40.77498840732385],[-73.963565826416,40.774383111780914],[-73.96205306053162,40.773745311181585],[-73.96160781383514,40.7743912365898],[-73.9630937576294,40.77498840732385]]]`), poly(`[[[-73.96213352680206,40.775045280447145],[-73.9631313085556,40.774578106920345],[-73.96207988262177,40.77416780398293],[-73.96213352680206,40.775045280447145]]]`)},
			`{"type":"Polygon","coordinates":[[[-73.96210577643716,40.77459136099968],[-73.96264240316687,40.77480702025178],[-73.9631313085556,40.77457810692035],[-73.96207988262177,40.77416780398293],[-73.96210577643716,40.77459136099968]]]}`},
		{"geo_intersection_2polygons", []any{poly(`[[[2,45],[0,45],[1,44],[2,45]]]`), poly(`[[[3,44],[2,45],[2,43],[3,44]]]`)}, `{"type":"Point","coordinates":[2.0,45.0]}`},
		{"geo_intersection_line_with_polygon", []any{line(`[[-73.985195,40.788275],[-73.974552,40.779761]]`), poly(`[[[-73.9712905883789,40.78580561168767],[-73.98004531860352,40.775276834803655],[-73.97000312805176,40.77852663535664],[-73.9712905883789,40.78580561168767]]]`)}, `{"type":"LineString","coordinates":[[-73.97561195657819,40.78060906714618],[-73.974552,40.77976100000001]]}`},
		{"geo_intersects_2polygons", []any{unit, poly(`[[[4,4],[6,4],[6,6],[4,4]]]`)}, true},
		{"geo_intersects_2polygons", []any{holed, poly(`[[[1.5,1.5],[2.5,1.5],[2.5,2.5],[1.5,1.5]]]`)}, false},
		{"geo_intersects_line_with_polygon", []any{line(`[[-1,2],[5,2]]`), unit}, true},
		{"geo_intersects_line_with_polygon", []any{line(`[[1.5,2],[2.5,2]]`), holed}, false},
		{"geo_union_lines_array", []any{jsonArg(`[{"type":"LineString","coordinates":[[-73.95683884620665,40.80502891480884],[-73.95633727312088,40.8057171711177],[-73.95489156246185,40.80510200431311]]},{"type":"LineString","coordinates":[[-73.95633727312088,40.8057171711177],[-73.95489156246185,40.80510200431311],[-73.95537436008453,40.804413741624515]]}]`)}, `{"type":"LineString","coordinates":[[-73.95683884620665,40.80502891480884],[-73.95633727312088,40.8057171711177],[-73.95489156246185,40.80510200431312],[-73.95537436008453,40.80441374162452]]}`},
		{"geo_geohash_to_polygon", []any{geohash(-73.975212, 40.789608, 5)}, `{"type":"Polygon","coordinates":[[[-74.00390625,40.78125],[-73.9599609375,40.78125],[-73.9599609375,40.8251953125],[-74.00390625,40.8251953125],[-74.00390625,40.78125]]]}`},
		{"geo_geohash_to_central_point", []any{"sv8wzvy7"}, `{"type":"Point","coordinates":[34.80245590209961,32.15620994567871]}`},
		{"geo_s2cell_to_central_point", []any{"1234567"}, `{"type":"Point","coordinates":[9.86830731850408,27.468392925827605]}`},
		{"geo_s2cell_to_polygon", []any{callGo(t, NewEnv(nil), "geo_point_to_s2cell", -73.956683, 40.807907, 10)}, `{"type":"Polygon","coordinates":[[[-74.03001224983848,40.880202851376716],[-74.03001224983848,40.8012684339439],[-73.93598211433742,40.78791713450684],[-73.93598211433742,40.86684616344577],[-74.03001224983848,40.880202851376716]]]}`},
		{"geo_h3cell_to_polygon", []any{"872a10728ffffff"}, `{"type":"Polygon","coordinates":[[[-74.01649912074949,40.716486657916704],[-74.03120693177108,40.70991755059788],[-74.03071249793413,40.6975998097992],[-74.01551809624925,40.69185106469633],[-74.0008139265371,40.698416755763816],[-74.00130051703714,40.710734607222335],[-74.01649912074949,40.716486657916704]]]}`},
		{"geo_from_wkt", []any{"MULTIPOLYGON (((0 0, 2 0, 2 2, 0 0)),((10 10, 12 10, 12 12, 10 10)))"}, `{"type":"MultiPolygon","coordinates":[[[[0.0,0.0],[2.0,0.0],[2.0,2.0],[0.0,0.0]]],[[[10.0,10.0],[12.0,10.0],[12.0,12.0],[10.0,10.0]]]]}`},
		{"geo_from_wkt", []any{"GEOMETRYCOLLECTION (POINT (1 1),LINESTRING (2 2, 3 3))"}, `{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1.0,1.0]},{"type":"LineString","coordinates":[[2.0,2.0],[3.0,3.0]]}]}`},
		{"geo_polygon_area", []any{poly(`[[[0,0],[10,10],[10,10],[0,0]]]`)}, nil},
		{"geo_polygon_area", []any{poly(`[[[0,0],[4,4],[4,0],[0,4],[0,0]]]`)}, nil}, // crosses itself
		{"geo_polygon_to_s2cells", []any{poly(`[[[0,0],[0,50],[100,50],[0,0]]]`), 30}, nil},
		{"geo_h3cell_rings", []any{"861f8894fffffff", 150}, nil},
		{"geo_h3cell_parent", []any{"862a1072fffffff", 100}, ""},
	}
	for _, tt := range tests {
		if got := callGo(t, NewEnv(nil), tt.name, tt.args...); got != tt.want && !near(got, tt.want) {
			t.Errorf("%s%v = %v,\nwant %v", tt.name, tt.args, got, tt.want)
		}
	}
}

// squareMetres is the area of a shape that a function gave.
func squareMetres(t *testing.T, shape types.Value) float64 {
	t.Helper()
	text, ok := shape.(string)
	if !ok {
		t.Fatalf("no shape: %v", shape)
	}
	return callGo(t, NewEnv(nil), "geo_polygon_area", jsonArg(text)).(float64)
}

func TestBuffers(t *testing.T) {
	e := NewEnv(nil)
	circle := callGo(t, e, "geo_point_buffer", -115.1745008278, 36.1497251277, 20000)
	if n := strings.Count(circle.(string), "],["); n != 100 {
		t.Errorf("%d corners, want 100", n)
	}
	if !strings.HasPrefix(circle.(string), `{"type":"Polygon","coordinates":[[[-115.23572342504`) {
		t.Errorf("circle starts %.80s", circle)
	}
	around := squareMetres(t, callGo(t, e, "geo_line_buffer", jsonArg(`{"type":"LineString","coordinates":[[0,0],[1,0],[1,1]]}`), 1000, 0.1))
	if want := 2*111195.1*2000 + 1.25*math.Pi*1e6 - 1e6; math.Abs(around/want-1) > 1e-3 {
		t.Errorf("line buffer of %g m2, want about %g", around, want)
	}
	grown := squareMetres(t, callGo(t, e, "geo_polygon_buffer", unit, 1000, 0.1)) - squareMetres(t, string(unit))
	if want := 4 * 444780.0 * 1000; math.Abs(grown/want-1) > 2e-3 {
		t.Errorf("polygon grew by %g m2, want about %g", grown, want)
	}
	if hole := squareMetres(t, callGo(t, e, "geo_polygon_buffer", holed, 1000)); hole >= squareMetres(t, string(unit))+grown {
		t.Errorf("the hole was filled: %g", hole)
	}
}

func TestUnions(t *testing.T) {
	e := NewEnv(nil)
	cells, _ := types.ParseDyn(callGo(t, e, "geo_geohash_neighbors", "sunny").(string))
	items := []string{callGo(t, e, "geo_geohash_to_polygon", "sunny").(string)}
	sum := squareMetres(t, items[0])
	for _, c := range cells.Items() {
		items = append(items, callGo(t, e, "geo_geohash_to_polygon", c.Text()).(string))
		sum += squareMetres(t, items[len(items)-1])
	}
	union := callGo(t, e, "geo_union_polygons_array", jsonArg("["+strings.Join(items, ",")+"]"))
	if got := squareMetres(t, union); math.Abs(got/sum-1) > 1e-6 || !strings.Contains(union.(string), `"Polygon"`) {
		t.Errorf("union of %g m2 in %s, want one of %g", got, union, sum)
	}
	apart := callGo(t, e, "geo_union_polygons_array", jsonArg("["+callGo(t, e, "geo_point_buffer", -80.3212217992616, 25.268683367546604, 5000).(string)+","+callGo(t, e, "geo_point_buffer", -80.81717403605833, 24.82658441221962, 3000).(string)+"]"))
	if !strings.HasPrefix(apart.(string), `{"type":"MultiPolygon","coordinates":[[[[-80.81535195691`) {
		t.Errorf("the smaller circle does not come first, from its start: %.90s", apart)
	}
	simple := callGo(t, e, "geo_simplify_polygons_array", jsonArg("["+strings.Join(items, ",")+"]"), 100)
	if got := squareMetres(t, simple); math.Abs(got/sum-1) > 1e-6 {
		t.Errorf("simplified to %g m2, want %g", got, sum)
	}
}

func TestCovers(t *testing.T) {
	e := NewEnv(nil)
	cells, _ := types.ParseDyn(callGo(t, e, "geo_polygon_to_s2cells", jsonArg(`{"type":"Polygon","coordinates":[[[0,0],[0,50],[100,50],[0,0]]]}`), 5).(string))
	if cells.Len() != 286 {
		t.Errorf("%d S2 cells, want 286", cells.Len())
	}
	got, _ := types.ParseDyn(callGo(t, e, "geo_polygon_to_h3cells", jsonArg(`{"type":"Polygon","coordinates":[[[-3.659,40.553],[-3.913,40.409],[-3.729,40.273],[-3.524,40.440],[-3.659,40.553]]]}`)).(string))
	want := "86390cbafffffff 86390ca07ffffff 86390cba7ffffff 86390cb8fffffff 86390cb1fffffff 86390cb87ffffff 86390cb17ffffff 86390cb07ffffff 86390ca2fffffff 86390ca27ffffff 86390cb0fffffff 86390ca37ffffff 86390cb57ffffff"
	if got.Len() != 13 {
		t.Errorf("%d H3 cells, want 13", got.Len())
	}
	for _, c := range got.Items() {
		if !strings.Contains(want, c.Text()) {
			t.Errorf("cell %s is not wanted", c.Text())
		}
	}
}

func FuzzShapes(f *testing.F) {
	for _, s := range []jsonArg{park, parks, strip, walks, holed} {
		f.Add(string(s), 10.0)
	}
	table, err := New()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string, x float64) {
		if len(text) > 2000 {
			return
		}
		d, ok := types.ParseDyn(text)
		if !ok {
			return
		}
		e := NewEnv(nil)
		for _, name := range []string{"geo_polygon_area", "geo_polygon_centroid", "geo_polygon_simplify", "geo_polygon_densify", "geo_line_centroid", "geo_line_simplify", "geo_line_densify"} {
			CallGo(e, table.Scalar(name)[0], types.Dynamic, []types.Value{d.String()})
		}
		for _, name := range []string{"geo_polygon_buffer", "geo_line_buffer", "geo_line_interpolate_point"} {
			CallGo(e, table.Scalar(name)[0], types.Dynamic, []types.Value{d.String(), x})
		}
		for _, name := range []string{"geo_intersection_2polygons", "geo_intersects_2lines", "geo_intersection_2lines"} {
			CallGo(e, table.Scalar(name)[0], types.Dynamic, []types.Value{d.String(), d.String()})
		}
		for _, name := range []string{"geo_polygon_to_s2cells", "geo_polygon_to_h3cells", "geo_line_to_s2cells"} {
			CallGo(e, table.Scalar(name)[0], types.Dynamic, []types.Value{d.String(), int64(4)})
		}
	})
}
