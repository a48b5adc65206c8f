package lab

import (
	"context"
	"errors"
	"sort"
	"strconv"
	"strings"

	"mllab/compile/target"
)

// Devices looks for every target and says what was found, or why nothing was.
// It opens devices that can measure their own peaks to do so, about 50 ms each.
func (s *Session) Devices(ctx context.Context) []DeviceStatus {
	var all []DeviceStatus
	for _, t := range target.All() {
		if ctx.Err() != nil {
			return all
		}
		infos, err := t.Probe()
		if err != nil || len(infos) == 0 {
			all = append(all, DeviceStatus{Target: t.Name(), Reason: reason(err)})
			continue
		}
		for i, info := range infos {
			d := DeviceStatus{Target: t.Name(), Found: true, Name: info.Name, Detail: details(info)}
			s.measure(t, i, &d)
			all = append(all, d)
		}
	}
	return all
}

func reason(err error) string {
	if err == nil {
		return "no device was found"
	}
	text := err.Error()
	if errors.Is(err, target.ErrUnavailable) {
		text = strings.TrimSuffix(text, ": "+target.ErrUnavailable.Error())
		text = strings.TrimPrefix(text, target.ErrUnavailable.Error()+": ")
	}
	return text
}

func details(info target.Info) []Text {
	var d []Text
	for k, v := range info.Detail {
		d = append(d, Text{k, v})
	}
	sort.Slice(d, func(i, j int) bool { return d[i].Name < d[j].Name })
	if info.Threads > 0 {
		d = append(d, Text{"threads", strconv.Itoa(info.Threads)})
	}
	if info.Memory > 0 {
		d = append(d, Text{"memory", strconv.FormatInt(info.Memory>>20, 10) + " MiB"})
	}
	return d
}

func (s *Session) measure(t target.Target, index int, d *DeviceStatus) {
	dev, err := t.Open(target.Options{Threads: s.opt.Threads, Index: index})
	if err != nil {
		d.Found, d.Reason = false, reason(err)
		return
	}
	defer dev.Close()
	d.Peak, d.Bandwidth = s.peak(dev)
	d.PeakAll = d.Peak * float64(max(1, dev.Info().Threads))
}
