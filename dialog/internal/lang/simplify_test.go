package lang_test

import (
	"testing"

	"hotline/dialog/internal/lang"
)

func TestSimplify(t *testing.T) {
	for in, want := range map[string]string{
		"我要退貨": "我要退货", "請問運費": "请问运费", "賭博": "赌博", "已经是简体": "已经是简体", "": "", "WiFi 密碼": "WiFi 密码",
	} {
		if got := lang.Simplify(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
