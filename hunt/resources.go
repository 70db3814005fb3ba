package hunt

import (
	"context"
	"maps"
	"slices"

	"quarry/kql/bind"
	"quarry/kql/source"
	"quarry/kql/types"
)

// watchlistAliases is Sentinel's function that lists the watchlists there are.
const watchlistAliases = "_GetWatchlistAlias"

// FileProfileSchema are the columns that Defender's FileProfile() adds, without
// ProfileAvailability, which says whether a file is known.
var FileProfileSchema = types.Schema{
	{Name: "SHA1", Type: types.String}, {Name: "SHA256", Type: types.String}, {Name: "MD5", Type: types.String},
	{Name: "FileSize", Type: types.Long}, {Name: "GlobalPrevalence", Type: types.Long},
	{Name: "GlobalFirstSeen", Type: types.Datetime}, {Name: "GlobalLastSeen", Type: types.Datetime},
	{Name: "Signer", Type: types.String}, {Name: "Issuer", Type: types.String}, {Name: "SignerHash", Type: types.String},
	{Name: "IsCertificateValid", Type: types.Bool}, {Name: "IsRootSignerMicrosoft", Type: types.Bool},
	{Name: "SignatureState", Type: types.String}, {Name: "IsExecutable", Type: types.Bool}, {Name: "ThreatName", Type: types.String},
	{Name: "Publisher", Type: types.String}, {Name: "SoftwareName", Type: types.String},
}

// bringIn puts the rows of the resources where the engine reads them.
func (s *Session) bringIn(ctx context.Context) (err error) {
	s.extra, s.watchlists = map[string]*bind.Table{}, map[string]*bind.Table{}
	if rows := s.resources.FileProfiles; rows != nil {
		if s.extra[bind.FileProfiles], _, err = s.Spool(ctx, bind.FileProfiles, rows); err != nil {
			return err
		}
	}
	aliases := slices.Sorted(maps.Keys(s.resources.Watchlists))
	for _, alias := range aliases {
		if s.watchlists[alias], _, err = s.Spool(ctx, alias, s.resources.Watchlists[alias]); err != nil {
			return err
		}
	}
	s.aliases, err = listAliases(aliases)
	return err
}

// listAliases makes the function that lists watchlists.
func listAliases(aliases []string) (*bind.Function, error) {
	text := "() { datatable(WatchlistAlias:string)["
	for i, alias := range aliases {
		if i > 0 {
			text += ", "
		}
		text += string(AppendJSONString(nil, alias))
	}
	return NewFunction(watchlistAliases, source.New(watchlistAliases, text+"] }", 0))
}
