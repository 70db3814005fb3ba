package hunt

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"quarry/kql/bind"
	"quarry/kql/source"
	"quarry/kql/types"
)

// TestArrival: a row came in when it says so, else at its own time and a delay.
func TestArrival(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	// n is the minute of the row's own time; it came in after another five, if it says.
	minute := func(n int64) int64 { return types.UnixEpoch + n*types.Minute }
	fill := func(name string, schema types.Schema, rows ...[]types.Value) {
		if err := s.Declare(ctx, name, schema); err != nil {
			t.Fatal(err)
		}
		a, err := s.Store().Appender(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if err := a.Append(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	n := types.Column{Name: "n", Type: types.Long}
	at := types.Column{Name: "TimeGenerated", Type: types.Datetime}
	received := types.Column{Name: "_TimeReceived", Type: types.Datetime}
	fill("Plain", types.Schema{n, at}, []types.Value{int64(1), minute(1)}, []types.Value{int64(2), minute(2)}, []types.Value{int64(3), minute(3)})
	fill("Received", types.Schema{n, at, received}, []types.Value{int64(1), minute(1), minute(6)}, []types.Value{int64(2), minute(2), minute(7)}, []types.Value{int64(3), minute(3), nil})
	fill("Timeless", types.Schema{n}, []types.Value{int64(9)})
	const tick = 1
	for _, c := range []struct {
		query string
		a     *bind.Arrival
		want  string
	}{
		{"Plain", nil, "1 2 3"},
		{"Plain", &bind.Arrival{Until: minute(2)}, "1 2"},
		{"Plain", &bind.Arrival{Until: minute(2) - tick}, "1"},
		{"Plain", &bind.Arrival{After: minute(2)}, "3"},
		{"Plain", &bind.Arrival{After: minute(2) - tick, Until: minute(3)}, "2 3"},
		{"Plain", &bind.Arrival{Delay: 5 * types.Minute, Until: minute(7)}, "1 2"},
		{"Plain", &bind.Arrival{Delay: 5 * types.Minute, Until: minute(7) - tick}, "1"},
		{"Plain | where ingestion_time() == datetime(1970-01-01T00:07:00Z)", &bind.Arrival{Delay: 5 * types.Minute}, "2"},
		{"Plain | where ingestion_time() == TimeGenerated", nil, "1 2 3"},
		// The third row does not say when it came in.
		{"Received", &bind.Arrival{Until: minute(6)}, "1 3"},
		{"Received", &bind.Arrival{Until: minute(6), Delay: 10 * types.Minute}, "1"},
		{"Received", &bind.Arrival{After: minute(6), Until: minute(7)}, "2"},
		{"Received | where ingestion_time() == TimeGenerated", nil, "3"},
		{"Timeless", &bind.Arrival{After: 1, Until: 2}, "9"},
		{"union Plain, Timeless", &bind.Arrival{Until: minute(1)}, "1 9"},
	} {
		rows, _, err := s.All(ctx, Request{Text: source.New("", c.query+" | project n | sort by n asc", 0), Arrival: c.a}, 0)
		if err != nil {
			t.Errorf("%s: %v", c.query, err)
			continue
		}
		var got []string
		for _, r := range rows.Values {
			got = append(got, fmt.Sprint(r[0]))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s with %+v: %s, want %s", c.query, c.a, got, c.want)
		}
	}
}
