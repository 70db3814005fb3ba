package workspace

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/oschwald/maxminddb-golang/v2"

	"quarry/hunt"
	"quarry/kql/builtin"
	"quarry/kql/types"
)

// places answers geo_info_from_ip_address out of a MaxMind database of cities or
// countries (GeoLite2-City and what has its layout).
type places struct{ db *maxminddb.Reader }

var _ builtin.GeoIP = (*places)(nil)

func openPlaces(file string) (*places, error) {
	db, err := maxminddb.Open(file)
	if err != nil {
		return nil, fmt.Errorf("the GeoIP database %s cannot be read: %w", file, err)
	}
	kind := db.Metadata.DatabaseType
	for _, known := range []string{"City", "Country", "Enterprise", "Insights", "Location"} {
		if strings.Contains(kind, known) {
			return &places{db}, nil
		}
	}
	db.Close()
	return nil, fmt.Errorf("%s is a database of the kind %q, which does not say where an address is; a City database (GeoLite2-City) does", file, kind)
}

// place is the part of a record that Kusto tells.
type place struct {
	Country struct {
		Names map[string]string `maxminddb:"names"`
	} `maxminddb:"country"`
	Subdivisions []struct {
		Names map[string]string `maxminddb:"names"`
	} `maxminddb:"subdivisions"`
	City struct {
		Names map[string]string `maxminddb:"names"`
	} `maxminddb:"city"`
	Location struct {
		Latitude  *float64 `maxminddb:"latitude"`
		Longitude *float64 `maxminddb:"longitude"`
	} `maxminddb:"location"`
}

// Lookup gives what is known of an address as a bag, without the members that are not
// known; "" for a text that is no address, and for an unknown one.
func (p *places) Lookup(ip string) string {
	addr, err := netip.ParseAddr(strings.TrimSpace(ip))
	if err != nil {
		return ""
	}
	found := p.db.Lookup(addr.Unmap())
	if !found.Found() {
		return ""
	}
	var r place
	if err := found.Decode(&r); err != nil {
		panic(builtin.Failure("the GeoIP database cannot be read: " + err.Error()))
	}
	bag := []byte{'{'}
	add := func(name string, value []byte) {
		if len(bag) > 1 {
			bag = append(bag, ',')
		}
		bag = append(append(append(append(bag, '"'), name...), `":`...), value...)
	}
	text := func(name, value string) {
		if value != "" {
			add(name, hunt.AppendJSONString(nil, value))
		}
	}
	number := func(name string, value *float64) {
		if value != nil {
			add(name, []byte(types.DynReal(*value).String()))
		}
	}
	text("country", r.Country.Names["en"])
	if len(r.Subdivisions) > 0 {
		text("state", r.Subdivisions[0].Names["en"])
	}
	text("city", r.City.Names["en"])
	number("latitude", r.Location.Latitude)
	number("longitude", r.Location.Longitude)
	if len(bag) == 1 {
		return ""
	}
	return string(append(bag, '}'))
}
