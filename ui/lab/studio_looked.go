package lab

import "errors"

// looked is where layers looked.
type looked struct{}

func (l *looked) heat(_, _, _, _ int) (Heat, error) { return Heat{}, errors.New("no looks were kept") }
