package lint

import (
	"context"

	"quarry/hunt"
	"quarry/kql/bind"
	"quarry/kql/types"
)

// Open makes a compiler that knows tables and functions and holds no row. External
// data and file profiles have the columns that queries say they have: whether there
// are copies of them is a question of running.
func Open(ctx context.Context, r hunt.Resources) (*hunt.Session, error) {
	if r.External == nil {
		r.External = noRows{}
	}
	if r.FileProfiles == nil {
		r.FileProfiles = &types.Rows{Schema: hunt.FileProfileSchema}
	}
	return hunt.Open(ctx, hunt.Config{Resources: &r})
}

// noRows is external data without any.
type noRows struct{}

func (noRows) Load(_ context.Context, _ *hunt.Session, _ []string, columns types.Schema, _ map[string]string) (*bind.Table, error) {
	return &bind.Table{Name: "externaldata", Columns: columns}, nil
}
