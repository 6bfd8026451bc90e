package main

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"hotline/internal/carrier"
	"hotline/internal/certs/certstest"
	"hotline/internal/config"
	"hotline/internal/testdata"
)

// settings is the file that an office was opened by, for commands beside it.
func (o *office) settings() string {
	o.Helper()
	o.Setenv("HOTLINE_DATA_DIR", o.c.Data.Dir)
	return filepath.Join(filepath.Dir(o.dir), "hotline.yaml")
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// A port that another program holds keeps calls away; one that our server holds does not.
func TestDoctorKnowsWhoHasThePorts(t *testing.T) {
	o := openOffice(t, "")
	for _, check := range []func(context.Context, config.Config) finding{checkSIP, checkHTTP} {
		f := check(t.Context(), o.c)
		require.NoError(t, f.err)
		require.Contains(t, f.text, "held by the running server: ")
		other := o.c
		other.Data.Dir = t.TempDir()
		require.ErrorContains(t, check(t.Context(), other).err, "another program holds the port")
	}
}

// Looking makes and changes nothing.
func TestDoctorAndCheckLeaveNothingBehind(t *testing.T) {
	data := filepath.Join(t.TempDir(), "var", "data")
	t.Setenv("HOTLINE_DATA_DIR", data)
	t.Setenv("HOTLINE_SIP_LISTEN", free(t))
	t.Setenv("HOTLINE_HTTP_LISTEN", free(t))
	dir := filepath.Join(testdata.Root(t), "examples", "dental-zh")
	out, _ := typed(t, "", "doctor", "--business", dir)
	require.Contains(t, out, "made at the first start")
	out, code := typed(t, "", "check", "--business", dir, "--language", "en")
	require.Zero(t, code, out)
	require.NoDirExists(t, filepath.Dir(data))
}

// What an administrator changed in the console is read where there is a database; a wrong
// line there is a warning, since calls are answered all the same.
func TestCheckReadsTheTrunksOfTheConsole(t *testing.T) {
	o := openOffice(t, `
trunks:
  - {name: old, kind: static, proxy: "sip:192.0.2.9", inbound: {"*": main}}
  - {name: gone, kind: static, proxy: "sip:192.0.2.10", inbound: {"*": main}}
`)
	file := o.settings()
	look := func() string {
		out, code := typed(t, "", "check", "--language", "en", "--config", file)
		require.Zero(t, code, out)
		return out
	}
	require.Contains(t, look(), "trunks: old (settings), gone (settings)\n")

	db, err := openDatabase(t.Context(), o.c, discard())
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	book := carrier.New(carrier.Config{Settings: o.c.Trunks, Node: "main", Store: db, Put: func([]config.Trunk) error { return nil }})
	page, err := book.Show(t.Context())
	require.NoError(t, err)
	spare := page.Trunks[0]
	spare.Was, spare.Name, spare.Inbound = "", "spare", []carrier.TrunkInbound{{Number: "*", Line: "nobody"}}
	page.Trunks[0].Channels = 7
	_, err = book.Save(t.Context(), page.Stamp, []carrier.TrunkForm{page.Trunks[0], spare}, "li")
	require.NoError(t, err)
	out := look()
	require.Contains(t, out, "trunks: old (settings, changed in the console), spare (console), gone (of the settings, taken out in the console)\n")
	require.Contains(t, out, `warning: trunks.spare.inbound: * goes to "nobody"`)
	require.Contains(t, out, "\n0 errors, ")

	// A key that is lost is said, not made anew.
	require.NoError(t, os.Remove(filepath.Join(o.c.Data.Dir, "master.key")))
	require.Contains(t, look(), "warning: the trunks that were changed in the console are not checked: the master key")
	require.NoFileExists(t, filepath.Join(o.c.Data.Dir, "master.key"))
}

func TestWrongSettingsAreToldLineByLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hotline.yaml")
	write := func(text string) {
		require.NoError(t, os.WriteFile(file, []byte("business: "+filepath.Join(testdata.Root(t), "examples", "dental-zh")+"\n"+text), 0o600))
	}
	write("http: {listen: x}\nlog: {level: loud}\n")
	out, code := typed(t, "", "check", "--config", file)
	require.Equal(t, exitFailed, code)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 3, out)
	require.Contains(t, lines[1], "http.listen")
	require.Contains(t, lines[2], "log.level")

	// What a start would stumble over: models that do not exist.
	t.Setenv("HOTLINE_DATA_DIR", t.TempDir())
	for _, c := range []struct{ settings, said string }{
		{"speech: {asr: {zh: asr/whisperer}}", `speech.asr names "asr/whisperer" for zh, and there is no such model`},
		{"speech: {tts: {zh: asr/whisper-base}}", `speech.tts names "asr/whisper-base" for zh, which is a model of another kind`},
	} {
		write(c.settings)
		out, code = typed(t, "", "check", "--config", file, "--language", "en")
		require.Equal(t, exitFailed, code)
		require.Contains(t, out, "error: "+c.said)
		require.Contains(t, out, "1 error, 0 warnings\n")
	}
	write("speech: {asr: {zh: whisper-base, en: asr/another}}") // nobody speaks English
	out, code = typed(t, "", "check", "--config", file)
	require.Zero(t, code, out)
}

func TestVersionIsTold(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"--version"}} {
		out, code := typed(t, "", args...)
		require.Zero(t, code, out)
		require.Contains(t, out, "hotline "+buildVersion())
	}
}

// Servers of speech of another make are no fault, and one that is away is.
func TestDoctorAsksTheSpeechServers(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	c := config.Default()
	c.Speech.URLs = []string{other.URL, strings.Replace(other.URL, "http:", "ws:", 1)}
	f := checkHearing(t.Context(), c)
	require.NoError(t, f.err)
	require.Contains(t, f.text, other.URL+" (answers, and is no worker of ours)")
	require.Contains(t, f.text, "FunASR")
	other.Close()
	require.ErrorContains(t, checkHearing(t.Context(), c).err, other.URL+" does not answer")
}

// A speech server whose certificate nobody knows is told with the cure, and trusted once
// its authority is named; one that shows another name is not.
func TestDoctorTellsOfUnknownCertificates(t *testing.T) {
	authority := certstest.New(t)
	root := filepath.Join(t.TempDir(), "ca.pem")
	authority.WriteRoot(t, root)
	serve := func(name string) string {
		s := httptest.NewUnstartedServer(http.NotFoundHandler())
		s.TLS = &tls.Config{Certificates: []tls.Certificate{authority.Issue(t, name)}}
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
		t.Cleanup(s.Close)
		return s.URL
	}
	ours, others := serve("127.0.0.1"), serve("elsewhere.example")
	for _, scheme := range []string{"https:", "wss:"} {
		c := config.Default()
		c.Speech.URLs = []string{strings.Replace(ours, "https:", scheme, 1)}
		require.ErrorContains(t, checkHearing(t.Context(), c).err, "speech.tls_ca")
		c.Speech.TLSCA = root
		require.NoError(t, checkHearing(t.Context(), c).err)
		c.Speech.URLs = []string{strings.Replace(others, "https:", scheme, 1)}
		require.ErrorContains(t, checkHearing(t.Context(), c).err, "127.0.0.1")
		c.Speech.TLSCA = filepath.Join(filepath.Dir(root), "none.pem")
		require.ErrorContains(t, checkHearing(t.Context(), c).err, "speech.tls_ca")
	}
}
