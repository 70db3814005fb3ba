package rule

import (
	"regexp"

	"github.com/google/uuid"
)

// namespace makes the ids of rules that have none: the same path gives the same id.
var namespace = uuid.MustParse("6c3dd7d3-8a4e-5e0b-9c35-6a4f5d0c1e27")

// guid is the rule's id for a format that asks for a GUID. A rule that is called
// after its path gets one made of that path.
func (r *Rule) guid() string {
	if !r.named() {
		return r.ID
	}
	return uuid.NewSHA1(namespace, []byte(r.ID)).String()
}

// named reports whether the id is only the rule's path, because its file gives none.
func (r *Rule) named() bool {
	if r.doc == nil {
		return !guidText.MatchString(r.ID)
	}
	return r.doc.get("id") == nil && r.doc.get("detectorId") == nil
}

// resourceName is an id as the name of an Azure resource: most are, the others get a
// GUID made of them.
func resourceName(id string) string {
	if id == "" || plainName.MatchString(id) {
		return id
	}
	return uuid.NewSHA1(namespace, []byte(id)).String()
}

var plainName = regexp.MustCompile(`^[\w-]+$`)
