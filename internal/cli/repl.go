package cli

import (
	"bufio"
	"context"
	"strings"

	"quarry/kql/source"
)

// interactive reads statements until the end of the input.
func (q *querier) interactive(ctx context.Context) (err error) {
	if q.space, err = q.open(ctx, q.flags); err != nil {
		return err
	}
	defer q.space.Close()
	in := bufio.NewScanner(q.stdin)
	in.Buffer(nil, 16<<20)
	var text strings.Builder
	flush := func() error {
		body := text.String()
		text.Reset()
		if strings.TrimSpace(body) == "" {
			return nil
		}
		return q.run(ctx, source.New("", body, 0))
	}
	for in.Scan() {
		line := in.Text()
		text.WriteString(line + "\n")
		if strings.TrimSpace(line) == "" {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := in.Err(); err != nil {
		return err
	}
	return flush()
}
