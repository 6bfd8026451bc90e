package web

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"

	"hotline/internal/store"
)

// User is who may sign in, as the API shows it.
type User struct {
	Name        string     `json:"name"`
	DisplayName string     `json:"display_name,omitempty"`
	Role        store.Role `json:"role" enum:"admin,supervisor,agent,analyst"`
	Disabled    bool       `json:"disabled"`
	Agent       string     `json:"agent" doc:"whom the user is among the agents: whose calls a user with the role agent sees"`
	Teams       []string   `json:"teams" doc:"that a supervisor has; none: all"`
	TOTP        bool       `json:"totp" doc:"logins need a code of the authenticator as well"`
	CreatedAt   time.Time  `json:"created_at"`
	PasswordAt  time.Time  `json:"password_at" doc:"when the password was set"`
}

func viewUser(u store.User) User {
	return User{u.Name, u.DisplayName, u.Role, u.Disabled, u.AgentName(), list(u.Teams), u.TOTP, u.CreatedAt, u.PasswordAt}
}

type usersOutput struct {
	Body struct {
		Items []User   `json:"items"`
		Teams []string `json:"teams" doc:"that there are"`
	}
}

type userOutput struct{ Body User }

type addUserInput struct {
	Body struct {
		Name        string     `json:"name" minLength:"1" maxLength:"64"`
		DisplayName string     `json:"display_name,omitempty" maxLength:"100"`
		Role        store.Role `json:"role" enum:"admin,supervisor,agent,analyst"`
		Agent       string     `json:"agent,omitempty" maxLength:"64"`
		Teams       []string   `json:"teams,omitempty" maxItems:"100"`
		Password    string     `json:"password,omitempty" minLength:"8" maxLength:"200" doc:"default: one is made"`
	}
}

type passwordOutput struct {
	Body struct {
		User

		Password string `json:"password,omitempty" doc:"the one that was made; it is not shown again"`
	}
}

// NameInput names a user.
type NameInput struct {
	Name string `path:"name" maxLength:"64"`
}

type changeUserInput struct {
	NameInput

	Body struct {
		DisplayName *string     `json:"display_name,omitempty" maxLength:"100"`
		Role        *store.Role `json:"role,omitempty" enum:"admin,supervisor,agent,analyst"`
		Disabled    *bool       `json:"disabled,omitempty"`
		Agent       *string     `json:"agent,omitempty" maxLength:"64"`
		Teams       *[]string   `json:"teams,omitempty" maxItems:"100"`
	}
}

type setPasswordInput struct {
	NameInput

	Body struct {
		Password string `json:"password,omitempty" minLength:"8" maxLength:"200" doc:"default: one is made"`
	}
}

// Session is a login that is in force, as the API shows it.
type Session struct {
	ID        string    `json:"id"`
	Source    string    `json:"source" doc:"the address that it came from"`
	Program   string    `json:"program" doc:"the browser, as it says"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at"`
	ExpiresAt time.Time `json:"expires_at"`
	Current   bool      `json:"current" doc:"the one that asks"`
}

type sessionsOutput struct {
	Body struct {
		Items []Session `json:"items"`
	}
}

type userSessionInput struct {
	NameInput

	ID string `path:"id" maxLength:"32"`
}

func (s *Server) userRoutes() {
	route(s, operation(http.MethodGet, "/users", "list-users", "Who may sign in", "users"), s.listUsers)
	add := operation(http.MethodPost, "/users", "add-user", "Add a user", "users")
	add.DefaultStatus = http.StatusCreated
	route(s, add, s.addUser)
	route(s, operation(http.MethodPatch, "/users/{name}", "change-user", "Change a user; a change of rights ends the user's sessions", "users"), endingSessions(s, s.changeUser))
	route(s, operation(http.MethodPost, "/users/{name}/password", "reset-password", "Give a user a new password", "users"), endingSessions(s, s.resetPassword))
	route(s, operation(http.MethodDelete, "/users/{name}/totp", "end-totp", "Take a user's authenticator away, when it is lost", "users"),
		func(ctx context.Context, in *NameInput) (*struct{}, error) {
			return nil, s.cfg.Store.EndTOTP(ctx, in.Name)
		})
	route(s, operation(http.MethodGet, "/users/{name}/sessions", "list-sessions", "Where a user is signed in", "users"),
		func(ctx context.Context, in *NameInput) (*sessionsOutput, error) { return s.sessionsOf(ctx, in.Name) })
	route(s, operation(http.MethodDelete, "/users/{name}/sessions", "end-sessions", "Sign a user out everywhere", "users"),
		endingSessions(s, func(ctx context.Context, in *NameInput) (*struct{}, error) {
			return nil, s.cfg.Store.EndSessions(ctx, in.Name, "")
		}))
	route(s, operation(http.MethodDelete, "/users/{name}/sessions/{id}", "end-session", "End one session of a user", "users"),
		endingSessions(s, func(ctx context.Context, in *userSessionInput) (*struct{}, error) {
			note(ctx, "user", in.Name)
			return nil, s.cfg.Store.RevokeSession(ctx, in.ID, in.Name)
		}))
}

func (s *Server) listUsers(ctx context.Context, _ *struct{}) (*usersOutput, error) {
	users, err := s.cfg.Store.Users(ctx)
	if err != nil {
		return nil, err
	}
	out := &usersOutput{}
	out.Body.Items, out.Body.Teams = []User{}, []string{}
	for _, u := range users {
		out.Body.Items = append(out.Body.Items, viewUser(u))
	}
	if s.cfg.Teams != nil {
		out.Body.Teams = append(out.Body.Teams, sortedKeys(s.cfg.Teams())...)
	}
	return out, nil
}

func (s *Server) addUser(ctx context.Context, in *addUserInput) (*passwordOutput, error) {
	b := in.Body
	password, made := orMade(b.Password)
	u, err := s.cfg.Store.AddUser(ctx, store.User{Name: b.Name, DisplayName: b.DisplayName, Role: b.Role, Agent: b.Agent, Teams: b.Teams}, password)
	if err != nil {
		return nil, err
	}
	note(ctx, "user", u.Name)
	note(ctx, "role", string(u.Role))
	out := &passwordOutput{}
	out.Body.User, out.Body.Password = viewUser(u), made
	return out, nil
}

// orMade is the password, or a new one, which is to be shown.
func orMade(password string) (use, made string) {
	if password != "" {
		return password, ""
	}
	made = strings.ToLower(rand.Text())
	return made, made
}

func (s *Server) changeUser(ctx context.Context, in *changeUserInput) (*userOutput, error) {
	b := in.Body
	before, after, err := s.cfg.Store.ChangeUser(ctx, in.Name, store.UserChange{
		DisplayName: b.DisplayName, Role: b.Role, Disabled: b.Disabled, Agent: b.Agent, Teams: b.Teams,
	})
	if err != nil {
		return nil, err
	}
	for _, c := range []struct{ what, before, after string }{
		{"role", string(before.Role), string(after.Role)},
		{"disabled", yesNo(before.Disabled), yesNo(after.Disabled)},
		{"agent", before.AgentName(), after.AgentName()},
		{"teams", strings.Join(before.Teams, ", "), strings.Join(after.Teams, ", ")},
	} {
		if c.before != c.after {
			note(ctx, c.what, c.before+" → "+c.after)
		}
	}
	return &userOutput{viewUser(after)}, nil
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func (s *Server) resetPassword(ctx context.Context, in *setPasswordInput) (*passwordOutput, error) {
	password, made := orMade(in.Body.Password)
	if err := s.cfg.Store.SetPassword(ctx, in.Name, password); err != nil {
		return nil, err
	}
	u, err := s.cfg.Store.User(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	out := &passwordOutput{}
	out.Body.User, out.Body.Password = viewUser(u), made
	return out, nil
}

func (s *Server) sessionsOf(ctx context.Context, name string) (*sessionsOutput, error) {
	open, err := s.cfg.Store.OpenSessions(ctx, name)
	if err != nil {
		return nil, err
	}
	out := &sessionsOutput{}
	out.Body.Items = []Session{}
	for _, o := range open {
		out.Body.Items = append(out.Body.Items, Session{
			o.ID, o.Source, o.Program, o.CreatedAt, o.SeenAt, o.ExpiresAt, o.Is(who(ctx).session),
		})
	}
	return out, nil
}

// Token lets a program in, as the API shows it.
type Token struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Role      store.Role `json:"role" enum:"admin,supervisor,agent,analyst"`
	Scopes    []string   `json:"scopes" doc:"what it is for, of what its role may; none: all of that"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	UsedAt    *time.Time `json:"used_at,omitempty" doc:"to the minute"`
}

func viewToken(t store.Token) Token {
	return Token{t.ID, t.Name, t.Role, list(t.Scopes), t.CreatedAt, orNil(t.ExpiresAt), orNil(t.UsedAt)}
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

type tokensOutput struct {
	Body struct {
		Items  []Token  `json:"items"`
		Scopes []string `json:"scopes" doc:"that there are; each may have :read or :write behind it"`
	}
}

type addTokenInput struct {
	Body struct {
		Name   string     `json:"name" minLength:"1" maxLength:"64"`
		Role   store.Role `json:"role" enum:"admin,supervisor,agent,analyst"`
		Scopes []string   `json:"scopes,omitempty" maxItems:"50"`
		Days   int        `json:"days" minimum:"1" maximum:"1825" doc:"how long it is good for"`
	}
}

type addTokenOutput struct {
	Body struct {
		Token

		Secret string `json:"token" doc:"not shown again"`
	}
}

type tokenInput struct {
	ID string `path:"id" maxLength:"64"`
}

func (s *Server) tokenRoutes() {
	areas := scopes()
	route(s, operation(http.MethodGet, "/tokens", "list-tokens", "Tokens of programs", "users"),
		func(ctx context.Context, _ *struct{}) (*tokensOutput, error) {
			tokens, err := s.cfg.Store.Tokens(ctx)
			if err != nil {
				return nil, err
			}
			out := &tokensOutput{}
			out.Body.Items, out.Body.Scopes = []Token{}, areas
			for _, t := range tokens {
				out.Body.Items = append(out.Body.Items, viewToken(t))
			}
			return out, nil
		})
	add := operation(http.MethodPost, "/tokens", "add-token", "Make a token", "users")
	add.DefaultStatus = http.StatusCreated
	route(s, add, func(ctx context.Context, in *addTokenInput) (*addTokenOutput, error) {
		b := in.Body
		for _, scope := range b.Scopes {
			if area, _, _ := strings.Cut(scope, ":"); !slices.Contains(areas, area) {
				return nil, problem(http.StatusUnprocessableEntity, "invalid", "there is no scope "+scope)
			}
		}
		text, t, err := s.cfg.Store.NewToken(ctx, b.Name, b.Role, time.Now().AddDate(0, 0, b.Days), b.Scopes...)
		if err != nil {
			return nil, err
		}
		note(ctx, "token", t.Name)
		note(ctx, "role", string(t.Role))
		note(ctx, "scopes", strings.Join(t.Scopes, " "))
		out := &addTokenOutput{}
		out.Body.Token, out.Body.Secret = viewToken(t), text
		return out, nil
	})
	route(s, operation(http.MethodDelete, "/tokens/{id}", "revoke-token", "Revoke a token", "users"),
		func(ctx context.Context, in *tokenInput) (*struct{}, error) {
			return nil, s.cfg.Store.RevokeToken(ctx, in.ID)
		})
}

// scopes are the areas that a token may be for.
func scopes() []string {
	areas := map[string]bool{}
	for _, r := range accessTable() {
		if r.roles != nil {
			areas[r.scope] = true
		}
	}
	return sortedKeys(areas)
}
