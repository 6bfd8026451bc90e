package store_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/store"
)

func TestTasksKeepTheirVersions(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		s := p.open(t)
		v := func(file string, n int, state, body string) store.FlowVersion {
			return store.FlowVersion{Business: "shop", File: file, N: n, State: state, Body: body, Author: "li", Note: "why"}
		}
		require.NoError(t, s.AddFlowVersions(t.Context(), v("flows/a.yaml", 1, store.FlowFile, "1"), v("flows/a.yaml", 2, store.FlowSaved, "2"), v("flows/b.yaml", 1, store.FlowDeleted, "x")))
		require.ErrorIs(t, s.AddFlowVersions(t.Context(), v("flows/b.yaml", 2, store.FlowSaved, "y"), v("flows/a.yaml", 2, store.FlowSaved, "late")), store.ErrStale)
		require.NoError(t, s.Close())

		s = p.open(t)
		heads, err := s.FlowHeads(t.Context(), "shop")
		require.NoError(t, err)
		var got []string
		for _, v := range heads {
			got = append(got, fmt.Sprint(v.File, v.N, v.State, v.Body))
		}
		assert.Equal(t, []string{"flows/a.yaml2saved2", "flows/b.yaml1deletedx"}, got, "the late writer's other version is not kept either")
		list, err := s.FlowVersions(t.Context(), "shop", "flows/a.yaml")
		require.NoError(t, err)
		require.Len(t, list, 2)
		assert.Equal(t, "2", list[0].Body)
		assert.Equal(t, "li", list[0].Author)
		assert.Equal(t, "why", list[0].Note)
		assert.False(t, list[0].At.IsZero())
		none, err := s.FlowHeads(t.Context(), "other")
		require.NoError(t, err)
		assert.Empty(t, none)
		for n := 3; n <= 203; n++ {
			require.NoError(t, s.AddFlowVersions(t.Context(), v("flows/a.yaml", n, store.FlowSaved, "n")))
		}
		list, err = s.FlowVersions(t.Context(), "shop", "flows/a.yaml")
		require.NoError(t, err)
		assert.Len(t, list, 200)
	})
}
