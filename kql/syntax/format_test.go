package syntax

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"quarry/kql/source"
)

func TestFormat(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "T|where a==1|take 5;", "T\n| where a == 1\n| take 5\n"},
		{"comments", "// head\nlet n=5; // five\nT // all\n// keep some\n|where a==1 // one\n  and b==2\n|take n\n// end\n",
			"// head\nlet n = 5; // five\nT // all\n// keep some\n| where a == 1 and b == 2 // one\n| take n\n// end\n"},
		{"slashes in text", "print 'http://x' // y\n", "print 'http://x' // y\n"},
	} {
		got, err := Format(source.New("", c.in, 0))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
		if again, err := Format(source.New("", got, 0)); err != nil || again != got {
			t.Errorf("%s: a second formatting changes it to %q (%v)", c.name, again, err)
		}
	}
}
