package business

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"hotline/dialog/backend"
	"hotline/dialog/dialogflow"
	"hotline/dialog/private"
	"hotline/dialog/rasa"
)

// Elsewhere is a dialogue system that answers the callers of a line in place of the
// business's own knowledge and flows. At most one of its systems is set.
type Elsewhere struct {
	Rasa       *Rasa       `yaml:"rasa" json:"rasa,omitempty"`
	Dialogflow *Dialogflow `yaml:"dialogflow" json:"dialogflow,omitempty"`
	// Timeout is how long a caller waits for its answer before the line goes on without
	// it. 10 s.
	Timeout time.Duration `yaml:"timeout" json:"timeout,omitempty"`
	// Welcome has it greet, behind the disclosure.
	Welcome bool `yaml:"welcome" json:"welcome,omitempty"`
	// Send are the kinds of personal data that it gets as the caller said them: phone,
	// identity, card, email, address, name. The others are masked.
	Send []private.Kind `yaml:"send" json:"send,omitempty"`
}

// Rasa is a Rasa server.
type Rasa struct {
	URL string `yaml:"url" json:"url"`
	// Token names the variable of the environment that holds the bearer token,
	// HOTLINE_SECRET_RASA say; with _FILE behind the name, that of the file it is in.
	Token string `yaml:"token" json:"token,omitempty"`
}

// Dialogflow is an agent of Dialogflow ES or CX.
type Dialogflow struct {
	// Agent is projects/PROJECT/agent or projects/PROJECT/locations/LOCATION/agents/ID.
	Agent string `yaml:"agent" json:"agent"`
	// URL is another endpoint than Google's.
	URL string `yaml:"url" json:"url,omitempty"`
	// Language is the agent's code for the line's: zh-cn.
	Language string `yaml:"language" json:"language,omitempty"`
	// Event asks for the greeting. WELCOME.
	Event string `yaml:"event" json:"event,omitempty"`
	// Token names the variable with the access token, as that of Rasa.
	Token string `yaml:"token" json:"token,omitempty"`
}

// Set says whether a system is named.
func (e Elsewhere) Set() bool { return e.Rasa != nil || e.Dialogflow != nil }

// Brain makes the system; token yields the secret of a name.
func (e Elsewhere) Brain(timezone string, token func(name string) (string, error)) (name string, b backend.Brain, err error) {
	secret := func(name string) func() (string, error) {
		if name == "" {
			return nil
		}
		return func() (string, error) { return token(name) }
	}
	if e.Rasa != nil {
		b, err = rasa.New(rasa.Config{URL: e.Rasa.URL, Token: secret(e.Rasa.Token)})
		return "rasa", b, err
	}
	d := e.Dialogflow
	b, err = dialogflow.New(dialogflow.Config{Agent: d.Agent, URL: d.URL, Language: d.Language, Welcome: d.Event, Timezone: timezone, Token: secret(d.Token)})
	return "dialogflow", b, err
}

// elsewhere checks the settings of a line's dialogue system.
func (c checker) elsewhere(path string, l Line) {
	e := l.Engine
	if !e.Set() {
		return
	}
	at := c.key(path + ".engine")
	if e.Rasa != nil && e.Dialogflow != nil {
		c.report.add(Error, at, "engine", "write rasa or dialogflow, not both", "rasa 和 dialogflow 只能写一个")
		return
	}
	if _, _, err := e.Brain(c.business.Timezone, nil); err != nil {
		c.report.add(Error, at, "engine", err.Error(), err.Error())
	}
	if e.Timeout != 0 && (e.Timeout < time.Second || e.Timeout > 30*time.Second) {
		c.report.add(Error, at, "range", e.Timeout, time.Second, 30*time.Second)
	}
	for _, k := range e.Send {
		if !slices.Contains(private.Kinds(), k) {
			c.report.add(Error, at, "engine", fmt.Sprintf("send: there is no kind of personal data %q; the kinds are %v", k, private.Kinds()),
				fmt.Sprintf("send：没有 %q 这类个人信息，可以写的有 %v", k, private.Kinds()))
		}
	}
	if name := tokenOf(e); name != "" && !strings.HasPrefix(name, secretPrefix) {
		c.report.add(Error, at, "engine", "token: write the name of a variable of the environment that begins with "+secretPrefix+", not the secret itself",
			"token 要写环境变量的名字，以 "+secretPrefix+" 开头，不要写密钥本身")
	}
}

func tokenOf(e Elsewhere) string {
	if e.Rasa != nil {
		return e.Rasa.Token
	}
	return e.Dialogflow.Token
}
