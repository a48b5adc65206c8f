// Package run keeps a training run on disk so that no moment is a bad one to be killed.
//
// A run is a folder:
//
//	config.json                              model, data, seed and every setting: written once
//	metrics.jsonl                            a line a logged step, appended whole
//	history.jsonl                            what the user did and what befell the run
//	checkpoints/step-00001234.safetensors    tensors, step, learning rate, random state, checksum
//	head.json                                the step that the run was rewound to, until it goes on
//	rewound/0001/                            checkpoints and metrics of steps that were rewound
//	samples/                                 pictures, if any
//	result.json                              the last metrics, once the run is finished
//	lock                                     held while a process writes the run
//
// Files appear by rename after a sync, never half-written, and metrics go to disk before the checkpoint that
// counts them. Resume cuts metrics.jsonl to what its checkpoint knows, so a run that was killed and resumed
// leaves the bytes of one that was not.
//
// The package knows files, and the tensors in them by name; it must not know models, optimisers, devices or
// screens. Begin with Create, Open and Run.Save.
package run
