// Package ui is the lab in the terminal: the one tea.Model, which routes keys, messages and sizes to
// the screens of ui/screen and draws the frame, the popups and the pictures around and in them.
//
// It knows no model and no loss: what is on a screen is the screen's matter, what is computed is
// ui/lab's. Nothing slow happens in Update. Begin at Run.
package ui
