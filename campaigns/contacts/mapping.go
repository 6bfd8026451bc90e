package contacts

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
)

// Mapping says what each column is. A column is counted from 0; -1 is none.
type Mapping struct {
	// Header tells that the first row names the columns.
	Header bool `json:"header"`
	Number int  `json:"number"`
	Name   int  `json:"name"`
	Zone   int  `json:"zone"`
	Rank   int  `json:"rank"`
	Agent  int  `json:"agent"`
	// Fields are further columns and what the script calls them.
	Fields map[int]string `json:"fields,omitempty"`
}

// Preview is the beginning of a file.
type Preview struct {
	Format  Format     `json:"format"`
	Header  []string   `json:"header"`
	Rows    [][]string `json:"rows"` // without the header
	Mapping Mapping    `json:"mapping"`
}

// previewRows is how many rows are shown, and how many a column is guessed by.
const previewRows = 20

// Look shows the beginning of a file and guesses its mapping.
func Look(r io.Reader, normal Normal) (p Preview, err error) {
	t, f, err := openTable(r)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	rows, err := firstRows(t)
	if err != nil {
		return p, err
	}
	rows = rows[titled(rows, normal):]
	p.Format, p.Mapping = f, guess(rows, normal)
	p.Rows = rows
	if p.Mapping.Header {
		p.Header, p.Rows = rows[0], rows[1:]
		p.Header = append(p.Header, make([]string, max(0, width(rows)-len(p.Header)))...) // a column may have no heading
	} else {
		for i := range width(rows) {
			p.Header = append(p.Header, fmt.Sprintf("%d", i+1))
		}
	}
	return p, nil
}

func firstRows(t table) (rows [][]string, err error) {
	for len(rows) <= previewRows {
		cells, err := t.next()
		var bad *rowError
		switch {
		case errors.Is(err, io.EOF):
			if len(rows) == 0 {
				return nil, errors.New("the file has no rows")
			}
			return rows, nil
		case errors.As(err, &bad):
			continue
		case err != nil:
			return nil, err
		}
		if !blank(cells) {
			rows = append(rows, slices.Clone(cells))
		}
	}
	return rows, nil
}

// mostTitles is how many rows may stand above the headings.
const mostTitles = 3

// titled is how many of the first rows are a title over the whole table: one cell that is
// neither a number nor a heading, above rows with more.
func titled(rows [][]string, normal Normal) int {
	n := 0
	for n < min(mostTitles, len(rows)-1) && isTitle(cellsOf(rows[n]), normal) {
		n++
	}
	if len(cellsOf(rows[n])) < 2 {
		return 0
	}
	return n
}

func isTitle(cells []string, normal Normal) bool {
	if len(cells) != 1 {
		return false
	}
	cell := cells[0]
	if _, ok := normal(cell); ok {
		return false
	}
	for _, known := range titles {
		if slices.Contains(known, titleOf(cell)) {
			return false
		}
	}
	return true
}

// cellsOf are the cells of a row with something in them.
func cellsOf(row []string) []string {
	return slices.DeleteFunc(slices.Clone(row), func(c string) bool { return strings.TrimSpace(c) == "" })
}

func width(rows [][]string) (n int) {
	for _, r := range rows {
		n = max(n, len(r))
	}
	return n
}

func blank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" })
}

// titles are how people head a column, without what separates words.
var titles = map[string][]string{
	"number": {
		"手机号", "手机", "手机号码", "电话", "电话号码", "联系电话", "联系方式", "移动电话", "号码", "收件人电话", "收货人电话", "客户电话", "被叫号码", "手機", "電話", "手機號碼", "電話號碼",
		"phone", "phonenumber", "phoneno", "mobile", "mobilephone", "mobilenumber", "cell", "cellphone", "telephone", "tel", "number", "msisdn", "contactnumber", "contactno",
	},
	"name": {
		"姓名", "名字", "客户姓名", "客户名称", "客户", "联系人", "收件人", "收货人", "称呼", "名称",
		"name", "fullname", "customer", "customername", "contact", "contactname", "recipient",
	},
	"zone":  {"时区", "時區", "timezone", "tz", "zone"},
	"rank":  {"优先级", "优先", "優先級", "级别", "排序", "priority", "rank", "weight"},
	"agent": {"坐席", "客服", "专员", "客户经理", "agent", "owner", "accountmanager"},
}

// titleOf brings a heading to the form that titles has.
func titleOf(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, withoutBrackets(s))
}

// withoutBrackets leaves out what stands in brackets: 手机号（必填）.
func withoutBrackets(s string) string {
	var b strings.Builder
	depth := 0
	for _, r := range s {
		switch r {
		case '(', '（', '[', '【':
			depth++
		case ')', '）', ']', '】':
			depth = max(0, depth-1)
		default:
			if depth == 0 {
				b.WriteRune(r)
			}
		}
	}
	return b.String()
}

// guess tells the columns by their headings, and the number's, where no heading does, by
// what stands in them.
func guess(rows [][]string, normal Normal) Mapping {
	m := Mapping{Number: -1, Name: -1, Zone: -1, Rank: -1, Agent: -1}
	head := rows[0]
	m.Header = !slices.ContainsFunc(head, func(c string) bool { _, ok := normal(c); return ok })
	if m.Header {
		for _, column := range []struct {
			what string
			at   *int
		}{{"number", &m.Number}, {"name", &m.Name}, {"zone", &m.Zone}, {"rank", &m.Rank}, {"agent", &m.Agent}} {
			best := len(titles[column.what])
			for i, cell := range head {
				if at := slices.Index(titles[column.what], titleOf(cell)); at >= 0 && at < best {
					best, *column.at = at, i
				}
			}
		}
	}
	if m.Number < 0 {
		m.Number = numberColumn(rows, m.Header, normal)
	}
	m.Fields = map[int]string{}
	for i, cell := range head {
		if name := strings.TrimSpace(cell); m.Header && name != "" && !slices.Contains([]int{m.Number, m.Name, m.Zone, m.Rank, m.Agent}, i) {
			m.Fields[i] = name
		}
	}
	return m
}

// numberColumn is the column in which most rows have a number; -1 where fewer than half
// of them do.
func numberColumn(rows [][]string, header bool, normal Normal) int {
	if header {
		rows = rows[1:]
	}
	best, most := -1, 0
	for i := range width(rows) {
		n := 0
		for _, r := range rows {
			if i < len(r) {
				if _, ok := normal(r[i]); ok {
					n++
				}
			}
		}
		if n > most && 2*n >= len(rows) {
			best, most = i, n
		}
	}
	return best
}
