package lab

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"mllab/engine/run"
	"mllab/gen"
	"mllab/samples"
)

// How the classifier of a data set is made. Others than these make another key.
const (
	classifierFolder       = ".classifiers" // in the folder of runs, which lists no name with a dot first
	defaultClassifierSteps = 1000
	classifierRecipe       = "2"
	// goodClassifier is the accuracy over which measures can be trusted.
	goodClassifier = 0.985
)

// classifier is a net that has learned to tell a data set's classes apart, by whose
// features sets of pictures are compared.
type classifier struct {
	*loaded
	accuracy float64 // on the test set
	extract  *gen.Extractor
	real     gen.Points // features of real pictures, once they are wanted
}

// classifier gives the one of a plan's data: from disk, or else it is trained and kept
// there for the next time.
func (s *Session) classifier(ctx context.Context, p plan, src samples.Source,
	tell func(string)) (*classifier, error) {
	src, labelled := samples.Labelled(src)
	info := src.Info()
	if !labelled {
		return nil, fmt.Errorf("the measures compare features of a classifier, and %s has no labels to train one "+
			"by: sort the pictures into a folder for each class", info.Name)
	}
	key, err := s.classifierKey(src)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(s.root, classifierFolder, key)
	if err := s.trained(ctx, p, dir, tell); err != nil {
		return nil, fmt.Errorf("classifier of %s: %w", info.Name, err)
	}
	l, err := s.loadRun(dir, p.o.Data)
	if err != nil {
		return nil, fmt.Errorf("classifier of %s: %w: delete that folder, and it is trained anew", info.Name, err)
	}
	c := &classifier{loaded: l}
	if err := c.ready(ctx); err != nil {
		c.close()
		return nil, err
	}
	if c.accuracy < goodClassifier && tell != nil {
		tell(fmt.Sprintf("the classifier is right in %.1f%% of the test set: below %.1f%% read the measures "+
			"with care", 100*c.accuracy, 100*goodClassifier))
	}
	return c, nil
}

// classifierKey names a data set by what is in it, so that the same one is known again
// by another path, and another one under the same path is not taken for it.
func (s *Session) classifierKey(src samples.Source) (string, error) {
	const looked = 64 // examples
	info := src.Info()
	h := sha256.New()
	fmt.Fprintf(h, "%s %d %s %dx%dx%d %d %q\n", classifierRecipe, s.classifierSteps, info.Name, info.H, info.W,
		info.C, info.Test, info.Labels)
	split, n := samples.Test, testCount(src, looked)
	if n == 0 {
		split, n = samples.Train, min(looked, info.Train)
	}
	x := make([]float32, info.Values())
	for i := range n {
		label, err := src.Example(split, i, x)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%d ", label)
		for _, v := range x {
			_ = binary.Write(h, binary.LittleEndian, math.Float32bits(v))
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8]), nil
}

// While another program trains a classifier, it is looked for again after each wait. A folder that is no run yet is waited for
// with patience, so many times.
const (
	wait     = 200 * time.Millisecond
	patience = 25
)

// trained makes sure that a finished run of the classifier is in a folder; where another program trains it, it waits.
func (s *Session) trained(ctx context.Context, p plan, dir string, tell func(string)) error {
	say := func(line string) {
		if tell != nil {
			tell(line)
		}
	}
	for waits := 0; ; waits++ {
		state := run.Summarize(dir).State
		if state == run.Finished {
			return nil
		}
		_, missing := os.Stat(dir)
		young := state == run.Damaged && missing == nil && waits < patience // another program may be about to make it
		if state != run.Running && !young {
			err := s.teach(ctx, p, dir, say)
			there := errors.Is(err, run.ErrExists) && waits < patience
			if !errors.Is(err, run.ErrBusy) && !there {
				return err
			}
		}
		if waits == 0 {
			say(fmt.Sprintf("waiting for another mllab that trains a classifier on %s", p.o.Data))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// teach trains the classifier, or goes on with a training that was left.
func (s *Session) teach(ctx context.Context, p plan, dir string, say func(string)) error {
	var job *Job
	var err error
	if _, e := os.Stat(dir); errors.Is(e, os.ErrNotExist) {
		say(fmt.Sprintf("training a classifier on %s, once: %d steps", p.o.Data, s.classifierSteps))
		job, err = s.Train(TrainOptions{
			Model: "cnn", Data: p.o.Data, Seed: p.o.Seed, Steps: s.classifierSteps, Out: dir, Keep: true,
		})
	} else {
		job, err = s.Resume(dir, TrainOptions{})
	}
	if err != nil {
		return err
	}
	select {
	case <-job.Done():
	case <-ctx.Done():
		job.Stop()
		<-job.Done()
		return ctx.Err()
	}
	if err := job.Wait(); err != nil {
		return err
	}
	if st := job.State(); st.Phase != Finished {
		return fmt.Errorf("training ended early, %s", st.Phase)
	}
	return nil
}

// ready measures the classifier and compiles its features.
func (c *classifier) ready(ctx context.Context) (err error) {
	net, ok := c.net.(gen.Featured)
	if !ok {
		return fmt.Errorf("run %s of model %s gives no features", c.dir, c.plan.o.Model)
	}
	e := &Evaluation{}
	if err := c.loaded.accuracy(ctx, e); err != nil {
		return err
	}
	c.accuracy = *e.TestAccuracy
	c.extract, err = gen.NewExtractor(ctx, c.eng, net, dataInfo(c.src.Info()), c.state, evalBatch)
	return err
}

func (c *classifier) close() {
	if c == nil {
		return
	}
	if c.extract != nil {
		c.extract.Close()
	}
	c.loaded.close()
}

// drawer draws pictures of a seed; *gen.Sampler is one.
type drawer interface {
	Draw(ctx context.Context, seed uint64, dst []float32) error
}

// quality compares n drawn pictures with as many real ones.
func (c *classifier) quality(ctx context.Context, from drawer, n int, seed uint64) (*Quality, error) {
	pictures := make([]float32, n*c.src.Info().Values())
	if err := from.Draw(ctx, seed, pictures); err != nil {
		return nil, err
	}
	q, _, err := c.compare(ctx, pictures)
	return q, err
}

// compare is quality of pictures that are drawn already, more than NearestK; logits are what they were taken for.
func (c *classifier) compare(ctx context.Context, pictures []float32) (q *Quality, logits gen.Points, err error) {
	real, err := c.realFeatures(ctx, len(pictures)/c.src.Info().Values())
	if err != nil {
		return nil, logits, err
	}
	drawn, logits, err := c.extract.Run(ctx, pictures)
	if err != nil {
		return nil, logits, err
	}
	count := gen.Count(logits)
	q = &Quality{
		ClassesPresent: count.Present, LargestClass: count.Largest, Classes: count.Counts, Real: real.N,
		ClassifierAccuracy: c.accuracy,
	}
	if q.Precision, q.Recall, err = gen.PrecisionRecall(real, drawn, NearestK); err != nil {
		return nil, logits, err
	}
	q.Frechet, err = gen.Frechet(real, drawn)
	return q, logits, err
}

// realFeatures are those of n pictures of the test set, or of all there are, evenly
// spread over it.
func (c *classifier) realFeatures(ctx context.Context, n int) (gen.Points, error) {
	if c.real.N > 0 {
		return c.real, nil
	}
	info := c.src.Info()
	n = testCount(c.src, n)
	x := make([]float32, n*info.Values())
	order := samples.Order(0, 0, info.Test)
	for i := range n {
		at := i
		if info.Test != samples.Endless {
			at = order.At(i)
		}
		if _, err := c.src.Example(samples.Test, at, x[i*info.Values():(i+1)*info.Values()]); err != nil {
			return gen.Points{}, err
		}
	}
	features, _, err := c.extract.Run(ctx, x)
	c.real = features
	return features, err
}
