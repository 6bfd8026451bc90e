package contacts_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"hotline/campaigns"
	"hotline/campaigns/contacts"
	"hotline/internal/number"
)

func normal(tb testing.TB) contacts.Normal {
	tb.Helper()
	plan, err := number.For("CN")
	require.NoError(tb, err)
	return func(text string) (string, bool) {
		n := plan.Read(text)
		return n.Text, strings.HasPrefix(n.Text, "+")
	}
}

// kept is a store of contacts that knows each number once.
type kept struct {
	list []campaigns.Contact
	seen map[string]bool
}

func (k *kept) add(_ context.Context, batch []campaigns.Contact) (ids []int64, err error) {
	if k.seen == nil {
		k.seen = map[string]bool{}
	}
	for _, c := range batch {
		if k.seen[c.Number] {
			ids = append(ids, 0)
			continue
		}
		k.seen[c.Number] = true
		k.list = append(k.list, c)
		ids = append(ids, int64(len(k.list)))
	}
	return ids, nil
}

const chinese = "客户姓名,手机号（必填）,时区,优先级,订单号\r\n" +
	"王小明,138 0013 8000,Asia/Urumqi,5,A1\r\n" +
	"李雷,021-61234567,,,\r\n" +
	"坏行,12,,,\r\n" +
	"又来,+86 13800138000,,,\r\n" +
	",,,,\r\n" +
	"没号,,,,X\r\n" +
	"错区,13800138001,Mars/Olympus,,\r\n" +
	"=cmd(),bad,,,\r\n"

func TestImportChinese(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(chinese)
	require.NoError(t, err)
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(strings.ReplaceAll(chinese, ",", "\t"))
	require.NoError(t, err)
	for name, c := range map[string]struct{ text, encoding, delimiter string }{
		"utf-8":          {chinese, "utf-8", ","},
		"with a mark":    {"\xef\xbb\xbf" + chinese, "utf-8", ","},
		"gb18030":        {gb, "gb18030", ","},
		"utf-16 by tabs": {wide, "utf-16", "\t"},
		"semicolons":     {strings.ReplaceAll(chinese, ",", ";"), "utf-8", ";"},
	} {
		t.Run(name, func(t *testing.T) {
			var k kept
			var bad bytes.Buffer
			rep, err := contacts.Import(t.Context(), strings.NewReader(c.text), contacts.Options{Normal: normal(t), Language: "zh", Bad: &bad, Batch: 2}, k.add)
			require.NoError(t, err)
			assert.Equal(t, contacts.Format{Kind: "csv", Encoding: c.encoding, Delimiter: c.delimiter}, rep.Format)
			assert.Equal(t, 7, rep.Rows)
			assert.Equal(t, 2, rep.Added)
			assert.Equal(t, map[string]int{contacts.BadNumber: 2, contacts.IsDuplicate: 1, contacts.NoNumber: 1, contacts.BadZone: 1}, rep.Reasons)
			assert.Equal(t, []campaigns.Contact{
				{Number: "+8613800138000", Name: "王小明", Zone: "Asia/Urumqi", Rank: 5, Fields: map[string]string{"订单号": "A1"}},
				{Number: "+862161234567", Name: "李雷"},
			}, k.list)
			rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(bad.String(), "\xef\xbb\xbf"))).ReadAll()
			require.NoError(t, err)
			require.Len(t, rows, 6)
			assert.Equal(t, []string{"行号", "原因", "客户姓名", "手机号（必填）", "时区", "优先级", "订单号"}, rows[0])
			reasons := map[string]string{}
			for _, r := range rows[1:] {
				reasons[r[0]] = r[1]
			}
			assert.Equal(t, "不是可以拨打的电话号码", reasons["4"])
			assert.Equal(t, "号码已在活动中，或与前面的行重复", reasons["5"])
		})
	}
}

func TestImportWithoutAHeader(t *testing.T) {
	var k kept
	rep, err := contacts.Import(t.Context(), strings.NewReader("Ann,13800138000\nBob,13800138001\n"), contacts.Options{Normal: normal(t)}, k.add)
	require.NoError(t, err)
	assert.Equal(t, 2, rep.Added)
	assert.Equal(t, 1, rep.Mapping.Number)
	assert.False(t, rep.Mapping.Header)
}

func TestImportByHand(t *testing.T) {
	var k kept
	_, err := contacts.Import(t.Context(), strings.NewReader("a,b,c\nx,13800138000,morning\n"), contacts.Options{
		Normal: normal(t), Mapping: &contacts.Mapping{Header: true, Number: 1, Name: -1, Zone: -1, Rank: -1, Agent: -1, Fields: map[int]string{2: "when"}},
	}, k.add)
	require.NoError(t, err)
	assert.Equal(t, []campaigns.Contact{{Number: "+8613800138000", Fields: map[string]string{"when": "morning"}}}, k.list)
}

func TestImportExcel(t *testing.T) {
	f := excelize.NewFile()
	for i, row := range [][]any{{"Phone Number", "Full name", "Priority", "Order"}, {13800138000, "Ann", 3, "A1"}, {"138-0013-8001", "Bob", nil, 17}, {nil, "Nobody"}} {
		require.NoError(t, f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row))
	}
	var file, bad bytes.Buffer
	require.NoError(t, f.Write(&file))
	require.NoError(t, f.Close())
	p, err := contacts.Look(bytes.NewReader(file.Bytes()), normal(t))
	require.NoError(t, err)
	assert.Equal(t, []string{"Phone Number", "Full name", "Priority", "Order"}, p.Header)
	assert.Len(t, p.Rows, 3)
	var k kept
	rep, err := contacts.Import(t.Context(), &file, contacts.Options{Normal: normal(t), Language: "en", Bad: &bad}, k.add)
	require.NoError(t, err)
	assert.Equal(t, "xlsx", rep.Format.Kind)
	assert.Equal(t, []campaigns.Contact{
		{Number: "+8613800138000", Name: "Ann", Rank: 3, Fields: map[string]string{"Order": "A1"}},
		{Number: "+8613800138001", Name: "Bob", Fields: map[string]string{"Order": "17"}},
	}, k.list)
	assert.Contains(t, bad.String(), "4,there is no number,,Nobody")
}

func TestWhatIsNoFileOfContacts(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "blank": " \n \n", "a picture": "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xff\xff", "an old Excel file": "\xd0\xcf\x11\xe0\xa1\xb1", "a broken zip": "PK\x03\x04broken",
		"no numbers": "name,city\nAnn,Paris\n", "one endless line": strings.Repeat("x", 3<<20),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := contacts.Import(t.Context(), strings.NewReader(text), contacts.Options{Normal: normal(t)}, (&kept{}).add)
			require.Error(t, err)
		})
	}
}

func TestImportStopsWhereItCannotKeep(t *testing.T) {
	full := errors.New("the disk is full")
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "138%08d\n", i)
	}
	_, err := contacts.Import(t.Context(), strings.NewReader(text.String()), contacts.Options{Normal: normal(t), Batch: 10},
		func(context.Context, []campaigns.Contact) ([]int64, error) { return nil, full })
	require.ErrorIs(t, err, full)
}

// FuzzImport: whatever is brought, each row is added or given back, once.
func FuzzImport(f *testing.F) {
	f.Add([]byte(chinese))
	f.Add([]byte("phone\n\"138\n"))
	f.Add([]byte("\xff\xfea\x00"))
	f.Add([]byte("PK\x03\x04"))
	f.Add(gb18030(f, chinese))
	f.Add(append(gb18030(f, "手机,姓名\n13800138000,张"), 0x81, 0x30, '\n', 0xff))
	f.Add(workbook(f, inlineRow, "", nil))
	f.Add([]byte("手机\t姓名\n13800138000\t\"a\"b\"\n"))
	n := normal(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var k kept
		var bad bytes.Buffer
		rep, err := contacts.Import(t.Context(), bytes.NewReader(data), contacts.Options{Normal: n, Bad: &bad, Batch: 3}, k.add)
		if err != nil {
			return
		}
		if rep.Added+rep.Bad != rep.Rows || rep.Added != len(k.list) {
			t.Fatalf("%d rows, %d added, %d bad, %d kept", rep.Rows, rep.Added, rep.Bad, len(k.list))
		}
		for _, c := range k.list {
			if !strings.HasPrefix(c.Number, "+") || !utf8.ValidString(c.Name) {
				t.Fatalf("%+v", c)
			}
		}
		r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(bad.Bytes(), []byte("\xef\xbb\xbf"))))
		r.FieldsPerRecord = -1
		lines := 0
		for {
			if _, err := r.Read(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			lines++
		}
		if rep.Bad > 0 && lines != rep.Bad+1 {
			t.Fatalf("%d bad rows, %d lines given back", rep.Bad, lines)
		}
	})
}

// A workbook as a shop's office makes it: a cover and a hidden sheet before it, days and
// times that Excel keeps as numbers, amounts that it keeps inexactly, a long order number.
func TestImportAnOfficesWorkbook(t *testing.T) {
	f := excelize.NewFile()
	_, err := f.NewSheet("说明")
	require.NoError(t, err)
	require.NoError(t, f.SetCellValue("说明", "A1", "内部"))
	require.NoError(t, f.SetSheetVisible("说明", false))
	_, err = f.NewSheet("名单")
	require.NoError(t, err)
	style := func(s excelize.Style) int {
		id, err := f.NewStyle(&s)
		require.NoError(t, err)
		return id
	}
	custom := func(code string) int { return style(excelize.Style{CustomNumFmt: &code}) }
	day := time.Date(2026, 12, 5, 0, 0, 0, 0, time.UTC)
	for i, row := range [][]any{
		{"十二月到店名单"},
		{"客户姓名", "联系电话\n（必填）", "到店日期", "时段", "登记", "金额", "折扣", "订单号", "备注"},
		{"王小明", 13800138000, day, 0.604166666666667, day.Add(9*time.Hour + 5*time.Minute), 19.899999999999999, 0.15, 2026112200012345, "1.50"},
		{},
		{"李雷", "138-0013-8001", day, nil, nil, 200, nil, "0012", "46361"},
		{nil, nil, nil, nil, nil, nil, nil, nil, nil},
	} {
		require.NoError(t, f.SetSheetRow("名单", fmt.Sprintf("A%d", i+1), &row))
	}
	for cells, id := range map[string]int{
		"C3": style(excelize.Style{NumFmt: 14}), "C5": custom(`m"月"d"日"`), "D3": custom("h:mm;@"), "E3": custom("[$-804]yyyy/m/d h:mm"),
		"F3": custom(`"¥"#,##0.00;[Red]-"¥"#,##0.00`), "G3": style(excelize.Style{NumFmt: 9}), "H3": custom("0_ "), "I5": style(excelize.Style{NumFmt: 49}),
	} {
		require.NoError(t, f.SetCellStyle("名单", cells, cells, id))
	}
	var file bytes.Buffer
	require.NoError(t, f.Write(&file))
	require.NoError(t, f.Close())
	p, err := contacts.Look(bytes.NewReader(file.Bytes()), normal(t))
	require.NoError(t, err)
	assert.Equal(t, "客户姓名", p.Header[0], "the title above is no heading")
	assert.Len(t, p.Rows, 2)
	var k kept
	rep, err := contacts.Import(t.Context(), bytes.NewReader(file.Bytes()), contacts.Options{Normal: normal(t), Mapping: &p.Mapping}, k.add)
	require.NoError(t, err)
	assert.Equal(t, 2, rep.Rows)
	assert.Equal(t, []campaigns.Contact{
		{Number: "+8613800138000", Name: "王小明", Fields: map[string]string{
			"到店日期": "2026-12-05", "时段": "14:30", "登记": "2026-12-05 09:05", "金额": "19.9", "折扣": "15.00%", "订单号": "2026112200012345", "备注": "1.50",
		}},
		{Number: "+8613800138001", Name: "李雷", Fields: map[string]string{"到店日期": "2026-12-05", "金额": "200", "订单号": "0012", "备注": "46361"}},
	}, k.list)
}

// What stands above the headings is no row; a number alone is one.
func TestTitlesAboveTheHeadings(t *testing.T) {
	for text, want := range map[string]int{
		"十二月名单\n制表：小王\n姓名,电话\n王,13800138000\n": 1,
		"13800138000\n李,13800138001\n":         1, // the first has no second column
		"电话\n13800138000\n":                    1,
	} {
		var k kept
		rep, err := contacts.Import(t.Context(), strings.NewReader(text), contacts.Options{Normal: normal(t)}, k.add)
		require.NoError(t, err, text)
		assert.Equal(t, want, rep.Added, text)
		assert.Equal(t, rep.Rows, rep.Added+rep.Bad, text)
	}
}
