package lab

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"strings"

	"mllab/engine/nn"
	"mllab/engine/run"
	"mllab/engine/safetensors"
)

// Pack writes a run's newest net as one file that every command takes in place of a run: parameters, the averaged
// ones where there are any, and the configuration, without what only a training needs.
func (s *Session) Pack(name string, w io.Writer) error {
	st, err := s.stored(name, newest)
	if err != nil {
		return err
	}
	ck := st.ck
	ck.Tensors, ck.Random, ck.Extra = netOf(ck), nil, nil
	return run.Pack(w, st.config, ck)
}

// averaged says whether a checkpoint has averaged parameters.
func averaged(ck run.Checkpoint) bool {
	for _, t := range ck.Tensors {
		if strings.HasPrefix(t.Name, nn.EMAKind) {
			return true
		}
	}
	return false
}

// netOf are the parameters of a checkpoint, in their averages where they have one.
func netOf(ck run.Checkpoint) []safetensors.Tensor {
	var net []safetensors.Tensor
	for _, t := range ck.Tensors {
		name, ok := strings.CutPrefix(t.Name, nn.ParamKind)
		if !ok {
			continue
		}
		if mean, ok := ck.Tensor(nn.EMAKind + name); ok {
			t.F32 = mean.F32
		}
		net = append(net, t)
	}
	return net
}

// shipped holds the net that comes with the program; its README says how it is made.
//
//go:embed shipped
var shipped embed.FS

// shippedName is what the net that comes with the program is called.
const shippedName = "shipped"

// openShipped opens the net that comes with the program.
func openShipped(s *Session) (*loaded, error) {
	data, err := shipped.ReadFile("shipped/t2i.safetensors")
	if err != nil {
		return nil, errors.New("this program was built without its net: train one with mllab train t2i --recipe shapes")
	}
	c, ck, err := run.Unpack(bytes.NewReader(data), int64(len(data)), shippedName)
	if err != nil {
		return nil, fmt.Errorf("the net that comes with the program: %w", err)
	}
	return s.load(shippedName, "", c, ck)
}
