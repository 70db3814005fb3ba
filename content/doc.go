// Package content holds the starter rules that Quarry carries with it: detections
// over the Defender tables in Sentinel's YAML, each with tests beside it
// (NAME.test.yaml: firing cases and near misses).
//
// It imports nothing of Quarry; the tests run every case through the engine. To
// add a rule, add both files to rules/.
package content

import "embed"

// Rules is the directory of the rules: rules/NAME.yaml and rules/NAME.test.yaml.
//
//go:embed rules/*.yaml
var Rules embed.FS
