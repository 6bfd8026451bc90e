package contacts_test

import (
	"archive/zip"
	"bytes"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"

	"hotline/campaigns/contacts"
)

// workbook is an Excel file of one sheet: rows is what stands in its sheetData, texts in
// its table of strings, and more are other parts by name.
func workbook(tb testing.TB, rows, texts string, more map[string]io.Reader) []byte {
	tb.Helper()
	const (
		xml  = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`
		main = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	)
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	add := func(name string, r io.Reader) {
		w, err := z.Create(name)
		require.NoError(tb, err)
		_, err = io.Copy(w, r)
		require.NoError(tb, err)
	}
	for name, text := range map[string]string{
		"[Content_Types].xml":        xml + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`,
		"_rels/.rels":                xml + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            xml + `<workbook ` + main + ` xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": xml + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml":   xml + `<worksheet ` + main + `><sheetData>` + rows + `</sheetData></worksheet>`,
		"xl/sharedStrings.xml":       xml + `<sst ` + main + `>` + texts + `</sst>`,
	} {
		if more[name] == nil {
			add(name, strings.NewReader(text))
		}
	}
	for name, r := range more {
		add(name, r)
	}
	require.NoError(tb, z.Close())
	return file.Bytes()
}

// large is more than may be taken for one row or one cell.
const large = 48 << 20

// endless repeats a text until it is large.
func endless(text string) io.Reader { return io.LimitReader(repeat(text), large) }

type repeat string

func (r repeat) Read(p []byte) (n int, err error) {
	for n < len(p) {
		n += copy(p[n:], r)
	}
	return n, nil
}

const inlineRow = `<row><c t="inlineStr"><is><t>手机</t></is></c><c t="inlineStr"><is><t>姓名</t></is></c></row><row><c><v>13800138000</v></c><c t="s"><v>0</v></c></row>`

func TestImportReadsAWorkbook(t *testing.T) {
	var k kept
	rep, err := contacts.Import(t.Context(), bytes.NewReader(workbook(t, inlineRow, `<si><t>张三</t></si>`, nil)), contacts.Options{Normal: normal(t)}, k.add)
	require.NoError(t, err)
	assert.Equal(t, 1, rep.Added)
	assert.Equal(t, "张三", k.list[0].Name)
}

// What is small on the wire and large when it is unpacked is refused before it fills
// memory or disk.
func TestImportRefusesWhatHasNoEnd(t *testing.T) {
	for name, file := range map[string]io.Reader{
		"a quotation mark never closed": io.MultiReader(strings.NewReader("phone,name\n13800138000,\"a\n"), endless("13800138001,b\n")),
		"a line without end":            io.MultiReader(strings.NewReader("phone,name\n13800138000,"), endless("x")),
		"many columns":                  io.MultiReader(strings.NewReader("phone"), endless(",")),
		"GB18030 without a line end":    endless("\xb0\xa1\xb0\xa2"),
		"a part beside the sheet":       bytes.NewReader(workbook(t, inlineRow, "", map[string]io.Reader{"xl/media/image1.png": endless("\x00")})),
		"a cell without end": bytes.NewReader(workbook(t, "", "", map[string]io.Reader{"xl/worksheets/sheet1.xml": io.MultiReader(
			strings.NewReader(`<worksheet><sheetData><row><c t="inlineStr"><is><t>`), endless("x"))})),
		"a row without end": bytes.NewReader(workbook(t, "", "", map[string]io.Reader{"xl/worksheets/sheet1.xml": io.MultiReader(
			strings.NewReader(`<worksheet><sheetData><row>`), endless(`<c><v>1</v></c>`))})),
		"a text without end": bytes.NewReader(workbook(t, inlineRow, "", map[string]io.Reader{"xl/sharedStrings.xml": io.MultiReader(
			strings.NewReader(`<sst><si><t>`), endless("x"))})),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			var k kept
			_, err := contacts.Import(t.Context(), file, contacts.Options{Normal: normal(t)}, k.add)
			runtime.ReadMemStats(&after)
			require.Error(t, err)
			assert.LessOrEqual(t, len(k.list), 1)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4*large), "bytes taken, in all")
		})
	}
}

// FuzzSheet: whatever stands in the sheets of a workbook, each row is added or given
// back.
func FuzzSheet(f *testing.F) {
	f.Add(inlineRow, `<si><t>张三</t></si>`)
	f.Add(`<row r="9"><c r="XFD9"><v>13800138000</v></c></row>`, ``)
	f.Add(`<row r="-1"><c r="A0" t="s"><v>99999999999</v></c></row>`, `<si><r><t>a</t></r></si>`)
	f.Add(`<row r="1048577"><c t="d"><v>2026-01-01</v></c><c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c></row>`, `<si/>`)
	f.Add(`<row><c t="n" s="7"><f>1+1</f><v>1.38001380e10</v></c>`, `<si><t>`)
	n := normal(f)
	f.Fuzz(func(t *testing.T, rows, texts string) {
		var k kept
		rep, err := contacts.Import(t.Context(), bytes.NewReader(workbook(t, rows, texts, nil)), contacts.Options{Normal: n, Batch: 3}, k.add)
		if err == nil && (rep.Added+rep.Bad != rep.Rows || rep.Added != len(k.list)) {
			t.Fatalf("%d rows, %d added, %d bad, %d kept", rep.Rows, rep.Added, rep.Bad, len(k.list))
		}
	})
}

// gb18030 are bytes of a Chinese file as Excel writes it.
func gb18030(tb testing.TB, text string) []byte {
	tb.Helper()
	b, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(text))
	require.NoError(tb, err)
	return b
}
