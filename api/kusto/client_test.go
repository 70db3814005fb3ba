package kusto

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-kusto-go/azkustodata"
	"github.com/Azure/azure-kusto-go/azkustodata/kql"
	"github.com/google/go-cmp/cmp"

	"quarry/api"
)

// TestGoClient runs Microsoft's own client, unmodified.
func TestGoClient(t *testing.T) {
	h, _ := serve(t, api.Guard{})
	client, err := azkustodata.New(azkustodata.NewConnectionStringBuilder(h.URL))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	data, err := client.Query(ctx, "x", kql.New("T | sort by n asc nulls last"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range data.Tables()[0].Rows() {
		got = append(got, row.String())
	}
	if d := cmp.Diff([]string{"a,1\n", "\"b\u00e9\"\"\n\",2\n", ",\n"}, got); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}

	params := kql.NewParameters().AddString("s", `it's "x"`).AddLong("n", 5).AddTimespan("t", 90*time.Second)
	data, err = client.Query(ctx, "x", kql.New("print s, n, t"), azkustodata.QueryParameters(params))
	if err != nil {
		t.Fatal(err)
	}
	if got := data.Tables()[0].Rows()[0].Values(); got[0].String() != `it's "x"` || got[1].String() != "5" || got[2].String() != "1m30s" {
		t.Errorf("parameters: %v", got)
	}

	data, err = client.Query(ctx, "x", kql.New(allTypes))
	if err != nil {
		t.Fatal(err)
	}
	row := data.Tables()[0].Rows()[0].String()
	if want := "true,-5,9007199254740993,1.5,NaN,+Inf,2,12345.6789,x,"; !strings.HasPrefix(row, want) {
		t.Errorf("types: %s", row)
	}

	many, err := client.IterativeQuery(ctx, "x", kql.New("range x from 1 to 10000 step 1; print y=1"))
	if err != nil {
		t.Fatal(err)
	}
	var counts []int
	for table := range many.Tables() {
		if table.Err() != nil {
			t.Fatal(table.Err())
		}
		n := 0
		for r := range table.Table().Rows() {
			if r.Err() != nil {
				t.Fatal(r.Err())
			}
			n++
		}
		if table.Table().IsPrimaryResult() {
			counts = append(counts, n)
		}
	}
	many.Close()
	if d := cmp.Diff([]int{10000, 1}, counts); d != "" {
		t.Errorf("tables (-want +got):\n%s", d)
	}

	shown, err := client.Mgmt(ctx, "x", kql.New(".show tables | project TableName"))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(shown.Tables()[0].Rows()); n != 2 {
		t.Errorf("%d tables shown", n)
	}

	if _, err := client.Query(ctx, "x", kql.New("T | where nope")); err == nil || !strings.Contains(err.Error(), "SEM0100") {
		t.Errorf("an unknown name: %v", err)
	}
	if _, err := client.Query(ctx, "x", kql.New("range x from 1 to 600000 step 1")); err == nil || !strings.Contains(err.Error(), "E_QUERY_RESULT_SET_TOO_LARGE") {
		t.Errorf("too many rows: %v", err)
	}
	short, stop := context.WithTimeout(ctx, 300*time.Millisecond)
	defer stop()
	if _, err := client.Query(short, "x", kql.New("").AddUnsafe(slow)); err == nil {
		t.Error("the time-out was not kept")
	}
}
