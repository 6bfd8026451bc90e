package private_test

import (
	"testing"

	"hotline/dialog/private"
)

func BenchmarkMask(b *testing.B) {
	for name, s := range map[string]string{
		"zh": "你好,我上周五在你们店里买的那个空气净化器到现在还没发货,麻烦你帮我查一下,我的电话是幺三八零零幺三八零零零",
		"en": "Hi, I bought an air purifier in your store last Friday and it has not shipped, my number is 415 555 0199",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				private.Mask(s)
			}
		})
	}
}
