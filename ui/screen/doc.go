// Package screen holds the screens of the lab, one a file: each registers itself with a title and a
// digit, and has its keys, its messages and its View. Train shows a training, Devices what there is to
// compute with.
//
// A screen is a plain struct, not a tea.Model: package ui owns the one model, gives screens their
// messages, and draws the frame around them. Screens know the job and the session by the small
// interfaces here, never the terminal, and do nothing slow outside a tea.Cmd. One table, Keys, makes
// both the handling of keys and their help. To add a screen, write one file with a
// `var _ = register(Entry{...})`; its tab, digit, keys and help follow. Begin at Screen.
package screen
