package defender

import (
	"strings"

	"quarry/kql/types"
)

// program is what process events say, again and again, of an executable file.
type program struct {
	logged [1 + programInfo]string
	hashes *hashSet
	info   [programInfo]types.Value // as the columns from Company on have it
}

// programInfo is the number of texts of the version resource that rows show.
const programInfo = 5

// programFields are what a program is made of; read only.
var programFields = [1 + programInfo]string{"Hashes", "Company", "Product", "FileVersion", "OriginalFileName", "Description"}

// noProgram is a program of which nothing is known; read only.
var noProgram = &program{hashes: &hashSet{"", "", ""}, info: [programInfo]types.Value{"", "", "", "", ""}}

// programOf is the program of a Sysmon 1 event, one copy as long as it comes often.
func (m *Mapper) programOf(st *stored) *program {
	var logged [1 + programInfo]string
	for i, name := range programFields {
		logged[i] = st.get(name)
	}
	key := logged[0]
	if key == "" {
		key = st.get("Image")
	}
	if key == "" {
		key = "-" // as of a file without a name
	}
	at, remembered := m.programs.of(key)
	if remembered && at.made.logged == logged {
		return at.made
	}
	p := &program{hashes: m.hashSetOf(logged[0])}
	for i, text := range logged {
		p.logged[i] = strings.Clone(text) // never hold on to the event's memory
		if i > 0 {
			p.info[i-1] = known(p.logged[i])
		}
	}
	at.made = p
	return p
}
