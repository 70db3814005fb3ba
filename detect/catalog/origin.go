package catalog

import (
	_ "embed"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"quarry/detect/rule"
)

// What the published catalogue says of the rules of its repository.
const (
	Repository = "https://github.com/Azure/Azure-Sentinel/blob/master"
	Service    = "Azure Sentinel Community Github"
)

const (
	detections = "Detections"
	hunting    = "Hunting Queries"
	solutions  = "Solutions"
)

// origin is where a rule comes from.
type origin struct {
	path      string // of its file in the repository, "" if that is not known
	url       string
	kind      string // DetectionType
	service   string
	published bool // below Detections or Hunting Queries, of which the published catalogue is made
}

// origin finds a rule's place in its repository. In a checkout of Azure-Sentinel, or an
// archive of it, the folders Detections, Hunting Queries and Solutions say where the
// repository begins.
func (d *deriver) origin(r *rule.Rule) origin {
	o := origin{url: r.URL, service: d.Service}
	if len(r.PageRows) > 0 { // a page says it all, except the service
		if o.service == "" && strings.HasPrefix(r.URL, Repository+"/") {
			o.service = Service
		}
		o.kind, o.published = kindOf(r, ""), true
		return o
	}
	repository := d.Repository
	if in, ok := inRepository(d.full(r)); ok {
		o.path = in
		if o.service == "" {
			o.service = Service
		}
		if repository == "" {
			repository = Repository
		}
	} else if repository != "" {
		o.path = withoutArchiveRoot(r)
	}
	if repository != "" {
		o.url = strings.TrimRight(repository, "/") + "/" + escapes.Replace(o.path)
	}
	o.kind = kindOf(r, o.path)
	o.published = strings.HasPrefix(o.path, detections+"/") || strings.HasPrefix(o.path, hunting+"/")
	return o
}

// escapes makes a file's path part of a URL.
var escapes = strings.NewReplacer("%", "%25", " ", "%20", "#", "%23", "?", "%3F")

// full is the path of a rule's file: within its archive, or from the root of the file
// system.
func (d *deriver) full(r *rule.Rule) string {
	if i := strings.LastIndexByte(r.File, '!'); i >= 0 {
		return r.File[i+1:]
	}
	name := filepath.ToSlash(r.File)
	if d.Dir != "" && !filepath.IsAbs(r.File) {
		name = path.Join(filepath.ToSlash(d.Dir), name)
	}
	return name
}

// inRepository cuts a path at the root of the repository.
func inRepository(name string) (string, bool) {
	parts := strings.Split(name, "/")
	folders := parts[:len(parts)-1]
	for i := len(folders) - 1; i >= 0; i-- {
		if strings.HasPrefix(strings.ToLower(folders[i]), "azure-sentinel") {
			return strings.Join(parts[i+1:], "/"), true
		}
	}
	for i, f := range folders {
		if f == detections || f == hunting || f == solutions {
			return strings.Join(parts[i:], "/"), true
		}
	}
	return "", false
}

// withoutArchiveRoot is the path below what the user named; an archive that GitHub
// makes of a branch has all below one folder, NAME-main.
func withoutArchiveRoot(r *rule.Rule) string {
	first, rest, ok := strings.Cut(r.Path, "/")
	if ok && strings.Contains(r.File, "!") && (strings.HasSuffix(first, "-main") || strings.HasSuffix(first, "-master")) {
		return rest
	}
	return r.Path
}

// folder is the name of the folder that holds a rule's file.
func (d *deriver) folder(r *rule.Rule) string {
	name := path.Base(path.Dir(d.full(r)))
	if name == "." || name == "/" {
		return ""
	}
	return name
}

// kindOf is the DetectionType: what the folder says, else the rule's kind.
func kindOf(r *rule.Rule, name string) string {
	folders := strings.Split(path.Dir(name), "/")
	switch {
	case folders[0] == detections:
		return "Analytics"
	case slices.Contains(folders, hunting):
		return "Hunting"
	case r.Kind == rule.Hunting, r.Kind == rule.Query:
		return "Hunting"
	case r.Kind == rule.Summary, r.Kind == "Fusion":
		return string(r.Kind)
	}
	return "Analytics"
}

//go:embed platforms.tsv
var platformList string

// platforms are the platforms of each connector. Connectors that are not listed have
// none.
func platforms() map[string][]string {
	out := map[string][]string{}
	for i, line := range strings.Split(strings.TrimSpace(platformList), "\n") {
		if name, list, ok := strings.Cut(line, "\t"); ok && i > 0 {
			out[name] = strings.Split(list, ", ")
		}
	}
	return out
}

func itoa(n int) string { return strconv.Itoa(n) }
