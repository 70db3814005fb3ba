package bind

import (
	"strings"

	"quarry/kql/source"
	"quarry/kql/syntax"
	"quarry/kql/types"
)

// FileProfiles is the name of Defender's enrichment of files, and of the table that
// stands for Microsoft's service here: a row for each file, with its SHA1 or SHA256.
const FileProfiles = "FileProfile"

// fileProfile binds "invoke FileProfile(x, limit)": what the table knows of the file
// whose hash column x holds. A column that the rows have already stays as it is. The
// limit is one on calls of the service; a table knows all its files.
func (b *binder) fileProfile(x *syntax.Call, piped *rows, env *scope) *rows {
	column, at := "SHA1", x.Name.Span
	if len(x.Args) > 0 {
		arg := x.Args[0]
		at = arg.Pos()
		switch a := arg.(type) {
		case *syntax.Name:
			column = a.Text
		case *syntax.Literal:
			s, ok := stringLiteral(a)
			if !ok {
				b.fail(at, errType("a column", a.Type))
			}
			column = s
		default:
			b.fail(at, errValue("FileProfile() takes a column of hashes", "write invoke FileProfile(SHA1, 1000)"))
		}
	}
	if len(x.Args) > 2 {
		b.fail(x.Name.Span, errArguments("FileProfile takes 2 arguments, not "+itoa(len(x.Args))))
	}
	if len(x.Args) == 2 {
		if k, ok := b.constant(x.Args[1], env, "the limit of FileProfile()"); ok {
			if n, isLong := k.Value.(int64); !isLong || n < 1 || n > 1000 {
				b.report(x.Args[1].Pos(), errValue("the limit of FileProfile() is a number from 1 to 1000", ""))
			}
		}
	}
	if col, ok := piped.find(column); !ok {
		b.fail(at, errUnknownColumn(column, piped.names()))
	} else if col.Type != types.String {
		b.fail(at, errType("a string", col.Type))
	}
	t, ok := b.lookup(FileProfiles)
	if !ok {
		b.fail(x.Span, errNeeds("file profiles", "give a table of SHA1, GlobalPrevalence, Signer and so on with --file-profile FILE"))
	}
	id := "SHA1"
	if strings.Contains(strings.ToUpper(column), "SHA256") {
		id = "SHA256"
	}
	if t.Columns.Index(id) < 0 {
		b.fail(x.Span, errNeeds("file profiles with a column "+id, ""))
	}
	added := ""
	for _, c := range t.Columns {
		if _, has := piped.find(c.Name); !has && c.Name != "ProfileAvailability" {
			added += ", " + quotedName(c.Name) + " = take_any(" + quotedName(c.Name) + ")"
		}
	}
	found := "['$found']"
	query := "['$rows'] | extend ['$key'] = tolower(" + quotedName(column) + ") | lookup kind=leftouter (['$profiles'] | where isnotempty(" + id + ")" +
		" | summarize " + found + " = take_any(true)" + added + " by ['$key'] = tolower(" + id + ")) on ['$key']"
	if _, has := piped.find("ProfileAvailability"); !has {
		query += " | extend ProfileAvailability = case(isempty(['$key']), '', isnull(" + found + "), 'Missing', 'Available')"
	}
	query += " | project-away ['$key'], " + found
	script, errs := syntax.Parse(source.New(FileProfiles, query, 0))
	if errs != nil {
		b.fail(x.Span, errValue("the columns of the file profiles cannot be read: "+errs.Error(), ""))
	}
	inner := (&scope{names: map[string]*binding{}}).
		with("$rows", &binding{name: "$rows", tabular: true, def: b.share("$rows", piped)}).
		with("$profiles", &binding{name: "$profiles", tabular: true, def: b.share("$profiles", b.scan(t))})
	return b.tabular(script.Statements[0].(*syntax.Query).X, inner)
}

// quotedName writes a column's name as a bracketed one.
func quotedName(s string) string {
	return "['" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "']"
}
