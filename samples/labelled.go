package samples

import (
	"slices"
	"strings"
)

// sorter is a source without labels of its own whose pictures can be told into classes by what is in them.
type sorter interface {
	classes() []string
	class(split Split, i int) int // of an example that there is
}

// labelled is a source with classes as labels.
type labelled struct {
	Source
	by sorter
}

// Labelled is src with labels that a classifier can be trained by: its own, or classes by what is in its pictures,
// where it knows that: the hair and the expression of faces, the shapes of scenes. Else it is src and false.
func Labelled(src Source) (Source, bool) {
	if len(src.Info().Labels) > 1 {
		return src, true
	}
	own := src
	if a, ok := src.(*adapted); ok {
		own = a.Source
	}
	if s, ok := own.(sorter); ok {
		return &labelled{src, s}, true
	}
	return src, false
}

// Info is the source's with the classes.
func (l *labelled) Info() Info {
	n := l.Source.Info()
	n.Labels = l.by.classes()
	return n
}

// Example writes an example as the source does, and gives its class.
func (l *labelled) Example(split Split, i int, dst []float32) (int, error) {
	if _, err := l.Source.Example(split, i, dst); err != nil {
		return -1, err
	}
	return l.by.class(split, i), nil
}

// classes of faces are hair and expression, which between them take the whole of the head and small strokes.
func (s *cartoons) classes() []string {
	var all []string
	for _, h := range hairs {
		for _, e := range expressions {
			all = append(all, h+" "+e)
		}
	}
	return all
}

func (s *cartoons) class(split Split, i int) int {
	f, _ := s.face(split, i)
	return f.hair*len(expressions) + f.expression
}

// classes of scenes are the shapes in them: "circle", "circle+circle+cross".
func (s *scenes) classes() []string { return sceneClasses }

func (s *scenes) class(split Split, i int) int {
	sc, _ := s.scene(split, i)
	var kinds []string
	for _, o := range sc.objects {
		kinds = append(kinds, ShapeKinds[o.kind])
	}
	return slices.Index(sceneClasses, shapesText(kinds))
}

func shapesText(kinds []string) string {
	slices.Sort(kinds)
	return strings.Join(kinds, "+")
}

// sceneClasses lists all that one to three shapes can be, whatever their order.
var sceneClasses = func() (all []string) {
	for _, a := range ShapeKinds {
		all = append(all, a)
		for _, b := range ShapeKinds {
			all = append(all, shapesText([]string{a, b}))
			for _, c := range ShapeKinds {
				all = append(all, shapesText([]string{a, b, c}))
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}()
