package workspace

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
)

func TestWatchlists(t *testing.T) {
	dir := write(t, map[string]string{
		"vip.csv":    "\xef\xbb\xbfName,Age\nalice,30\n\"bob, jr\",\n",
		"keyed.csv":  "SearchKey,Note\nk1,x\n",
		"hosts.json": `[{"host":"a","n":1,"ok":true,"tags":["x"]},{"host":"b","n":2.5,"SearchKey":"kb","mixed":1},{"host":null,"mixed":"x"}]`,
	})
	at := func(name string) string { return filepath.Join(dir, name) }
	w := open(t, Options{Watchlists: map[string]string{"VIP": at("vip.csv"), "Keyed": at("keyed.csv"), "Hosts": at("hosts.json")}})
	for _, c := range []struct{ kql, want string }{
		{`_GetWatchlist("VIP")`, "string=alice string=30 string=alice\nstring=bob, jr string= string=bob, jr"},
		{`_GetWatchlist('Keyed') | project SearchKey, Note`, "string=k1 string=x"},
		{`_GetWatchlist("Hosts") | where n > 1 | project SearchKey, host, n, ok, tags, mixed`, "string=kb string=b real=2.5 bool= dynamic= dynamic=1"},
		{`datatable(u:string)["alice", "eve"] | where u in ((_GetWatchlist("VIP") | project SearchKey))`, "string=alice"},
		{`_GetWatchlistAlias | sort by WatchlistAlias asc`, "string=Hosts\nstring=Keyed\nstring=VIP"},
	} {
		if got := ask(t, w, c.kql); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.kql, got, c.want)
		}
	}
}

func TestFileProfiles(t *testing.T) {
	dir := write(t, map[string]string{
		"files.csv": "SHA1,SHA256,GlobalPrevalence,Signer,IsCertificateValid,GlobalFirstSeen,Team\nAA,BB,7,Contoso,true,2024-01-01,red\nCC,,,,,,\nAA,,8,Twice,,,\n",
	})
	w := open(t, Options{FileProfiles: filepath.Join(dir, "files.csv")})
	rows := `datatable(SHA1:string, Signer:string, n:long)["aa", "mine", 1, "dd", "", 2, "", "", 3] | invoke FileProfile(SHA1, 1000)`
	for _, c := range []struct{ kql, want string }{
		{rows + ` | sort by n asc | project n, GlobalPrevalence in (7, 8), Signer, ProfileAvailability`, "long=1 bool=true string=mine string=Available\nlong=2 bool=false string= string=Missing\nlong=3 bool=false string= string="},
		{rows + ` | getschema | summarize take_any(1) by ColumnName | count`, "long=20"},
		{`print InitiatingProcessSHA256 = "bb" | invoke FileProfile("InitiatingProcessSHA256") | project GlobalPrevalence, GlobalFirstSeen, IsCertificateValid, Team`, "long=7 datetime=2024-01-01T00:00:00Z bool=true string=red"},
	} {
		if got := ask(t, w, c.kql); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.kql, got, c.want)
		}
	}
}

func TestListProblems(t *testing.T) {
	dir := write(t, map[string]string{
		"empty.csv": "", "ragged.csv": "a,b\n1\n", "twice.csv": "a,a\n1,2\n", "bad.json": "[1]", "list.xml": "<a/>", "nohash.csv": "Signer\nx\n",
	})
	ctx := context.Background()
	for name, want := range map[string]string{
		"empty.csv": "it is empty", "ragged.csv": "line 2 has 1 values for 2 columns", "twice.csv": `two columns are called "a"`,
		"bad.json": "JSON objects", "list.xml": "its name ends in neither", "none.csv": "no such file",
	} {
		if _, err := Open(ctx, Options{Watchlists: map[string]string{"x": filepath.Join(dir, name)}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	if _, err := Open(ctx, Options{FileProfiles: filepath.Join(dir, "nohash.csv")}); err == nil || !strings.Contains(err.Error(), "neither a column SHA1 nor SHA256") {
		t.Errorf("profiles without a hash: %v", err)
	}
}
