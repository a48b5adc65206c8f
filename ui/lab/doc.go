// Package lab is the whole program without a terminal: a Session opens devices,
// trains, samples, measures and keeps runs; screens and commands are two views of
// it, and scripted tests use it directly. A Job is one training in the
// background; its State is a snapshot that costs nothing to take. The package
// prints nothing. Begin with Open and Session.Train.
package lab
