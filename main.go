// Mllab is a lab for generative models in the terminal. This file puts the command
// line together with the targets that are linked in; begin with ui/command.
package main

import (
	"os"

	_ "mllab/compile/target/all"
	"mllab/ui/command"
)

func main() { os.Exit(command.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
