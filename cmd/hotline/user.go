package main

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hotline/internal/store"
)

func newUser(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "Who may sign in to the console"}
	var role string
	add := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a user; the password is read from standard input, or made and printed when that is a terminal or empty",
		Args:  exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			detail := map[string]string{"user": args[0], "role": role}
			return s.givePassword(cmd, args[0], "add-user", detail, func(db *store.Store, password string) error {
				_, err := db.AddUser(cmd.Context(), store.User{Name: args[0], Role: store.Role(role)}, password)
				return err
			})
		},
	}
	add.Flags().StringVar(&role, "role", string(store.AgentRole), "admin, supervisor, agent or analyst")
	renew := &cobra.Command{
		Use:   "password NAME",
		Short: "Give a user a new password, read or made as by add; their sessions and locks end",
		Args:  exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			detail := map[string]string{"user": args[0]}
			return s.givePassword(cmd, args[0], "reset-password", detail, func(db *store.Store, password string) error {
				return db.SetPassword(cmd.Context(), args[0], password)
			})
		},
	}
	cmd.AddCommand(add, renew)
	return cmd
}

// givePassword reads or makes a user's password, has it kept, writes that down, and prints
// it where it was made.
func (s *settings) givePassword(cmd *cobra.Command, name, action string, detail map[string]string, keep func(db *store.Store, password string) error) error {
	password, made, err := readPassword(cmd)
	if err != nil {
		return err
	}
	db, closeDB, err := s.openStore(cmd.Context())
	if err != nil {
		return err
	}
	defer closeDB()
	if err := keep(db, password); err != nil {
		return err
	}
	if err := db.AddTrail(cmd.Context(), store.TrailEntry{Actor: operator(), Action: action, Detail: detail}); err != nil {
		return err
	}
	if made {
		_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%s's password, shown once: %s\n", name, password)
	}
	return nil
}

func newToken(s *settings) *cobra.Command {
	cmd := &cobra.Command{Use: "token", Short: "Bearer tokens for programs"}
	var role, name string
	var scopes []string
	var days int
	add := &cobra.Command{
		Use: "new", Short: "Make a token and print it; it is not shown again", Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			db, closeDB, err := s.openStore(cmd.Context())
			if err != nil {
				return err
			}
			defer closeDB()
			text, made, err := db.NewToken(cmd.Context(), name, store.Role(role), time.Now().AddDate(0, 0, days), scopes...)
			if err != nil {
				return err
			}
			if err := db.AddTrail(cmd.Context(), store.TrailEntry{
				Actor: operator(), Action: "add-token", Subject: made.ID, Detail: map[string]string{"token": name, "role": role, "scopes": strings.Join(scopes, " ")},
			}); err != nil {
				return err
			}
			_, _ = fmt.Fprintln(cmd.OutOrStdout(), text)
			return nil
		},
	}
	add.Flags().StringVar(&role, "role", string(store.Analyst), "admin, supervisor, agent or analyst")
	add.Flags().StringVar(&name, "name", "api", "what it is for")
	add.Flags().StringSliceVar(&scopes, "scope", nil, "what it is for, of what its role may: calls:read, knowledge …; none: all of that")
	add.Flags().IntVar(&days, "days", 365, "how many days it is good for")
	cmd.AddCommand(add)
	return cmd
}

// readPassword takes the first line of standard input when that is a pipe or a
// file.
func readPassword(cmd *cobra.Command) (password string, made bool, err error) {
	if f, ok := cmd.InOrStdin().(*os.File); ok {
		st, err := f.Stat()
		if err != nil {
			return "", false, err
		}
		if st.Mode()&os.ModeCharDevice != 0 {
			return rand.Text(), true, nil
		}
	}
	line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return rand.Text(), true, nil
	}
	if len(line) < 8 {
		return "", false, errors.New("the password is too short: at least eight characters")
	}
	_ = err // a last line without its end is a line
	return line, false, nil
}
