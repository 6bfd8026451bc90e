package webtest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"hotline/dialog/knowledge"
	"hotline/internal/business"
	"hotline/internal/kb"
	"hotline/internal/store"
)

const shopYAML = `name: 云帆数码
assistant: 小云
language: zh
timezone: Asia/Shanghai
lines: [{name: main, numbers: ["8000"], default: true, greeting: 请讲。, disclosure: {text: 我是智能助手。}}]
escalation: {skill: service}
skills: [{name: service, title: 客服}, {name: after-sales, title: 售后}]
agents: [{name: agent1, title: 王芳, skills: [service, after-sales]}]
`

const shopCSV = `编号,问题,答案,相似问,分类,场景,口播
hours,门店几点营业,门店每天早上十点营业，晚上九点半关门。,几点开门|什么时候关门|周末开门吗,门店,售前,
ship,运费多少,满五十元免运费，不满收六元。,邮费怎么算|快递费多少,物流,售前,
arrive,多久能到,一般两到三天送到，偏远地区五天。,几天能到货|快递要多久,物流,售前,
back,怎么退货,收到货七天内可以无理由退货，您在订单页面申请就行。,我要退货|东西不想要了,退换,售后,
invoice,怎么开发票,电子发票在订单完成后开，一天内发到您的邮箱。,能开票吗|要发票,发票,售后,
earbud,耳机一边没有声音怎么办,请把两只耳机放回充电盒，长按按钮十秒重置。如果还不行，七天内可以免费换新。,左耳没声音|右边耳机不响,耳机,技术支持,先把耳机放回盒里，长按按钮十秒。还不行就给您换新。
wifi,机器连不上网络怎么办,请先确认手机连的是二点四G的网络，再按说明书重置。,连不上无线|wifi连接不上,音箱,技术支持,
`

// Knowledge makes a shop's folder below dir, and the base of its questions.
func Knowledge(ctx context.Context, s *store.Store, dir string, log *slog.Logger) (*kb.Base, error) {
	folder := filepath.Join(dir, "shop")
	for name, text := range map[string]string{"business.yaml": shopYAML, "knowledge/faq.csv": shopCSV} {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	b, report := business.Load(folder)
	if err := report.Err(); err != nil {
		return nil, fmt.Errorf("the shop of the tests: %w", err)
	}
	index, err := knowledge.New(b.Lines[0].Pairs(), b.Lines[0].KnowledgeOptions()) //nolint:contextcheck // without an embedder it asks nobody
	if err != nil {
		return nil, err
	}
	return kb.New(ctx, kb.Config{Store: s, Log: log}, []kb.Line{{Line: b.Lines[0], Live: knowledge.NewLive(index)}})
}
