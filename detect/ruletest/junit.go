package ruletest

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// JUnit's elements, as the schema junit-10.xsd of Jenkins' xUnit plug-in has them, which
// other viewers read too. It has no place for a file or a line on a test case; they are
// the first line of a failure's text.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		File     string      `xml:"file,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name      string        `xml:"name,attr"`
		ClassName string        `xml:"classname,attr"`
		Time      string        `xml:"time,attr"`
		Failure   *junitFailure `xml:"failure"`
	}
	junitFailure struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes a report as JUnit XML: a suite for each rule that has tests. A test
// that cannot be read or run is a failure of the type "broken", as the schema knows no
// other.
func WriteJUnit(w io.Writer, r *Report) error {
	out := junitSuites{Name: "quarry test", Tests: r.Tests(), Failures: r.Count(Failed) + r.Count(Broken), Time: junitTime(r.Seconds)}
	for _, x := range r.Rules {
		if len(x.Results) == 0 {
			continue
		}
		s := junitSuite{Name: xmlText(x.Name), Tests: len(x.Results), Failures: x.Count(Failed) + x.Count(Broken), Time: junitTime(x.Seconds), File: xmlText(x.File)}
		for _, res := range x.Results {
			c := junitCase{Name: xmlText(res.Name), ClassName: xmlText(shortName(x.File)), Time: junitTime(res.Seconds)}
			if res.Status != Passed {
				message := ""
				if len(res.Problems) > 0 {
					message = res.Problems[0]
				}
				c.Failure = &junitFailure{Type: string(res.Status), Message: xmlText(message), Text: xmlText(res.text(100))}
			}
			s.Cases = append(s.Cases, c)
		}
		out.Suites = append(out.Suites, s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(out); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// junitTime is seconds with at most three decimals.
func junitTime(s float64) string { return fmt.Sprintf("%.3f", max(0, s)) }

// xmlText drops what XML 1.0 cannot hold.
func xmlText(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r <= 0x9f || r == 0xfffe || r == 0xffff || r >= 0xd800 && r <= 0xdfff {
			return -1
		}
		return r
	}, s)
}
