package builtin

import (
	_ "embed"
	"math"
	"slices"
	"strconv"
	"strings"

	"quarry/kql/types"
)

// unitRows convert between units of measure. The factors are those of UnitsNet,
// which Kusto uses, roundings included.
var unitRows = []Row{
	unitRow("angle", "Degree", `convert_angle(1.2, "Degree", "Arcminute")`, `72.0`),
	unitRow("energy", "Joule", `convert_energy(4.184, "Joule", "Calorie")`, `1.0`),
	unitRow("force", "Newton", `convert_force(1.2, "Newton", "Decanewton")`, `0.12`),
	unitRow("length", "Meter", `convert_length(1.2, "Meter", "Foot")`, `3.9370078740157477`),
	unitRow("mass", "Kilogram", `convert_mass(1.2, "Kilogram", "Pound")`, `2.6455471462185307`),
	unitRow("speed", "MeterPerSecond", `convert_speed(1.2, "MeterPerSecond", "CentimeterPerHour")`, `432000.0`),
	unitRow("temperature", "Kelvin", `convert_temperature(1.2, "Kelvin", "DegreeCelsius")`, `-271.95`),
	unitRow("volume", "CubicMeter", `convert_volume(1.2, "CubicMeter", "AcreFoot")`, `0.0009728568`),
}

//go:embed units.txt
var unitTable string

// measure converts to the base unit of its quantity as (x * factor / divisor) + offset;
// sine marks the one unit that is not linear.
type measure struct {
	factor, divisor, offset float64
	sine                    bool
}

func (u measure) toBase(x float64) float64 {
	if u.sine {
		return math.Asin(x) * 180 / math.Pi
	}
	return x*u.factor/u.divisor + u.offset
}

func (u measure) fromBase(x float64) float64 {
	if u.sine {
		return math.Sin(x / 180 * math.Pi)
	}
	return (x - u.offset) * u.divisor / u.factor
}

// unitsOf reads the units of a quantity from the table: lines of
// "quantity unit factor [divisor [offset]]".
func unitsOf(quantity string) map[string]measure {
	out := map[string]measure{}
	for line := range strings.Lines(unitTable) {
		f := strings.Fields(line)
		if len(f) < 3 || f[0] != quantity {
			continue
		}
		u := measure{divisor: 1, sine: f[2] == "sine"}
		for i, p := range []*float64{&u.factor, &u.divisor, &u.offset} {
			if i+2 < len(f) {
				*p, _ = strconv.ParseFloat(f[i+2], 64)
			}
		}
		out[f[1]] = u
	}
	return out
}

func unitRow(quantity, base, call, want string) Row {
	units := unitsOf(quantity)
	names := make([]string, 0, len(units))
	for n := range units {
		names = append(names, n)
	}
	slices.Sort(names)
	return Row{Sig: "convert_" + quantity + "(value: real, from: string, to: string) -> real", Sem: NullOnNull,
		Doc: "A " + quantity + " in another unit; null for an unknown one. Units: " + strings.Join(names, ", ") + ".",
		Check: func(args []Arg) (int, string) {
			for i := 1; i < 3; i++ {
				if n, ok := args[i].Value.(string); ok && args[i].Const {
					if _, known := units[n]; !known {
						return i, strconv.Quote(n) + " is not a unit of " + quantity + " such as " + base
					}
				}
			}
			return 0, ""
		},
		Go: func(_ *Env, a []types.Value) types.Value {
			from, ok1 := units[a[1].(string)]
			to, ok2 := units[a[2].(string)]
			if !ok1 || !ok2 {
				return nil
			}
			return to.fromBase(from.toBase(a[0].(float64)))
		},
		Examples: []Example{{call, want}}}
}
