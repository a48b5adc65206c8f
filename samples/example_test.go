package samples_test

import (
	"fmt"

	"mllab/samples"
)

func ExampleOpen() {
	src, err := samples.Open("digits", samples.Options{Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	n := src.Info()
	fmt.Printf("%s: %dx%dx%d, %d classes, %d to test with\n", n.Name, n.H, n.W, n.C, len(n.Labels), n.Test)

	batches := samples.NewBatcher(src, 128, 1)
	images, labels := make([]float32, 128*n.Values()), make([]int32, 128)
	if err := batches.Fill(0, images, labels); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(batches.StepsPerEpoch(), "steps an epoch; the first labels are", labels[:10])
	// Output:
	// digits: 28x28x1, 10 classes, 10000 to test with
	// 468 steps an epoch; the first labels are [2 5 4 9 0 7 6 3 8 1]
}
