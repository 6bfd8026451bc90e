package web

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"

	"hotline/internal/store"
	"hotline/internal/totp"

	"rsc.io/qr"
)

// What users do with their own account.

type changePasswordInput struct {
	client

	Body struct {
		Old string `json:"old" minLength:"1" maxLength:"200"`
		New string `json:"new" minLength:"8" maxLength:"200"`
	}
}

type confirmInput struct {
	client

	Body struct {
		Password string `json:"password" minLength:"1" maxLength:"200"`
	}
}

type beginTOTPOutput struct {
	Body struct {
		Secret  string `json:"secret" doc:"to be typed in where there is no camera"`
		URI     string `json:"uri"`
		Picture string `json:"picture" doc:"the URI as a QR code, a data: URL"`
	}
}

type confirmTOTPInput struct {
	Body struct {
		Code string `json:"code" minLength:"6" maxLength:"10"`
	}
}

type confirmTOTPOutput struct {
	Body struct {
		RecoveryCodes []string `json:"recovery_codes" doc:"each good for one login without the authenticator; not shown again"`
	}
}

type mySessionInput struct {
	ID string `path:"id" maxLength:"32"`
}

func (s *Server) accountRoutes() {
	route(s, operation(http.MethodPost, "/account/password", "change-my-password", "Change one's own password; ends all other sessions", "account"), endingSessions(s, s.changeMyPassword))
	route(s, operation(http.MethodGet, "/account/sessions", "my-sessions", "Where one is signed in", "account"),
		func(ctx context.Context, _ *struct{}) (*sessionsOutput, error) {
			u, err := person(ctx)
			if err != nil {
				return nil, err
			}
			return s.sessionsOf(ctx, u.Name)
		})
	route(s, operation(http.MethodDelete, "/account/sessions/{id}", "end-my-session", "End one of one's own sessions", "account"),
		endingSessions(s, func(ctx context.Context, in *mySessionInput) (*struct{}, error) {
			u, err := person(ctx)
			if err != nil {
				return nil, err
			}
			return nil, s.cfg.Store.RevokeSession(ctx, in.ID, u.Name)
		}))
	route(s, operation(http.MethodDelete, "/account/sessions", "end-my-other-sessions", "Sign out everywhere else", "account"),
		endingSessions(s, func(ctx context.Context, _ *struct{}) (*struct{}, error) {
			u, err := person(ctx)
			if err != nil {
				return nil, err
			}
			return nil, s.cfg.Store.EndSessions(ctx, u.Name, who(ctx).session)
		}))
	route(s, operation(http.MethodPost, "/account/totp", "begin-totp", "A secret for one's authenticator; it counts once a code was seen", "account"), s.beginTOTP)
	route(s, operation(http.MethodPut, "/account/totp", "confirm-totp", "Turn the second factor on by a code of the authenticator", "account"),
		func(ctx context.Context, in *confirmTOTPInput) (*confirmTOTPOutput, error) {
			u, err := person(ctx)
			if err != nil {
				return nil, err
			}
			out := &confirmTOTPOutput{}
			out.Body.RecoveryCodes, err = s.cfg.Store.ConfirmTOTP(ctx, u, in.Body.Code)
			return out, err
		})
	route(s, operation(http.MethodPost, "/account/totp/end", "end-my-totp", "Turn the second factor off", "account"),
		func(ctx context.Context, in *confirmInput) (*struct{}, error) {
			u, err := s.confirmed(ctx, in.client, in.Body.Password)
			if err != nil {
				return nil, err
			}
			return nil, s.cfg.Store.EndTOTP(ctx, u.Name)
		})
}

// person is the user behind ctx; a token has no account.
func person(ctx context.Context) (store.User, error) {
	i := who(ctx)
	if i.session == "" {
		return store.User{}, problem(http.StatusForbidden, "session_needed", "this is for people who are signed in, not for tokens")
	}
	return i.user, nil
}

// confirmed is the user behind ctx who has shown the password again: an unlocked desk
// must not be enough to take an account over. Wrong ones count as failed logins.
func (s *Server) confirmed(ctx context.Context, c client, password string) (store.User, error) {
	u, err := person(ctx)
	if err != nil {
		return u, err
	}
	switch err := s.cfg.Store.Confirm(ctx, u, password, c.ip); {
	case err == nil:
		return u, nil
	case errors.Is(err, store.ErrLogin):
		return u, problem(http.StatusForbidden, "wrong_password", "the password is wrong")
	default:
		return u, s.refusedLogin(ctx, &loginInput{client: c}, err)
	}
}

func (s *Server) changeMyPassword(ctx context.Context, in *changePasswordInput) (*meOutput, error) {
	u, err := s.confirmed(ctx, in.client, in.Body.Old)
	if err != nil {
		return nil, err
	}
	if err := s.cfg.Store.SetPassword(ctx, u.Name, in.Body.New); err != nil {
		return nil, err
	}
	return s.signedIn(ctx, u, in.client)
}

func (s *Server) beginTOTP(ctx context.Context, in *confirmInput) (*beginTOTPOutput, error) {
	u, err := s.confirmed(ctx, in.client, in.Body.Password)
	if err != nil {
		return nil, err
	}
	out := &beginTOTPOutput{}
	if out.Body.Secret, err = s.cfg.Store.BeginTOTP(ctx, u); err != nil {
		return nil, err
	}
	out.Body.URI = totp.URI("hotline", u.Name, out.Body.Secret)
	picture, err := qr.Encode(out.Body.URI, qr.M)
	if err != nil {
		return nil, fmt.Errorf("draw the code for the authenticator: %w", err)
	}
	out.Body.Picture = "data:image/png;base64," + base64.StdEncoding.EncodeToString(picture.PNG())
	return out, nil
}
