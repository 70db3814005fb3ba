package docgen

import (
	"fmt"
	"strings"

	"quarry/detect/lint"
)

// lintGuide is what people do with lint; the table of checks comes after it.
const lintGuide = `# Lint

` + "```" + `
quarry lint packs/                          errors and warnings, with their place and what to do
quarry lint --level note packs/             matters of style and speed too
quarry lint --fix packs/                    mend what can be mended for sure
quarry lint --format sarif -o lint.sarif packs/
` + "```" + `

The exit status is 0 when nothing is found at the level asked for, 1 when something is, 2 when the command cannot be carried out. No data is needed: queries
are compiled against the tables Quarry knows, those of ` + "`--schema FILE`" + ` (a CSV of table,column,type), the parsers among the paths and those of
` + "`--functions PATH`" + `. A watchlist has columns once ` + "`--watchlist ALIAS=FILE`" + ` gives it.

What depends on the data at hand, such as a table without rows, is no matter of lint.

## Levels
| level | means |
|---|---|
| error | Sentinel, Defender or the language refuse it |
| warning | likely a mistake |
| note | a matter of style or of speed; told with ` + "`--level note`" + ` |

An error of the query has the compiler's code, ` + "`KQ204`" + ` say; [errors.md](errors.md) explains these. An unknown table or function is an error when a known name is
near, else a warning, and a note when the rule lists it among its data types or it is a custom log (` + "`_CL`" + `) or an ASIM parser. What Quarry does not run
itself is a note.

## Suppressions
A comment says which findings may stay, and why. The reason is required.

` + "```yaml" + `
name: rare service installs   # quarry:ignore QL017 the product's own name is written small
# quarry:ignore QL023 this pack has no versions
version: draft
` + "```" + `

` + "```kql" + `
DeviceEvents
| sort by Timestamp   // quarry:ignore QL105 read by people, a hundred rows at most
` + "```" + `

At the end of a line it is about that line. On a line of its own it is about what follows: in YAML the next key or entry with all that belongs to it, in KQL the
next line. ` + "`quarry:ignore-file`" + ` is about the whole file. A suppression without a reason, or of nothing, is a finding.

## A baseline
Begin with today's findings in a file, and let only new ones fail:

` + "```" + `
quarry lint --write-baseline lint-baseline.json packs/
quarry lint --baseline lint-baseline.json packs/
` + "```" + `

A finding is known by its code, its rule and the text of its line, so it stays in the baseline when lines move. An entry whose finding is gone is told as QL904.

## In CI
SARIF carries the findings into code scanning; suppressed ones are marked so. In GitHub:

` + "```yaml" + `
- run: quarry lint --format sarif -o lint.sarif packs/
- uses: github/codeql-action/upload-sarif@v3
  if: always()
  with:
    sarif_file: lint.sarif
` + "```" + `

` + "`--format json`" + ` prints one object; [its schema](schema/lint.schema.json) says what is in it.

## What is checked
The schema of rules is that of Sentinel's repository and its style guide, of Azure's exports and of Defender's custom detections. Tactics and techniques are those of
MITRE ATT&CK %s. © 2025 The MITRE Corporation. This work is reproduced and distributed with the permission of The MITRE Corporation.
`

// lintPage explains lint and lists its checks.
func lintPage() string {
	var b strings.Builder
	b.WriteString(made)
	fmt.Fprintf(&b, lintGuide, lint.AttackVersion)
	for _, part := range lint.Parts() {
		fmt.Fprintf(&b, "\n### %s\n| code | level | what | fix |\n|---|---|---|---|\n", part.Title)
		for _, c := range part.Checks {
			fix := ""
			if c.Fixable {
				fix = "yes"
			}
			fmt.Fprintf(&b, "| %s | %s | **%s.** %s | %s |\n", c.Code, c.Severity, cell(c.Title), cell(c.Explain), fix)
		}
	}
	return b.String()
}
