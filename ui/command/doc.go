// Package command is the command line: one verb a file, each a view of the same
// lab.Session that the screens show. It reads flags, calls the session, and writes
// lines: for people on a terminal, plain ones in a pipe, JSON where asked for.
// Every error ends as exactly one line on the error output and an exit status: 2
// for what was asked wrongly, 1 for what could not be done, 128 and the signal's
// number for what was interrupted. It knows no tensor, no graph and no file format.
//
// To add a verb, add a file with a function that makes its cobra command, and its
// name to the list in root.go. Begin with Main and root.go.
package command
