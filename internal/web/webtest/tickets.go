package webtest

import (
	"context"
	"fmt"
	"time"

	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/internal/store"
	"hotline/internal/ticket"
)

// Tickets is a shop's desk of tickets.
func Tickets(s *store.Store, bus *event.Bus) *ticket.Desk {
	return ticket.New(ticket.Config{
		Store: s, Bus: bus,
		Types: func() []ticket.Type {
			return []ticket.Type{
				{Name: "exchange", Title: "退换货", Due: 24 * time.Hour, Team: "售后", Priority: ticket.Normal, Fields: []ticket.Field{{Name: "订单", Title: "订单", Required: true}, {Name: "地址", Title: "取件地址"}}},
				{Name: "complaint", Title: "投诉", Due: 2 * time.Hour, Team: "售后", Priority: ticket.High},
				{Name: "invoice", Title: "发票", Due: 72 * time.Hour, Priority: ticket.Low},
			}
		},
	})
}

// work makes what people have to do: tickets, decisions, and profiles of who called.
func work(ctx context.Context, s *store.Store, calls []string, now time.Time) error {
	d := Tickets(s, nil)
	for _, w := range []call.Wish{
		{ID: "01WISHTICKET", Kind: "ticket", Call: calls[0], Number: "13812348000", Summary: "蓝牙耳机左耳无声，换新，上门取件", Reason: "exchange", Fields: map[string]string{"订单": "尾号6603"}, CreatedAt: now.Add(-3 * time.Minute)},
		{ID: "01WISHLATE", Kind: "ticket", Call: calls[1], Number: "13912340011", Summary: "快递显示签收，客户说没有收到", Reason: "complaint", Fields: map[string]string{"订单": "尾号7120"}, CreatedAt: now.Add(-3 * time.Hour)},
		{ID: "01WISHINVOICE", Kind: "ticket", Number: "13700005521", Summary: "专用发票抬头改为“苏州远行科技有限公司”", Reason: "invoice", CreatedAt: now.Add(-26 * time.Hour)},
		{ID: "01REVIEW", Kind: "review", Call: calls[0], Number: "13812348000", Summary: "订单 6603（已签收）的客户要求补偿券，理由：等了五天", Reason: "coupon", Fields: map[string]string{"amount": "10", "订单号": "6603", "状态": "已签收"}, CreatedAt: now.Add(-2 * time.Minute)},
		{ID: "01REFUND", Kind: "review", Call: calls[1], Number: "13912340011", Summary: "订单 7120 申请退款，货没有收到", Reason: "refund", Fields: map[string]string{"amount": "268", "订单号": "7120"}, CreatedAt: now.Add(-50 * time.Minute)},
	} {
		if err := d.AddWish(ctx, w); err != nil {
			return err
		}
	}
	const callers = 500
	if _, err := s.SeeCallers(ctx, callers); err != nil {
		return err
	}
	id, err := s.CustomerByNumber(ctx, "13812348000")
	if err != nil {
		return fmt.Errorf("the ticket's customer: %w", err)
	}
	c, err := s.Profile(ctx, id)
	if err != nil {
		return err
	}
	c.Name, c.Tier, c.Language, c.Tags, c.Notes = "王女士", "vip", "zh", []string{"老客户", "耳机"}, "喜欢下午接电话。"
	c.Consents = []store.Consent{{Purpose: "sms", Given: true, How: "电话里同意", At: now.Add(-72 * time.Hour), By: "li"}}
	_, err = s.ChangeCustomer(ctx, c)
	return err
}
