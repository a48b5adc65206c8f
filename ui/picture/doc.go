// Package picture puts pixels into a terminal that is drawn by Bubble Tea: sixel, kitty graphics, iTerm2
// inline images, or half-blocks where nothing better answers. It knows no model and no screen.
//
// # How a picture reaches the terminal
//
// The View of a screen reserves the area with text that no reader sees: every line of a picture is Cols
// no-break spaces and one more cell, the gutter, which carries a private marker (a PM string with the
// picture's id, the row, and a hash of the row's pixels). The renderer of Bubble Tea compares cells, so
// it writes a marker again exactly when the pixels of its row changed, when a popup left the row, or when
// the whole screen is repainted. Writer, the program's output, takes the markers out of the stream and
// puts the pixels of those rows in their place, inside the same write. Text beside a picture changes
// without the picture being sent again, and a picture that leaves the View is erased by the renderer.
//
// # How to use it
//
//	store := picture.NewStore()                          // pictures by id, shared by screens and writer
//	out := picture.NewWriter(os.Stdout, store)           // tea.NewProgram(m, tea.WithOutput(out))
//	probe := picture.NewProbe(picture.Auto, os.Getenv)   // or the --graphics override
//	Init:   tea.Raw(probe.Queries())
//	Update: if probe.Update(msg) { display = probe.Display(); rebuild the pictures }   // every msg
//	        tea.WindowSizeMsg: probe.Resize(out.File, msg.Width, msg.Height)
//	data:   w, h := display.Pixels(cols, rows)           // pixels of a box of cells
//	        img := picture.Grid(digits, picture.GridOptions{W: 28, H: 28, Channels: 1, ...}, w, h)
//	        pic := picture.New(img, cols, rows, display); store.Publish(id, pic)
//	View:   pic.Cells(id, display, nil)                  // rows lines of cols+1 cells, always
//	        v := tea.NewView(picture.Seal(content))      // the whole screen, once, at the root
//
// A picture must not touch the last row of the screen: a line of text stays below it. Publish and Writer
// are safe to use from several goroutines; a published Picture is never changed.
package picture
