package web_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"hotline/internal/web"
	"hotline/internal/web/webtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestALinesVoiceIsHeard(t *testing.T) {
	st := start(t, func(c *web.Config) { c.Voices = webtest.Voices{} })
	v := st.login(t, "admin")
	items := v.get("/api/v1/voices")["items"].([]any)
	require.Len(t, items, 2)
	main := items[0].(map[string]any)
	assert.NotEmpty(t, main["sample"])
	assert.NotEmpty(t, main["sentences"])

	r := v.request(http.MethodPost, "/api/v1/voices/main/speak", `{"text":"您好","rate":1.2}`)
	defer func() { _ = r.Body.Close() }()
	require.Equal(t, http.StatusOK, r.StatusCode)
	assert.Equal(t, "audio/wav", r.Header.Get("Content-Type"))
	data, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	assert.Equal(t, "RIFF", string(data[:4]))

	v.json(http.MethodPost, "/api/v1/voices/nobody/speak", `{"text":"您好"}`, http.StatusNotFound)
	v.json(http.MethodPost, "/api/v1/voices/main/speak", `{"text":"`+strings.Repeat("好", 201)+`"}`, http.StatusUnprocessableEntity)
	v.json(http.MethodPost, "/api/v1/voices/main/speak", `{"text":"您好","rate":9}`, http.StatusUnprocessableEntity)
	for range 20 {
		r = v.request(http.MethodPost, "/api/v1/voices/main/speak", `{"text":"您好"}`)
		_ = r.Body.Close()
	}
	assert.Equal(t, http.StatusTooManyRequests, r.StatusCode)
	assert.NotEmpty(t, r.Header.Get("Retry-After"))

	assert.Empty(t, start(t, nil).program(t).get("/api/v1/voices")["items"])
}
