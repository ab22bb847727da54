// Takes rendered files apart, and prints JSON: for each file its variables and constants with the texts in them, whatever
// else stands in those, and everything that is code. Started as: server FILE...
package main

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/format"
	"go/parser"
	"go/printer"
	"go/token"
	"log"
	"os"
	"regexp"
	"strconv"
)

type file struct {
	Texts     map[string][]string // by the variable or constant that has them
	Other     map[string][]string // what stands there besides: names, numbers, calls
	Code      string              // functions, types and imports
	Formatted bool                // whether it is as gofmt would have it
	Faults    []string            // regular expressions that Go does not take
}

func (f *file) note(name string, value ast.Expr) {
	ast.Inspect(value, func(node ast.Node) bool {
		switch found := node.(type) {
		case *ast.BasicLit:
			if found.Kind != token.STRING {
				f.Other[name] = append(f.Other[name], found.Value)
				break
			}
			text, err := strconv.Unquote(found.Value)
			if err != nil {
				log.Fatal(err)
			}
			f.Texts[name] = append(f.Texts[name], text)
		case *ast.Ident:
			f.Other[name] = append(f.Other[name], found.Name)
		case *ast.CallExpr:
			if selector, ok := found.Fun.(*ast.SelectorExpr); ok && selector.Sel.Name == "MustCompile" {
				text, _ := strconv.Unquote(found.Args[0].(*ast.BasicLit).Value)
				if _, err := regexp.Compile(text); err != nil {
					f.Faults = append(f.Faults, err.Error())
				}
			}
		}
		return true
	})
}

func takeApart(name string) file {
	source, err := os.ReadFile(name)
	if err != nil {
		log.Fatal(err)
	}
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, name, source, parser.SkipObjectResolution)
	if err != nil {
		log.Fatal(err)
	}
	formatted, err := format.Source(source)
	if err != nil {
		log.Fatal(err)
	}
	found := file{Texts: map[string][]string{}, Other: map[string][]string{}, Formatted: bytes.Equal(source, formatted)}
	var code bytes.Buffer
	for _, declaration := range tree.Decls {
		general, ok := declaration.(*ast.GenDecl)
		if !ok || (general.Tok != token.VAR && general.Tok != token.CONST) {
			if err := printer.Fprint(&code, files, declaration); err != nil {
				log.Fatal(err)
			}
			continue
		}
		for _, one := range general.Specs {
			spec := one.(*ast.ValueSpec)
			found.note(spec.Names[0].Name, spec.Values[0])
		}
	}
	found.Code = code.String()
	return found
}

func main() {
	var found []file
	for _, name := range os.Args[1:] {
		found = append(found, takeApart(name))
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		log.Fatal(err)
	}
}
