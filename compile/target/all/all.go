// Package all links every target into the program: an import of it fills the list
// of target.All. It holds nothing but blank imports, which `go generate` writes into
// ztargets.go from the folders beside this one, and knows no target otherwise. A
// target is a folder whose package calls target.Register. Begin with generate.go.
package all

//go:generate go run generate.go
