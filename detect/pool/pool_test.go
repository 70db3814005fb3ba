package pool

import (
	"errors"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
)

func TestInOrder(t *testing.T) {
	bad := errors.New("bad")
	for _, c := range []struct {
		name                   string
		n, failToDo, failToUse int
		wantUsed               int
		wantErr                error
	}{
		{"all", 100, -1, -1, 100, nil},
		{"none", 0, -1, -1, 0, nil},
		{"a call fails", 100, 30, -1, 30, bad},
		{"a use fails", 100, -1, 30, 31, bad},
	} {
		t.Run(c.name, func(t *testing.T) {
			var running, most atomic.Int32
			var used []string
			err := InOrder(c.n, 3, func(i int) (string, error) {
				if now := running.Add(1); now > most.Load() {
					most.Store(now)
				}
				defer running.Add(-1)
				if i == c.failToDo {
					return "", bad
				}
				return strconv.Itoa(i), nil
			}, func(s string) error {
				if used = append(used, s); len(used) == c.failToUse+1 && c.failToUse >= 0 {
					return bad
				}
				return nil
			})
			var want []string
			for i := range c.wantUsed {
				want = append(want, strconv.Itoa(i))
			}
			if !slices.Equal(used, want) || !errors.Is(err, c.wantErr) {
				t.Errorf("%v, %v", used, err)
			}
			if most.Load() > 3 {
				t.Errorf("%d calls at once", most.Load())
			}
		})
	}
}
