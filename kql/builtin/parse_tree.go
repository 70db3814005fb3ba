package builtin

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"

	"quarry/kql/types"
)

// maxXML is the longest text that parse_xml() reads, in bytes; longer ones are null.
const maxXML = 1 << 20

// xmlNode is an element on its way to a bag.
type xmlNode struct {
	keys   []string
	values [][]types.Dyn // of each key: several elements of one name are an array
	text   strings.Builder
}

func (n *xmlNode) add(key string, v types.Dyn) {
	for i, k := range n.keys {
		if k == key {
			n.values[i] = append(n.values[i], v)
			return
		}
	}
	n.keys, n.values = append(n.keys, key), append(n.values, []types.Dyn{v})
}

func (n *xmlNode) value() types.Dyn {
	text := strings.TrimSpace(n.text.String())
	if len(n.keys) == 0 {
		if text == "" {
			return types.Dyn{}
		}
		return types.DynText(text)
	}
	keys := make([]string, 0, len(n.keys)+1)
	values := make([]types.Dyn, 0, len(n.keys)+1)
	put := func(k string, v types.Dyn) { keys, values = append(keys, k), append(values, v) }
	for i, k := range n.keys {
		if text != "" && !strings.HasPrefix(k, "@") {
			put("#text", types.DynText(text))
			text = ""
		}
		if v := n.values[i]; len(v) == 1 {
			put(k, v[0])
		} else {
			put(k, types.DynList(v))
		}
	}
	if text != "" {
		put("#text", types.DynText(text))
	}
	return types.DynObject(keys, values)
}

// parseXML is nil for what is not well-formed, longer than maxXML or nested too deep.
func parseXML(s string) types.Value {
	if len(s) > maxXML || strings.TrimSpace(s) == "" {
		return nil
	}
	dec := xml.NewDecoder(strings.NewReader(s))
	dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // the text is UTF-8 whatever it says
	stack := []*xmlNode{{}}
	var names []string
	for {
		tok, err := dec.RawToken()
		if err != nil {
			if !errors.Is(err, io.EOF) || len(stack) != 1 || len(stack[0].keys) != 1 {
				return nil
			}
			return stack[0].value().Value()
		}
		top := stack[len(stack)-1]
		switch tok := tok.(type) {
		case xml.StartElement:
			if len(stack) > types.MaxDynDepth/2 || len(stack) == 1 && len(top.keys) > 0 {
				return nil
			}
			n := &xmlNode{}
			for _, a := range tok.Attr {
				n.add("@"+xmlName(a.Name), types.DynText(a.Value))
			}
			stack, names = append(stack, n), append(names, xmlName(tok.Name))
		case xml.EndElement:
			if len(names) == 0 || names[len(names)-1] != xmlName(tok.Name) {
				return nil
			}
			stack[len(stack)-2].add(names[len(names)-1], top.value())
			stack, names = stack[:len(stack)-1], names[:len(names)-1]
		case xml.CharData:
			if len(stack) == 1 && strings.TrimSpace(string(tok)) != "" {
				return nil
			}
			top.text.Write(tok)
		}
	}
}

func xmlName(n xml.Name) string {
	if n.Space != "" {
		return n.Space + ":" + n.Local
	}
	return n.Local
}

// jsonStep is a key or, when Key is "", an index of a path.
type jsonStep struct {
	key   string
	index int64
	isKey bool
}

// parseJSONPath reads $.a.b[0]['c d'] and $['a'].
func parseJSONPath(p string) ([]jsonStep, bool) {
	p, ok := strings.CutPrefix(strings.TrimSpace(p), "$")
	if !ok {
		return nil, false
	}
	var steps []jsonStep
	for p != "" {
		switch {
		case strings.HasPrefix(p, "['"), strings.HasPrefix(p, `["`):
			end := strings.Index(p[2:], p[1:2]+"]")
			if end < 0 {
				return nil, false
			}
			steps = append(steps, jsonStep{key: p[2 : 2+end], isKey: true})
			p = p[end+4:]
		case p[0] == '[':
			end := strings.IndexByte(p, ']')
			if end < 0 {
				return nil, false
			}
			i, err := strconv.ParseInt(p[1:end], 10, 64)
			if err != nil {
				return nil, false
			}
			steps = append(steps, jsonStep{index: i})
			p = p[end+1:]
		case p[0] == '.' && len(p) > 1:
			end := strings.IndexAny(p[1:], ".[")
			if end < 0 {
				end = len(p) - 1
			}
			if end == 0 {
				return nil, false
			}
			steps = append(steps, jsonStep{key: p[1 : 1+end], isKey: true})
			p = p[1+end:]
		default:
			return nil, false
		}
	}
	return steps, true
}

func extractJSON(path, text string) types.Dyn {
	steps, ok := parseJSONPath(path)
	if !ok {
		return types.Dyn{}
	}
	d, _ := types.ParseDyn(text)
	for _, s := range steps {
		if s.isKey {
			d = d.Key(s.key)
		} else {
			d = d.Index(s.index)
		}
	}
	return d
}

func extractJSONRow(name string, typed bool) Row {
	r := Row{Sig: name + "(jsonPath: const string, jsonText: text) -> string",
		Doc: "What a path such as $.a.b[0] leads to in a JSON text; empty where it leads nowhere.",
		Check: func(args []Arg) (int, string) {
			if p, ok := args[0].Value.(string); ok {
				if _, ok := parseJSONPath(p); !ok {
					return 0, "the path must be made of steps such as $.name, $['name'] and $[0]"
				}
			}
			return 0, ""
		},
		Go:       func(_ *Env, a []types.Value) types.Value { return extractJSON(a[0].(string), a[1].(string)).Text() },
		Examples: []Example{{name + `("$.hosts[1].name", '{"hosts":[{"name":"a"},{"name":"b"}]}')`, `"b"`}}}
	if typed {
		r.Sig = name + "(jsonPath: const string, jsonText: text, type: const string) -> string"
		r.Doc = "What a path leads to in a JSON text, as a value of the given type."
		r.Result = typeArgument(2)
		r.Go = func(_ *Env, a []types.Value) types.Value {
			name, _ := a[2].(string)
			t, _ := types.Parse(name)
			return convertDyn(t, extractJSON(a[0].(string), a[1].(string)))
		}
		r.Examples = []Example{{name + `("$.age", '{"age": 30}', typeof(long))`, `30`}}
	}
	return r
}
