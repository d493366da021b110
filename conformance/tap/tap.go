// Package tap prints the Test Anything Protocol, version 13, for the official validation.
//
// The validation imports github.com/mndrix/tap-go, which Debian does not package; this is the part of that
// interface which the validation calls, written for this project.
package tap

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// T counts assertions and prints each as it is made.
type T struct {
	TODO   bool
	Writer io.Writer
	count  *int // shared with the copies that Todo makes
}

// New prints to the standard output.
func New() *T { return &T{Writer: os.Stdout, count: new(int)} }

// Header opens the stream; a plan of 0 means that AutoPlan gives it at the end.
func (t *T) Header(planned int) {
	t.say("TAP version 13\n")
	if planned > 0 {
		t.say("1..%d\n", planned)
	}
}

// AutoPlan closes the stream with the number of assertions made.
func (t *T) AutoPlan() { t.say("1..%d\n", *t.count) }

// Ok asserts.
func (t *T) Ok(holds bool, description string) {
	*t.count++
	verdict := "ok"
	if !holds {
		verdict = "not ok"
	}
	if t.TODO {
		description = "# TODO " + description
	} else {
		description = "- " + description
	}
	t.say("%s %d %s\n", verdict, *t.count, oneLine(description))
}

// Pass is an assertion that holds.
func (t *T) Pass(description string) { t.Ok(true, description) }

// Fail is an assertion that does not hold.
func (t *T) Fail(description string) { t.Ok(false, description) }

// Skip stands for assertions that cannot be made here.
func (t *T) Skip(count int, description string) {
	for ; count > 0; count-- {
		*t.count++
		t.say("ok %d # SKIP %s\n", *t.count, oneLine(description))
	}
}

// Todo gives a T whose assertions are not expected to hold yet, counted with this one's.
func (t *T) Todo() *T {
	todo := *t
	todo.TODO = true
	return &todo
}

// Diagnostic prints a comment.
func (t *T) Diagnostic(message string) {
	t.say("# %s\n", strings.ReplaceAll(strings.TrimSpace(message), "\n", "\n# "))
}

// Diagnosticf prints a formatted comment.
func (t *T) Diagnosticf(format string, values ...interface{}) {
	t.Diagnostic(fmt.Sprintf(format, values...))
}

// YAML attaches a value to the assertion before it, as JSON, which is YAML too.
func (t *T) YAML(value interface{}) error {
	text, err := json.MarshalIndent(value, "  ", "  ")
	if err == nil {
		t.say("  ---\n  %s\n  ...\n", text)
	}
	return err
}

func (t *T) say(format string, values ...interface{}) { fmt.Fprintf(t.Writer, format, values...) }

func oneLine(text string) string { return strings.ReplaceAll(text, "\n", " ") }
