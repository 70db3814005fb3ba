package simulate

import (
	"math"
	"math/rand/v2"
	"sort"
	"strconv"
)

// draw picks among things by weight.
type draw []float64 // sums of the weights

func (d draw) pick(r *rand.Rand) int {
	want := r.Float64() * d[len(d)-1]
	return min(sort.Search(len(d), func(i int) bool { return d[i] > want }), len(d)-1)
}

func weighted(weights ...float64) draw {
	d := make(draw, len(weights))
	sum := 0.0
	for i, w := range weights {
		sum += w
		d[i] = sum
	}
	return d
}

// zipf weighs n things: the k-th is k^-s as frequent as the first.
func zipf(n int, s float64) draw {
	w := make([]float64, n)
	for i := range w {
		w[i] = math.Pow(float64(i+1), -s)
	}
	return weighted(w...)
}

// mix64 turns a number into one that looks like chance (the finalizer of SplitMix64).
func mix64(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

const hexDigits = "0123456789abcdef"

// hexText is n hexadecimal digits that follow from id.
func hexText(id uint64, n int) string {
	b := make([]byte, 0, 64)
	for len(b) < n {
		id = mix64(id)
		for s := 0; s < 64 && len(b) < n; s += 4 {
			b = append(b, hexDigits[id>>s&15])
		}
	}
	return string(b)
}

// guidText is a GUID that follows from id.
func guidText(id uint64) string {
	b := []byte(hexText(id, 36))
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	b[14] = '4'
	return string(b)
}

// textID is a number that follows from a text (FNV-1a).
func textID(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

func digits(n int) string { return strconv.Itoa(n) }
