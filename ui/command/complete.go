package command

import (
	"strings"

	"github.com/spf13/cobra"

	"mllab/gen"
	"mllab/ui/lab"
	"mllab/ui/picture"
)

// completion gives the words that may follow; the shell keeps those that fit.
type completion = cobra.CompletionFunc

// complete tells every verb and flag below the root what its values can be.
func (a *app) complete(root *cobra.Command) {
	first := map[string]completion{
		"train":  words(models),
		"sample": a.runNames,
		"eval":   a.runNames,
		"latent": a.runNames,
		"t2i":    a.runNames,
		"resume": a.runNames,
		"pack":   a.runNames,
		"data":   a.dataNames,
		"bench":  words(lab.Workloads),
		"conv":   pictures,
	}
	flags := map[string]completion{
		"device":   a.deviceNames,
		"graphics": words(modes),
		"recipe":   words(recipeNames),
		"isa":      words(func() []string { return isas }),
		"data":     a.dataNames,
		"set":      setKeys,
		"runs":     folders,
		"model":    words(models),
		"resume":   a.runNames,
		"out":      files,
		"golden":   files,
		"run":      a.runNames,
		"mode":     modeNames,
		"sampler":  words(func() []string { return gen.Samplers }),
		"open":     files,
		"preset":   words(presetNames),
		"loss":     words(func() []string { return gen.LossNames2D }),
		"speed":    words(func() []string { return lab.GAN2DSpeeds }),
	}
	for _, c := range append(root.Commands(), root) {
		if f, ok := first[c.Name()]; ok {
			many := c.Name() == "bench"
			c.ValidArgsFunction = func(c *cobra.Command, args []string, to string) ([]string,
				cobra.ShellCompDirective) {
				if len(args) > 0 && !many {
					return nil, cobra.ShellCompDirectiveNoFileComp
				}
				return f(c, args, to)
			}
		}
		for name, f := range flags {
			if c.Flags().Lookup(name) != nil || c.PersistentFlags().Lookup(name) != nil {
				_ = c.RegisterFlagCompletionFunc(name, f) // fails only for a flag that is not there
			}
		}
	}
}

func words(list func() []string) completion {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return list(), cobra.ShellCompDirectiveNoFileComp
	}
}

// modeNames are what --mode of a verb takes.
func modeNames(c *cobra.Command, args []string, to string) ([]string, cobra.ShellCompDirective) {
	if c.Name() == "t2i" {
		return words(t2iModes)(c, args, to)
	}
	return words(latentKinds)(c, args, to)
}

// pictures are those built in; the shell adds files.
func pictures(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return lab.ConvPictures(), cobra.ShellCompDirectiveDefault
}

func files(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

func folders(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

func models() []string {
	var names []string
	for _, m := range gen.Models() {
		names = append(names, m.Name+"\t"+m.What)
	}
	return names
}

func modes() []string {
	var names []string
	for m := picture.Auto; m <= picture.None; m++ {
		names = append(names, m.String())
	}
	return names
}

// setKeys completes key= and, after it, the values where a setting has a list.
func setKeys(_ *cobra.Command, args []string, to string) ([]string, cobra.ShellCompDirective) {
	name := "vae" // the root's default
	if len(args) > 0 {
		name = args[0]
	}
	m, err := gen.Find(name)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	key, _, hasValue := strings.Cut(to, "=")
	for _, s := range m.Settings() {
		switch {
		case !hasValue:
			names = append(names, s.Key+"=\t"+s.What)
		case s.Key == key:
			for _, v := range s.Choices {
				names = append(names, key+"="+v)
			}
		}
	}
	if hasValue {
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	return names, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// listed gives the words that f finds in a session, and a directive.
func (a *app) listed(d cobra.ShellCompDirective, f func(*lab.Session) []string) ([]string,
	cobra.ShellCompDirective) {
	s, err := a.session()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names := f(s)
	_ = s.Close() // it has no job, so nothing can fail
	return names, d
}

func (a *app) runNames(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return a.listed(cobra.ShellCompDirectiveFilterDirs, func(s *lab.Session) []string {
		names := []string{"last\tthe newest run"}
		all, err := s.Runs()
		if err != nil {
			return nil
		}
		for _, r := range all {
			names = append(names, r.Name+"\t"+string(r.State))
		}
		return names
	})
}

func (a *app) dataNames(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return a.listed(cobra.ShellCompDirectiveDefault, func(s *lab.Session) []string {
		var names []string
		for _, e := range s.Data() {
			names = append(names, e.Name+"\t"+e.What)
		}
		return names
	})
}

func (a *app) deviceNames(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	a.device = "" // half a name would be refused
	return a.listed(cobra.ShellCompDirectiveNoFileComp, func(s *lab.Session) []string {
		var names []string
		for _, d := range s.Devices(c.Context()) {
			text := d.Name
			if !d.Found {
				text = "not here"
			}
			names = append(names, d.Target+"\t"+text)
		}
		return names
	})
}

func recipeNames() []string {
	var names []string
	for _, r := range lab.Recipes("") {
		names = append(names, r.Name)
	}
	return names
}
