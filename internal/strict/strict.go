// Package strict reads YAML that people write by hand: settings and business
// folders. It reads the whole file, reports every problem at once with its line,
// and names the nearest known key where one is misspelled.
//
// # Concepts
//
// [Parse] makes a tree of [Node]s that keep the text of every scalar as written
// (08001 stays 08001, "yes" stays a word) and its line. [Node.Decode] fills a Go
// value from it, by the yaml tag of each field, and returns the [Problem]s. A key
// that no field has is a problem. What could be read is filled in all the same.
//
// # Concurrency
//
// The package keeps no state; a Node is not changed after Parse.
package strict

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Kind is what a Node holds.
type Kind uint8

// The kinds of Node.
const (
	Null Kind = iota
	Scalar
	Sequence
	Mapping
)

// Node is one value of a YAML file.
type Node struct {
	Kind   Kind
	Line   int // from 1
	Column int // from 1, in characters
	Text   string
	Quoted bool    // the scalar stood in quotes or in a block
	Keys   []Key   // of a Mapping
	Items  []*Node // of a Sequence
}

// Key is one entry of a Mapping.
type Key struct {
	Name  string
	Line  int
	Value *Node
}

// Code names a kind of problem; callers word it.
type Code string

// The codes of Problem.
const (
	Syntax     Code = "syntax"      // Detail: the parser's message
	UnknownKey Code = "unknown_key" // Value: the key, Near: the nearest known one or ""
	Duplicate  Code = "duplicate"   // Value: the key
	WrongType  Code = "wrong_type"  // Value: the text, Want: what is expected
	BadValue   Code = "bad_value"   // Value: the text, Want: what is expected, Detail: why
)

// Problem is one thing wrong with a file.
type Problem struct {
	Code         Code
	Line, Column int
	Path         string // "lines[0].numbers"
	Value        string
	Want         string
	Near         string
	Known        []string // the keys that may stand there
	Detail       string
}

// String is the problem in English, without the file's name.
func (p Problem) String() string {
	at := ""
	if p.Path != "" {
		at = p.Path + ": "
	}
	switch p.Code {
	case UnknownKey:
		if p.Near != "" {
			return fmt.Sprintf("%sunknown key %q, did you mean %q?", at, p.Value, p.Near)
		}
		return fmt.Sprintf("%sunknown key %q, known are %s", at, p.Value, strings.Join(p.Known, ", "))
	case Duplicate:
		return fmt.Sprintf("%sthe key %q stands here twice", at, p.Value)
	case WrongType, BadValue:
		s := fmt.Sprintf("%s%q is not %s", at, p.Value, p.Want)
		if p.Detail != "" {
			s += " (" + p.Detail + ")"
		}
		return s
	case Syntax:
		return at + p.Detail
	}
	return at + string(p.Code)
}

// Limits against files that are built to hurt.
const (
	maxDepth = 64
	maxNodes = 1 << 20
)

// Parse reads one YAML document. An empty one is a Null node. A file that is not
// YAML gives a Syntax problem and a nil node.
func Parse(data []byte) (n *Node, p *Problem) {
	// The parser is a library's and meets whatever people save as .yaml; a defect
	// there must read as "this file is broken", not end the server.
	defer func() {
		if r := recover(); r != nil {
			n, p = nil, &Problem{Code: Syntax, Line: 1, Detail: fmt.Sprintf("not readable as YAML: %v", r)}
		}
	}()
	data = []byte(strings.TrimPrefix(string(data), "\ufeff"))
	if line := strings.Count(string(data[:max(0, strings.IndexByte(string(data), 0))]), "\n") + 1; strings.IndexByte(string(data), 0) >= 0 {
		return nil, &Problem{Code: Syntax, Line: line, Detail: "a zero byte: this is not a text file"}
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, syntax(err)
	}
	b := builder{anchors: map[string]*Node{}}
	root := &Node{Kind: Null, Line: 1, Column: 1}
	docs := 0
	for _, d := range file.Docs {
		if d.Body == nil {
			continue
		}
		docs++
		if docs > 1 {
			return nil, &Problem{Code: Syntax, Line: line(d.Body), Detail: "a second document begins here (---); one file holds one"}
		}
		root = b.build(d.Body, 0)
	}
	if b.problem != nil {
		return nil, b.problem
	}
	return root, nil
}

func syntax(err error) *Problem {
	var e yaml.Error
	if errors.As(err, &e) {
		p := &Problem{Code: Syntax, Line: 1, Detail: e.GetMessage()}
		if t := e.GetToken(); t != nil && t.Position != nil {
			p.Line, p.Column = t.Position.Line, t.Position.Column
		}
		return p
	}
	return &Problem{Code: Syntax, Line: 1, Detail: err.Error()}
}

type builder struct {
	anchors map[string]*Node
	nodes   int
	problem *Problem
}

func (b *builder) fail(n ast.Node, why string) *Node {
	if b.problem == nil {
		b.problem = &Problem{Code: Syntax, Line: line(n), Detail: why}
	}
	return &Node{Kind: Null, Line: line(n)}
}

func (b *builder) build(n ast.Node, depth int) *Node {
	if n == nil {
		return &Node{Kind: Null}
	}
	b.nodes++
	if depth > maxDepth || b.nodes > maxNodes {
		return b.fail(n, "nested too deep or too large")
	}
	out := &Node{Line: line(n), Column: column(n)}
	switch n := n.(type) {
	case *ast.NullNode:
		out.Kind = Null
	case *ast.MappingNode:
		out.Kind = Mapping
		for _, v := range n.Values {
			b.entry(out, v, depth)
		}
	case *ast.MappingValueNode:
		out.Kind = Mapping
		b.entry(out, n, depth)
	case *ast.SequenceNode:
		out.Kind = Sequence
		for _, v := range n.Values {
			out.Items = append(out.Items, b.build(v, depth+1))
		}
	case *ast.AnchorNode:
		v := b.build(n.Value, depth+1)
		b.anchors[n.Name.GetToken().Value] = v
		return v
	case *ast.AliasNode:
		name := n.Value.GetToken().Value
		v, ok := b.anchors[name]
		if !ok {
			return b.fail(n, fmt.Sprintf("*%s is used before &%s is written", name, name))
		}
		if b.nodes += size(v, maxNodes); b.nodes > maxNodes {
			return b.fail(n, "nested too deep or too large")
		}
		return v
	case *ast.TagNode:
		return b.build(n.Value, depth+1)
	case *ast.LiteralNode:
		out.Kind, out.Quoted = Scalar, true
		out.Text = n.Value.Value
	case *ast.StringNode:
		out.Kind, out.Text = Scalar, n.Value
		t := n.GetToken().Type.String()
		out.Quoted = t == "SingleQuote" || t == "DoubleQuote"
	case ast.ScalarNode:
		out.Kind, out.Text = Scalar, strings.TrimSpace(n.GetToken().Value)
	default:
		return b.fail(n, fmt.Sprintf("%s cannot stand here", n.Type()))
	}
	return out
}

func (b *builder) entry(m *Node, v *ast.MappingValueNode, depth int) {
	if v.Key == nil {
		b.fail(v, "a key is missing")
		return
	}
	if v.Key.IsMergeKey() {
		b.fail(v, "merge keys (<<) are not read; write the values out")
		return
	}
	k := b.build(keyNode(v.Key), depth+1)
	if k.Kind != Scalar && k.Kind != Null {
		b.fail(v, "a key must be a word")
		return
	}
	name := k.Text
	if k.Kind == Null {
		name = v.Key.GetToken().Value
	}
	m.Keys = append(m.Keys, Key{Name: name, Line: line(v.Key), Value: b.build(v.Value, depth+1)})
	if m.Line == 0 || line(v.Key) < m.Line {
		m.Line = line(v.Key)
	}
}

func keyNode(k ast.MapKeyNode) ast.Node {
	if m, ok := k.(*ast.MappingKeyNode); ok {
		return m.Value
	}
	return k
}

// size counts the nodes below n, up to limit.
func size(n *Node, limit int) int {
	total := 1
	for _, c := range n.Items {
		if total > limit {
			return total
		}
		total += size(c, limit)
	}
	for _, k := range n.Keys {
		if total > limit {
			return total
		}
		total += size(k.Value, limit)
	}
	return total
}

func line(n ast.Node) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 0
	}
	return n.GetToken().Position.Line
}

func column(n ast.Node) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 0
	}
	return n.GetToken().Position.Column
}

// Get returns the value of a key, nil if there is none.
func (n *Node) Get(name string) *Node {
	if n == nil {
		return nil
	}
	for _, k := range n.Keys {
		if k.Name == name {
			return k.Value
		}
	}
	return nil
}
