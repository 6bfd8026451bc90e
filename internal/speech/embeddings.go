package speech

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"hotline/internal/embed"
	"hotline/internal/models"
)

// embeddingRequest asks for vectors; input is a string or a list of strings.
type embeddingRequest struct {
	Model  string          `json:"model"`
	Input  json.RawMessage `json:"input"`
	Format string          `json:"encoding_format"`
}

func (q embeddingRequest) texts() ([]string, error) {
	var many []string
	if err := json.Unmarshal(q.Input, &many); err != nil {
		var one string
		if err := json.Unmarshal(q.Input, &one); err != nil {
			return nil, bad("the input must be a text or a list of texts")
		}
		many = []string{one}
	}
	if len(many) == 0 || len(many) > maxTexts {
		return nil, bad("1 to %d texts are allowed, not %d", maxTexts, len(many))
	}
	if q.Format != "" && q.Format != "float" {
		return nil, bad("the encoding_format %q is not known here: float", q.Format)
	}
	return many, nil
}

// meaningOf are the models that a request is answered by: the one that it names, the one
// that the operator wants for the texts' language, or those that serve it best together.
func (s *Server) meaningOf(name, language string) ([]string, error) {
	language, _, _ = strings.Cut(strings.ToLower(language), "-")
	if !slices.Contains(anyModel, name) || s.cfg.Embed[language] != "" || s.cfg.Embed[""] != "" {
		id, err := s.embed.choose(name, language)
		return []string{id}, err
	}
	all, best, ok := s.cfg.Models.Together(models.Embed, language)
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNoModel, best.Why)
	}
	var ids []string
	for _, m := range all {
		ids = append(ids, m.ID)
	}
	return ids, nil
}

func (s *Server) embeddings(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	var q embeddingRequest
	if err := readJSON(w, r, &q); err != nil {
		s.answerError(w, r, err)
		return
	}
	texts, err := q.texts()
	if err != nil {
		s.answerError(w, r, err)
		return
	}
	ids, err := s.meaningOf(q.Model, r.Header.Get("Content-Language"))
	if err != nil {
		s.answerError(w, r, err)
		return
	}
	var engine embed.Joined
	for _, id := range ids {
		one, err := s.embed.soon(ctx, id, s.cfg.Patience)
		if err != nil {
			s.answerError(w, r, err)
			return
		}
		engine = append(engine, one)
	}
	leave, _, err := s.embeds.enter(ctx)
	if err != nil {
		s.answerError(w, r, err)
		return
	}
	defer leave()
	vectors, err := engine.Embed(ctx, texts)
	if err != nil {
		s.answerError(w, r, err)
		return
	}
	type item struct {
		Object    string    `json:"object"`
		Index     int       `json:"index"`
		Embedding []float32 `json:"embedding"`
	}
	data := make([]item, len(vectors))
	for i, v := range vectors {
		data[i] = item{"embedding", i, v}
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"object": "list", "data": data, "model": strings.Join(ids, "+"),
		"usage": map[string]int{"prompt_tokens": 0, "total_tokens": 0},
	})
}
