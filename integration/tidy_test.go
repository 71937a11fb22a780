package integration

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The rules of the house that a machine can see. They read the source tree only.

const (
	module   = "dragonfly/"
	treeRoot = ".."
	maxLines = 1000
)

// sourceFile is one Go file of the tree.
type sourceFile struct {
	path  string // from the root, with slashes
	dir   string
	test  bool
	lines int
	ast   *ast.File
}

// sourceTree parses all Go files of the tree.
func sourceTree(t *testing.T) (*token.FileSet, []sourceFile) {
	t.Helper()
	var files []sourceFile
	set := token.NewFileSet()
	err := filepath.WalkDir(treeRoot, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(treeRoot, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if base := d.Name(); rel == "bin" || base == "testdata" || rel != "." && strings.HasPrefix(base, ".") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(set, rel, text, parser.ParseComments)
		if err != nil {
			return err
		}
		files = append(files, sourceFile{
			path: rel, dir: path.Dir(rel), test: strings.HasSuffix(rel, "_test.go"),
			lines: bytes.Count(text, []byte("\n")), ast: file,
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return set, files
}

// importRule says which packages of ours those in dir may import: an entry that ends in "/" stands for all packages
// below it, and the package itself.
type importRule struct {
	dir  string
	from []string
}

// importRules are the arrows of ARCHITECTURE.md. A directory that ends in "/" stands for those below it that have no rule
// of their own.
func importRules() []importRule {
	return []importRule{
		{"cmd/dragonfly", []string{"server", "server/config", "server/glog", "server/inspect"}},
		{"integration", nil},

		{"server", []string{"server/", "store/", "persistence/", "rdbload/"}},
		{"server/acl", []string{"server/glob", "store/resperr"}},
		{"server/command", []string{"server/glob", "server/reply", "server/session", "server/tx", "store/"}},
		{"server/command/commandtest", []string{"server/command", "server/reply", "server/session", "server/tx", "store/"}},
		{"server/config", []string{"persistence/vfs", "server/cron", "server/glog"}},
		{"server/cron", nil},
		{"server/digest", []string{"store/"}},
		{"server/family/", []string{"persistence/rdbfmt", "server/command", "server/glob", "server/reply", "store/"}},
		{"server/glob", nil},
		{"server/glog", nil},
		{"server/inspect", []string{"persistence/", "rdbload/", "server/digest", "server/loader", "store/"}},
		{"server/loader", []string{"persistence/rdbfmt", "rdbload", "store/"}},
		{"server/pubsub", []string{"server/glob", "server/reactor", "server/reply"}},
		{"server/reactor", nil},
		{"server/reply", []string{"store/number"}},
		{"server/resp", nil},
		{"server/script", []string{"server/reply", "server/resp", "server/script/lualib", "store/number", "store/resperr"}},
		{"server/script/library", []string{"persistence/rdbfmt", "server/script", "store/resperr"}},
		{"server/script/luac", nil},
		{"server/script/lualib", []string{"server/script/luac"}},
		{"server/session", []string{"store"}},
		{"server/tracking", nil},
		{"server/tx", []string{"store"}},

		{"persistence", []string{"persistence/", "store"}},
		{"persistence/rdbfmt", nil},
		{"persistence/s3", []string{"persistence"}},
		{"persistence/s3/s3test", nil},
		{"persistence/s3/s3test/serve", []string{"persistence/s3/s3test"}},
		{"persistence/snapshot", []string{"persistence/rdbfmt", "store/"}},
		{"persistence/vfs", nil},
		{"persistence/vfs/vfstest", []string{"persistence/vfs"}},
		{"rdbload", []string{"persistence/rdbfmt", "store/number", "store/types/"}},
		{"rdbload/aof", []string{"persistence/rdbfmt"}},

		{"store", []string{"store/"}},
		{"store/arena", nil},
		{"store/dash", []string{"store/arena"}},
		{"store/number", nil},
		{"store/object", []string{"store/arena"}},
		{"store/resperr", nil},
		{"store/types/", []string{"store/arena", "store/dash", "store/number", "store/object", "store/types/"}},
		{"store/types/btree", []string{"store/arena"}},
		{"store/types/hll", nil},
		{"store/types/intset", nil},
		{"store/types/listpack", []string{"store/number"}},
	}
}

// covers tells whether pattern, as in importRule, stands for a directory.
func covers(pattern, dir string) bool {
	if below, ok := strings.CutSuffix(pattern, "/"); ok {
		return dir == below || strings.HasPrefix(dir, pattern)
	}
	return pattern == dir
}

// ruleFor returns the most particular rule for a directory.
func ruleFor(dir string) (rule importRule, ok bool) {
	for _, r := range importRules() {
		if covers(r.dir, dir) && (!ok || len(r.dir) > len(rule.dir)) {
			rule, ok = r, true
		}
	}
	return rule, ok
}

// outsideRules says where packages that are not ours may be imported.
func outsideRules() map[string]func(f sourceFile) bool {
	in := func(dirs ...string) func(sourceFile) bool {
		return func(f sourceFile) bool { return slices.Contains(dirs, f.dir) }
	}
	inTests := func(f sourceFile) bool { return f.test }
	inS3 := func(f sourceFile) bool {
		return f.dir == "persistence/s3" || f.dir == "persistence/s3/s3test" && f.test
	}
	return map[string]func(sourceFile) bool{
		"github.com/adhocore/gronx":                    in("server/cron"),
		"github.com/klauspost/compress/zstd":           in("persistence", "rdbload"),
		"github.com/pierrec/lz4/v4":                    in("persistence", "rdbload"),
		"github.com/tidwall/redcon":                    in("server/reply"),
		"github.com/spf13/pflag":                       in("cmd/dragonfly"),
		"github.com/cespare/xxhash/v2":                 in("store/dash"),
		"golang.org/x/sys/unix":                        in("cmd/dragonfly", "persistence/vfs", "server/config", "server/reactor", "store/arena"),
		"github.com/minio/minio-go/v7":                 inS3,
		"github.com/minio/minio-go/v7/pkg/credentials": inS3,
		"github.com/hdt3213/rdb/parser":                inTests,
		"github.com/hdt3213/rdb/model":                 inTests,
		"github.com/redis/go-redis/v9":                 inTests,
		"github.com/yuin/gopher-lua":                   in("server/script", "server/script/luac", "server/script/lualib"),
		"github.com/yuin/gopher-lua/ast":               in("server/script", "server/script/luac"),
		"github.com/yuin/gopher-lua/parse":             in("server/script"),
		"github.com/hibiken/asynq":                     inTests,
		"github.com/anishathalye/porcupine":            inTests,
		"github.com/zeebo/xxh3":                        in("server/family/str"),
		"github.com/redis/go-redis/v9/push":            inTests,
		"github.com/redis/rueidis":                     inTests,
	}
}

// TestImports: imports point down only, and each package from outside is known in one place.
func TestImports(t *testing.T) {
	_, files := sourceTree(t)
	outside := outsideRules()
	for _, f := range files {
		rule, ok := ruleFor(f.dir)
		if !ok {
			t.Errorf("%s: a new package; say in importRules and in ARCHITECTURE.md what it is for", f.dir)
			continue
		}
		for _, spec := range f.ast.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			ours, isOurs := strings.CutPrefix(name, module)
			switch {
			case isOurs && f.dir == "integration":
				t.Errorf("%s imports %s: integration knows the program from outside only", f.path, ours)
			case isOurs && f.test:
				// Tests may look sideways, as long as Go lets them.
			case isOurs && strings.HasPrefix(f.dir, "server/family/") && strings.HasPrefix(ours, "server/family/"):
				t.Errorf("%s imports %s: what two families share moves down", f.path, ours)
			case isOurs && !slices.ContainsFunc(rule.from, func(p string) bool { return covers(p, ours) }):
				t.Errorf("%s must not import %s", f.path, ours)
			case !isOurs && strings.Contains(name, "."):
				if may := outside[name]; may == nil || !may(f) {
					t.Errorf("%s must not import %s", f.path, name)
				}
			}
		}
	}
}

// TestFileLength: a file near the limit is two files.
func TestFileLength(t *testing.T) {
	_, files := sourceTree(t)
	for _, f := range files {
		if f.lines > maxLines {
			t.Errorf("%s has %d lines, more than %d", f.path, f.lines, maxLines)
		}
	}
}

// TestPackageDocs: every package says what it is for.
func TestPackageDocs(t *testing.T) {
	_, files := sourceTree(t)
	documented := map[string]bool{}
	for _, f := range files {
		if !f.test {
			documented[f.dir] = documented[f.dir] || f.ast.Doc != nil
		}
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s: no file has a package comment", dir)
		}
	}
}

// TestHabits: no init functions, nothing printed around the log, and error texts in one place.
func TestHabits(t *testing.T) {
	set, files := sourceTree(t)
	for _, f := range files {
		if f.test {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv == nil && n.Name.Name == "init" {
					t.Errorf("%s: an init function", set.Position(n.Pos()))
				}
			case *ast.CallExpr:
				if name := printing(n); name != "" {
					t.Errorf("%s: %s", set.Position(n.Pos()), name)
				}
			case *ast.BasicLit:
				if strings.HasPrefix(f.dir, "server/family/") && n.Kind == token.STRING && strings.HasPrefix(n.Value[1:], "ERR ") {
					t.Errorf("%s: %s belongs into store/resperr", set.Position(n.Pos()), n.Value)
				}
			}
			return true
		})
	}
}

// printing returns the name of a function that prints past the log, empty for any other call.
func printing(call *ast.CallExpr) string {
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		if fun.Name == "print" || fun.Name == "println" {
			return fun.Name
		}
	case *ast.SelectorExpr:
		pkg, ok := fun.X.(*ast.Ident)
		if !ok {
			return ""
		}
		if name := pkg.Name + "." + fun.Sel.Name; slices.Contains([]string{"fmt.Print", "fmt.Printf", "fmt.Println",
			"log.Print", "log.Printf", "log.Println", "log.Fatal", "log.Fatalf", "log.Fatalln"}, name) {
			return name
		}
	}
	return ""
}

func readDocument(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(treeRoot, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDocumentsNameWhatExists: the make targets, files and directories that the documents name are there.
func TestDocumentsNameWhatExists(t *testing.T) {
	makefile := readDocument(t, "Makefile")
	target := regexp.MustCompile("(?m)(?:^|`|\\s)make ([a-z][a-z-]*)(?:$|`|  )")
	place := regexp.MustCompile("`((?:cmd|server|store|persistence|rdbload|integration|testdata)(?:/[A-Za-z0-9_./-]*)?)`")
	for _, document := range []string{"README.md", "ARCHITECTURE.md"} {
		text := readDocument(t, document)
		for _, m := range target.FindAllStringSubmatch(text, -1) {
			if !regexp.MustCompile("(?m)^" + m[1] + ":").MatchString(makefile) {
				t.Errorf("%s: the Makefile has no target %s", document, m[1])
			}
		}
		for _, m := range place.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(treeRoot, filepath.FromSlash(m[1]))); err != nil {
				t.Errorf("%s: %v", document, err)
			}
		}
	}
}

// TestCommandsAreListed: the table of commands in README.md is that of the source.
func TestCommandsAreListed(t *testing.T) {
	_, section, found := strings.Cut(readDocument(t, "README.md"), "\n## Commands\n")
	if !found {
		t.Fatal("README.md has no section of commands")
	}
	section, _, _ = strings.Cut(section, "\n#")
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("`([A-Z][A-Z0-9_.-]*)`").FindAllStringSubmatch(section, -1) {
		listed[m[1]] = true
	}
	declared := declaredCommands(t)
	var missing, extra []string
	for name := range declared {
		if !listed[name] {
			missing = append(missing, name)
		}
	}
	for name := range listed {
		if !declared[name] {
			extra = append(extra, name)
		}
	}
	slices.Sort(missing)
	slices.Sort(extra)
	if len(missing) > 0 {
		t.Errorf("README.md does not list %s", strings.Join(missing, " "))
	}
	if len(extra) > 0 {
		t.Errorf("README.md lists commands that are not declared: %s", strings.Join(extra, " "))
	}
}

// declaredCommands returns the names, in upper case, of the commands declared anywhere: literals that have a Name and an
// Arity. Subcommands are left out.
func declaredCommands(t *testing.T) map[string]bool {
	t.Helper()
	_, files := sourceTree(t)
	names := map[string]bool{}
	for _, f := range files {
		if f.test || !strings.HasPrefix(f.dir, "server") {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			if name, ok := commandName(lit); ok && !strings.Contains(name, "|") {
				names[strings.ToUpper(name)] = true
			}
			return true
		})
	}
	if len(names) == 0 {
		t.Fatal("no command is declared as a literal any more")
	}
	return names
}

func commandName(lit *ast.CompositeLit) (name string, ok bool) {
	fields := map[string]ast.Expr{}
	for _, e := range lit.Elts {
		if kv, isPair := e.(*ast.KeyValueExpr); isPair {
			fields[fmt.Sprint(kv.Key)] = kv.Value
		}
	}
	text, isText := fields["Name"].(*ast.BasicLit)
	if fields["Arity"] == nil || !isText {
		return "", false
	}
	name, err := strconv.Unquote(text.Value)
	return name, err == nil
}
