package simulate

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func generate(t *testing.T, o Options) ([]byte, *Truth) {
	t.Helper()
	var b []byte
	last := int64(0)
	truth, err := Generate(o, func(r *Row) error {
		if r.Time < last {
			t.Errorf("a row of %s comes before its time", r.Table)
		}
		last = r.Time
		b = append(r.AppendJSON(append(b, r.Table...)), '\n')
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b, truth
}

func TestSameSeedSameRows(t *testing.T) {
	o := Options{Events: 3000, Devices: 5, Seed: 9, Plant: "smb-copy-exec"}
	a, truth := generate(t, o)
	b, _ := generate(t, o)
	if !bytes.Equal(a, b) {
		t.Error("the same options give other rows")
	}
	if n := bytes.Count(a, []byte("\n")); n != o.Events {
		t.Errorf("%d rows", n)
	}
	o.Seed++
	if c, _ := generate(t, o); bytes.Equal(a, c) {
		t.Error("another seed gives the same rows")
	}
	expect := map[string]string{}
	for _, p := range truth.Plants {
		expect[p.Case] = p.Expect
		if len(p.Rows) != 4 {
			t.Errorf("%s has %d rows", p.Case, len(p.Rows))
		}
	}
	want := map[string]string{"typical": fires, "edge": fires, "late": quiet, "other device": quiet, "other path": quiet,
		"out of order": quiet, "other source": quiet, "local copy": quiet}
	if d := cmp.Diff(want, expect); d != "" {
		t.Errorf("cases (-want +got):\n%s", d)
	}
}

func TestCheck(t *testing.T) {
	good := Options{Events: 100, Devices: 2, Length: time.Hour, Plant: "smb-copy-exec"}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for _, change := range []func(*Options){
		func(o *Options) { o.Events = 0 }, func(o *Options) { o.Events = 31 }, func(o *Options) { o.Devices = 1 },
		func(o *Options) { o.Plant = "nothing" }, func(o *Options) { o.Length = time.Second },
	} {
		o := good
		change(&o)
		if o.Check() == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}
