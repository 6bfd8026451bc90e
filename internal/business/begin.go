package business

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"hotline/internal/strict"
)

// PackInfo is what a list of packs says of one.
type PackInfo struct {
	Pack      string // the name of its folder
	Name      string // of the business in it
	Language  string
	Questions int
}

// PacksIn lists the businesses in packs, one in each folder.
func PacksIn(packs fs.FS) ([]PackInfo, error) {
	entries, err := fs.ReadDir(packs, ".")
	if err != nil {
		return nil, fmt.Errorf("list the packs: %w", err)
	}
	var out []PackInfo
	for _, e := range entries {
		root, err := settingsOf(packs, e.Name())
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		info := PackInfo{Pack: e.Name(), Name: root.text("name"), Language: root.text("language")}
		files, err := fs.Glob(packs, path.Join(e.Name(), KnowledgeDir, "*.csv"))
		if err != nil {
			return nil, fmt.Errorf("list the knowledge of %s: %w", e.Name(), err)
		}
		for _, file := range files {
			n, err := countRows(packs, file)
			if err != nil {
				return nil, err
			}
			info.Questions += n
		}
		out = append(out, info)
	}
	return out, nil
}

func countRows(packs fs.FS, file string) (int, error) {
	f, err := packs.Open(file)
	if err != nil {
		return 0, fmt.Errorf("open %s: %w", file, err)
	}
	defer func() { _ = f.Close() }() // it was read only
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", file, err)
	}
	return max(0, len(rows)-1), nil // the first row is the headings
}

// packSettings is the business.yaml of a pack, its places kept.
type packSettings struct {
	*strict.Node
	source string
}

func (s packSettings) text(key string) string {
	if n := s.Get(key); n != nil {
		return n.Text
	}
	return ""
}

func settingsOf(packs fs.FS, pack string) (packSettings, error) {
	data, err := fs.ReadFile(packs, path.Join(pack, File))
	if err != nil {
		return packSettings{}, fmt.Errorf("read the settings of the pack %s: %w", pack, err)
	}
	root, problem := strict.Parse(data)
	if problem != nil {
		return packSettings{}, fmt.Errorf("read the settings of the pack %s: line %d: %s", pack, problem.Line, problem.Detail)
	}
	return packSettings{root, string(data)}, nil
}

// nameOfBusiness is what can be put in place of a pack's name in YAML, in tables
// and in sentences as it stands, and be spoken.
var nameOfBusiness = regexp.MustCompile(`^[\p{L}\p{N}](?:[\p{L}\p{N} .&'’·-]{0,58}[\p{L}\p{N}.])?$`)

// ErrNotEmpty is a folder with something in it: a business is begun in one of its own.
var ErrNotEmpty = errors.New("the folder is not empty")

// Begun is what Begin left for its caller to tell.
type Begun struct {
	// LeftOut are the pack's lines that another folder answers.
	LeftOut []string
}

// Begin copies a pack into dir, a folder that is empty or not there yet. With name
// the business is called so, in business.yaml, in what the bot says first and
// wherever an answer names it. A line that another folder answers is left out: that
// folder is not there.
func Begin(packs fs.FS, pack, dir, name string) (Begun, error) {
	root, err := settingsOf(packs, pack)
	if err != nil {
		return Begun{}, err
	}
	if name != "" && !nameOfBusiness.MatchString(name) {
		return Begun{}, fmt.Errorf("%q cannot be said as a name: use letters, digits, spaces and . & ' -, at most 60 of them", name)
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Begun{}, fmt.Errorf("look into %s: %w", dir, err)
	}
	if len(entries) > 0 {
		return Begun{}, fmt.Errorf("%s: %w; name another one", dir, ErrNotEmpty)
	}
	settings, left := root.ownLines()
	files, err := fs.Sub(packs, pack)
	if err != nil {
		return Begun{}, fmt.Errorf("open the pack %s: %w", pack, err)
	}
	err = fs.WalkDir(files, ".", func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(file))
		if e.IsDir() {
			return os.MkdirAll(to, 0o750)
		}
		data, err := fs.ReadFile(files, file)
		if err != nil {
			return err
		}
		switch file {
		case File:
			data = []byte(begunComment(root.text("language")) + withoutComment(settings))
		case "README.md": // the pack's own tells of a made-up business
			data = fmt.Appendf(nil, begunReadme(root.text("language")), root.text("name"), pack)
		}
		if name != "" && slices.Contains([]string{".yaml", ".csv", ".md"}, path.Ext(file)) {
			data = []byte(strings.ReplaceAll(string(data), root.text("name"), name))
		}
		return os.WriteFile(to, data, 0o640) //nolint:gosec // the owner's group edits the folder too
	})
	if err != nil {
		return Begun{}, fmt.Errorf("copy the pack %s to %s: %w", pack, dir, err)
	}
	return Begun{LeftOut: left}, nil
}

// withoutComment is a file without the comment that it begins with.
func withoutComment(text string) string {
	for strings.HasPrefix(text, "#") {
		_, text, _ = strings.Cut(text, "\n")
	}
	return text
}

// begunComment and begunReadme are what a business's own folder says in place of what
// its pack says of a made-up one.
func begunComment(language string) string {
	if language == "zh" {
		return "# 热线的设置：号码、声音、开场白、上班时间、坐席。改完运行 hotline check，\n# 哪里写错了会告诉您文件、行号和改法。\n"
	}
	return "# The settings of your hotline: numbers, voice, opening, hours, agents. After a\n# change, run hotline check: it names the file, the line and what to do.\n"
}

func begunReadme(language string) string {
	if language == "zh" {
		return `# %[1]s

这个文件夹就是您的热线，从业务包 %[2]s 开始。里面的价格、地址、期限、产品名和演示数据都是示例，接真电话之前请换成自己的：

1. ` + "`facts.md`" + `：事实表。先把它改对，所有答案都以它为准。
2. ` + "`knowledge/`" + `：问答，用表格软件打开。第一行列名不要动，“相似问”里用竖线隔开不同说法。也可以在控制台的“知识库”里改。
3. ` + "`business.yaml`" + `：号码、声音、开场白、上班时间和节假日、坐席、排队。也可以在控制台的“设置”里改。
4. ` + "`tables/`" + `：机器人办事时查的表（订单、门店等）。里面是编出来的，换成自己的，列名不变。
5. ` + "`flows/`" + `：机器人能办的事，每件一个文件；用不着的可以删。
6. ` + "`campaigns/`" + `：外呼活动；不往外打电话就不用管。
7. ` + "`dialogs/`" + `：测试对话，改完以后跑一遍，看有没有改坏。` + "`speech/`" + ` 是事先录好的话，不用动。

改完运行 ` + "`hotline check --business 这个文件夹`" + `，它会指出哪个文件第几行有什么问题、怎么改；` + "`hotline chat --business 这个文件夹`" + ` 打字试一试；` + "`hotline eval dialogs 这个文件夹`" + ` 跑一遍测试对话；` + "`hotline serve --business 这个文件夹`" + ` 接电话。服务器开着的时候，存盘就生效。
`
	}
	return `# %[1]s

This folder is your hotline, begun from the pack %[2]s. Its prices, addresses, terms, product names and demonstration data are examples: put yours in their place before real callers ring.

1. ` + "`facts.md`" + `: the facts. Make them right first; all answers agree with them.
2. ` + "`knowledge/`" + `: questions and answers; a spreadsheet opens them. Leave the first row as it is; wordings are separated by a bar. Or edit them in the console, under Knowledge.
3. ` + "`business.yaml`" + `: numbers, voice, opening, hours and holidays, agents, the queue. Or edit it in the console, under Settings.
4. ` + "`tables/`" + `: what the bot looks things up in (orders, stores). It is made up: put yours in with the same columns.
5. ` + "`flows/`" + `: what the bot can do, a file each; delete what you do not need.
6. ` + "`campaigns/`" + `: outbound calls, if there are any; leave them be if you make none.
7. ` + "`dialogs/`" + `: test conversations, to hold after a change. ` + "`speech/`" + ` is what was recorded beforehand; leave it.

Then run ` + "`hotline check --business FOLDER`" + `, which names the file, the line and what to do; try it with ` + "`hotline chat --business FOLDER`" + `; hold the conversations with ` + "`hotline eval dialogs FOLDER`" + `; and answer the telephone with ` + "`hotline serve --business FOLDER`" + `. While the server runs, a saved file counts at once.
`
}

// ownLines is business.yaml without the lines that another folder answers, and
// their names. Nor do the others name them, for callers of another language. Comments
// and order of the rest stay.
func (s packSettings) ownLines() (text string, left []string) {
	lines := strings.SplitAfter(s.source, "\n")
	list := s.Get("lines")
	if list == nil {
		return s.source, nil
	}
	for _, item := range list.Items {
		if name := item.Get("name"); item.Get("business") != nil && name != nil {
			left = append(left, name.Text)
		}
	}
	for _, item := range slices.Backward(list.Items) {
		if item.Get("business") == nil {
			lines = withoutLanguages(lines, item.Get("other_languages"), left)
			continue
		}
		// The item ends where something stands as far left as its dash.
		from := item.Line - 1
		dash := indent(lines[from])
		to := from + 1
		for to < len(lines) && strings.TrimSpace(lines[to]) != "" && indent(lines[to]) > dash {
			to++
		}
		lines = slices.Delete(lines, from, to)
	}
	return strings.Join(lines, ""), left
}

// withoutLanguages are lines without what is left out of a line's other languages, which
// packs write in one row.
func withoutLanguages(lines []string, others *strict.Node, left []string) []string {
	if others == nil {
		return lines
	}
	var stay []string
	for _, o := range others.Items {
		if !slices.Contains(left, o.Text) {
			stay = append(stay, o.Text)
		}
	}
	at := others.Line - 1
	switch {
	case len(stay) == len(others.Items):
	case len(stay) == 0:
		lines = slices.Delete(lines, at, at+1)
	default:
		before, rest, _ := strings.Cut(lines[at], "[")
		_, after, _ := strings.Cut(rest, "]")
		lines[at] = before + "[" + strings.Join(stay, ", ") + "]" + after
	}
	return lines
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }
