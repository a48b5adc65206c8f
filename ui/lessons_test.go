package ui

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mllab/ui/lab"
	"mllab/ui/lesson"
	"mllab/ui/picture"
	"mllab/ui/screen"
)

// pupil is a screen with one fact.
type pupil struct {
	guest
	facts map[string]string
	w, h  int
}

func (p *pupil) Facts() map[string]string { return p.facts }
func (p *pupil) Set(name, value string) (tea.Cmd, error) {
	p.facts[name] = value
	return nil, nil
}
func (p *pupil) Update(msg tea.Msg) tea.Cmd {
	if r, ok := msg.(screen.Resize); ok {
		p.w, p.h = r.W, r.H
	}
	return p.guest.Update(msg)
}

const aLesson = "---\norder: 1\nscreen: 7\nen: Padding\nzh: 填充\n---\n" +
	"## step\n```lab\nset padding 0\nset size 3\ncheck padding = 1\n```\n### en\nChoose a padding that *keeps* the size.\n" +
	"### zh\n选择一个使大小不变的填充。\n## step\n### en\nWell done.\n### zh\n做得好。\n"

// attend makes a lab of w x h with a pupil and one lesson.
func attend(t *testing.T, w, h int, lang string) (*Model, *pupil) {
	t.Helper()
	m, _ := receive(t, Config{Getenv: func(k string) string { return map[string]string{"LANG": lang}[k] }})
	p := &pupil{facts: map[string]string{}}
	m.screens[len(m.screens)-1] = p
	l, err := lesson.Parse("padding", aLesson)
	require.NoError(t, err)
	m.learn.all = []lesson.Lesson{l}
	tell(t, m, tea.WindowSizeMsg{Width: w, Height: h})
	return m, p
}

func look(t *testing.T, m *Model, times int) {
	for range times {
		tell(t, m, tickMsg(time.Time{}))
	}
}

func TestLessonBesideTheScreen(t *testing.T) {
	m, p := attend(t, 120, 40, "en_GB.UTF-8")
	press(t, m, "L")
	assert.Contains(t, text(t, m), "1 Padding")
	press(t, m, "enter")
	assert.Equal(t, byte('7'), m.entries[m.active].Digit, "the lesson shows its screen")
	assert.Equal(t, map[string]string{"padding": "0", "size": "3"}, p.facts)
	assert.Equal(t, 120-4-48-1, p.w, "the screen has what the panel leaves")
	assert.Contains(t, text(t, m), "keeps the size")
	assert.Contains(t, text(t, m), "to do")
	tell(t, m, tea.MouseClickMsg{X: 100, Y: 10, Button: tea.MouseLeft})
	assert.Empty(t, p.mouse, "the panel is not the screen")
	look(t, m, 6)
	assert.Contains(t, text(t, m), "to do")
	p.facts["padding"] = "1"
	look(t, m, 1)
	assert.Contains(t, text(t, m), "✓ done")
	press(t, m, ">")
	assert.Contains(t, text(t, m), "Well done.")
	press(t, m, "<")
	assert.Contains(t, text(t, m), "✓ done", "what was done stays done")
	assert.Equal(t, "0", p.facts["padding"], "the step is set up again")
	press(t, m, ">", ">")
	assert.Contains(t, text(t, m), "1 Padding", "after the last step comes the list")
	press(t, m, "esc")
	assert.Equal(t, 116, p.w)
}

func TestLessonOverANarrowScreen(t *testing.T) {
	m, p := attend(t, 80, 24, "zh_CN.UTF-8")
	press(t, m, "L")
	assert.Contains(t, text(t, m), "填充")
	press(t, m, "enter")
	assert.Contains(t, text(t, m), "选择一个使大小不变的填充。")
	press(t, m, "ctrl+l")
	assert.Contains(t, text(t, m), "keeps the size")
	press(t, m, "ctrl+l", "L")
	assert.NotContains(t, text(t, m), "选择一个")
	look(t, m, 6)
	p.facts["padding"] = "1"
	look(t, m, 1)
	assert.Contains(t, text(t, m), "完成", "it is said where the lesson is hidden")
	press(t, m, "L", ">")
	assert.Contains(t, text(t, m), "做得好。")
}

func TestLessonScrolls(t *testing.T) {
	m, _ := attend(t, 80, 24, "")
	long := strings.Repeat("line of a long text\n\n", 30) + "the very end"
	m.learn.all[0].Steps[0].Text["en"] = long
	press(t, m, "L", "enter")
	assert.Contains(t, text(t, m), "ctrl+d")
	for range 20 {
		tell(t, m, tea.KeyPressMsg{Code: 'd', Mod: tea.ModCtrl})
		text(t, m)
	}
	assert.Contains(t, text(t, m), "the very end")
	tell(t, m, tea.KeyPressMsg{Code: 'u', Mod: tea.ModCtrl})
	assert.NotContains(t, text(t, m), "the very end")
}

// school is a lab with all that lessons need: a session, in which a game is played, and a small VAE and a small net that
// reads on disk.
func school(t *testing.T) *Model {
	t.Helper()
	s, err := lab.Open(lab.Options{Root: t.TempDir(), Threads: 1})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	job, err := s.Train(lab.TrainOptions{Steps: 2, Batch: 4, Keep: true,
		Settings: map[string]string{"hidden": "8", "latent": "3"}})
	require.NoError(t, err)
	require.NoError(t, job.Wait())
	reader, err := s.Train(lab.TrainOptions{Model: "t2i", Data: "shapes", Steps: 1, Batch: 2, Keep: true,
		Settings: map[string]string{"width": "16", "text": "32", "layers": "1"}})
	require.NoError(t, err)
	require.NoError(t, reader.Wait())
	m := New(Config{Job: job, Session: s, Store: picture.NewStore(), Graphics: picture.Blocks,
		Begin: func(o lab.TrainOptions) (Job, error) { return job, nil },
		Open:  map[byte]string{'3': job.State().Dir, '2': reader.State().Dir},
		Set:   map[byte][]Setting{'2': {{"steps", "4"}}}})
	m.clock = func() tea.Cmd { return nil }
	tell(t, m, tea.WindowSizeMsg{Width: 120, Height: 40})
	run(t, m, m.open())
	return m
}

// TestLessonsFitTheirScreens walks through every lesson: the screens take what steps set, and have the
// facts that steps ask for.
func TestLessonsFitTheirScreens(t *testing.T) {
	m := school(t)
	press(t, m, "L")
	for _, l := range lesson.All() {
		m.learn.going = lesson.Begin(&l)
		for i, step := range l.Steps {
			m.notice = screen.Notice{}
			run(t, m, m.setUp())
			require.Equal(t, string(l.Screen), string(m.entries[m.active].Digit), "%s: there is no such screen", l.Name)
			assert.False(t, m.notice.Bad, "%s, step %d: %s", l.Name, i+1, m.notice.Text)
			s, ok := m.screens[m.active].(screen.Teachable)
			require.True(t, ok, "%s: its screen cannot be set up", l.Name)
			for _, c := range step.Checks {
				if strings.HasPrefix(c.Name, "knob.") {
					continue // a training that is over has none
				}
				assert.Eventually(t, func() bool {
					tell(t, m, tickMsg(time.Time{}))
					_, ok := s.Facts()[c.Name]
					return ok
				}, patience, 10*time.Millisecond, "%s, step %d: no fact %s", l.Name, i+1, c.Name)
			}
			for _, lang := range lesson.Languages {
				m.learn.lang = lang
				m.dirty = true
				text(t, m)
			}
			m.learn.going.Move(1)
		}
	}
}
