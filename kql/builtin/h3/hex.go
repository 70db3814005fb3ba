package h3

import "math"

// hex is the Eisenstein integer a + bw, w being a third of a turn: a place of the
// hexagonal grid whose axes i, j and k point to 1, w and w*w.
type hex struct{ a, b int }

func (x hex) plus(y hex) hex  { return hex{x.a + y.a, x.b + y.b} }
func (x hex) minus(y hex) hex { return hex{x.a - y.a, x.b - y.b} }

func (x hex) times(y hex) hex {
	ac, bd := x.a*y.a, x.b*y.b
	return hex{ac - bd, x.a*y.b + x.b*y.a - bd}
}

func (x hex) scaled(n int) hex { return hex{x.a * n, x.b * n} }

// sixth is a turn by 60 degrees counterclockwise.
var sixth = hex{1, 1}

func (x hex) turned(n int) hex {
	for range ((n % 6) + 6) % 6 {
		x = x.times(sixth)
	}
	return x
}

// Going one resolution down multiplies by a number of norm 7, one that turns the grid
// counterclockwise into odd resolutions, and back into even ones.
var (
	intoOdd  = hex{2, -1}
	intoEven = hex{3, 1}
)

func step(res int) hex {
	if res%2 == 1 {
		return intoOdd
	}
	return intoEven
}

// over divides by a number of norm 7 and rounds to the nearest place.
func (x hex) over(y hex) hex {
	conjugate := hex{y.a - y.b, -y.b}
	z := x.times(conjugate)
	return hex{int(math.Round(float64(z.a) / 7)), int(math.Round(float64(z.b) / 7))}
}

// ijk are the coordinates along the axes of which none is negative and one is 0.
func (x hex) ijk() (i, j, k int) {
	low := min(x.a, x.b, 0)
	return x.a - low, x.b - low, -low
}

// xy are plane coordinates, the axis i along x.
func (x hex) xy() (float64, float64) {
	return float64(x.a) - float64(x.b)/2, float64(x.b) * math.Sqrt(3) / 2
}

// nearestHex is the place whose hexagon holds a point of the plane.
func nearestHex(x, y float64) hex {
	b := y * 2 / math.Sqrt(3)
	a := x + b/2
	fa, fb := math.Floor(a), math.Floor(b)
	best, least := hex{}, math.Inf(1)
	for _, da := range []int{0, 1} {
		for _, db := range []int{0, 1} {
			h := hex{int(fa) + da, int(fb) + db}
			hx, hy := h.xy()
			if d := (hx-x)*(hx-x) + (hy-y)*(hy-y); d < least {
				best, least = h, d
			}
		}
	}
	return best
}

// digits are the seven children of a cell as places around its centre.
var digits = [7]hex{{0, 0}, {-1, -1}, {0, 1}, {-1, 0}, {1, 0}, {0, -1}, {1, 1}}

func digitOf(x hex) int {
	for d, h := range digits {
		if h == x {
			return d
		}
	}
	return 0
}

// turnDigit turns a digit by sixths counterclockwise.
func turnDigit(d, n int) int { return digitOf(digits[d].turned(n)) }
