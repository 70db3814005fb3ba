package hunt

import (
	"context"
	"errors"
	"strings"
	"testing"

	"quarry/kql/diag"
	"quarry/kql/source"
)

type atlas struct{}

func (atlas) Lookup(ip string) string { return `{"country":"Nowhere"}` }

// A rule that needs what is not there says so even where no row would come to it; a
// query fails only when one does.
func TestNeeds(t *testing.T) {
	ctx := context.Background()
	without, err := Open(ctx, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer without.Close()
	quiet := source.New("", `datatable(ip:string)[] | extend g = geo_info_from_ip_address(ip)`, 0)
	_, err = without.Run(ctx, quiet)
	var list *diag.List
	if !errors.As(err, &list) || strings.Join(list.Needs(), ",") != "a GeoIP database (MaxMind format)" {
		t.Errorf("a rule without a GeoIP database: %v", err)
	}
	if rows, _, err := without.All(ctx, Request{Text: quiet}, 0); err != nil || len(rows.Values) != 0 {
		t.Errorf("a query that meets no row: %v %v", rows, err)
	}
	_, _, err = without.All(ctx, Request{Text: source.New("", `print g = geo_info_from_ip_address("10.0.0.1")`, 0)}, 0)
	if err == nil || err.Error() != "the query needs a GeoIP database (MaxMind format); give one with --geoip FILE" {
		t.Errorf("a query that meets a row: %v", err)
	}

	with, err := Open(ctx, Config{Resources: &Resources{Geo: atlas{}}})
	if err != nil {
		t.Fatal(err)
	}
	defer with.Close()
	rows, err := with.Run(ctx, source.New("", `print tostring(geo_info_from_ip_address("10.0.0.1").country)`, 0))
	if err != nil || rows.Values[0][0] != "Nowhere" {
		t.Errorf("with a database: %v %v", rows, err)
	}
}
