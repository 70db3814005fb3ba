package builtin

import (
	_ "embed"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // zones must not depend on what the machine has installed

	"quarry/kql/types"
)

// zoneRows convert between UTC and the clocks of the IANA time zones.
var zoneRows = []Row{
	{Sig: "datetime_utc_to_local(from: datetime, timezone: string) -> datetime", Sem: NullOnNull,
		Doc: "The clock time in a time zone at a UTC time; null for an unknown zone.",
		Go: func(e *Env, a []types.Value) types.Value {
			zone := e.zones.get(a[1].(string))
			if zone == nil {
				return nil
			}
			t := a[0].(int64)
			return shift(t, offsetAt(t, zone))
		},
		Examples: []Example{{`datetime_utc_to_local(datetime(2020-07-01 12:00), "Europe/Paris")`, `datetime(2020-07-01 14:00)`}}},
	{Sig: "datetime_local_to_utc(from: datetime, timezone: string) -> datetime", Sem: NullOnNull,
		Doc: "The UTC time at a clock time in a time zone. Where clocks showed a time twice it is the second one; a time they skipped counts with the new offset.",
		Go: func(e *Env, a []types.Value) types.Value {
			zone := e.zones.get(a[1].(string))
			if zone == nil {
				return nil
			}
			return localToUTC(a[0].(int64), zone)
		},
		Examples: []Example{{`datetime_local_to_utc(datetime(2020-07-01 14:00), "Europe/Paris")`, `datetime(2020-07-01 12:00)`}, {`datetime_local_to_utc(datetime(2022-03-27 02:00), "Europe/Brussels")`, `datetime(2022-03-27 00:00)`}}},
	{Sig: "datetime_list_timezones() -> dynamic", Doc: "The names of the time zones, as an array.",
		Go: func(*Env, []types.Value) types.Value {
			names := strings.Fields(timezoneNames)
			items := make([]types.Dyn, len(names))
			for i, n := range names {
				items[i] = types.DynText(n)
			}
			return types.DynList(items).String()
		},
		Examples: []Example{{`set_has_element(datetime_list_timezones(), "Europe/Paris")`, `true`}}},
}

//go:embed timezones.txt
var timezoneNames string

// zoneCache keeps loaded time zones; a name that is no zone is kept as nil.
type zoneCache struct {
	mu sync.RWMutex
	m  map[string]*time.Location
}

const maxCachedZones = 1024

func (c *zoneCache) get(name string) *time.Location {
	c.mu.RLock()
	zone, ok := c.m[name]
	c.mu.RUnlock()
	if ok {
		return zone
	}
	if name != "" && name != "Local" { // what LoadLocation takes besides zones
		zone, _ = time.LoadLocation(name)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil || len(c.m) >= maxCachedZones {
		c.m = map[string]*time.Location{}
	}
	c.m[name] = zone
	return zone
}

// offsetAt is how far a zone's clocks are ahead at a UTC time, in ticks.
func offsetAt(t int64, zone *time.Location) int64 {
	_, seconds := types.ToTime(t).In(zone).Zone()
	return int64(seconds) * types.Second
}

func localToUTC(local int64, zone *time.Location) types.Value {
	before, after := offsetAt(max(local-types.Day, 0), zone), offsetAt(min(local+types.Day, types.MaxDatetime), zone)
	early, late := local-max(before, after), local-min(before, after)
	switch {
	case offsetAt(late, zone) == local-late:
		return validTime(late)
	case offsetAt(early, zone) == local-early:
		return validTime(early)
	}
	return validTime(local - after)
}
