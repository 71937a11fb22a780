package integration
import ("testing";"os";"path/filepath";"runtime/debug";"github.com/hdt3213/rdb/parser";"github.com/hdt3213/rdb/core")
var _ = core.NewDecoder
func TestZZ(t *testing.T){
 for _,fx := range []string{"2.4.18","dfs"} {
 dir:=t.TempDir()
 s:=startOurs(t,dir,"--dbfilename=")
 c:=s.client()
 p,_:=filepath.Abs(fixtureFile("2.4.18"))
 if fx=="dfs" { p,_=filepath.Abs(dragonflyFiles("one-shard","out-summary.dfs")) }
 c.ok(t,"DFLY","LOAD",p)
 c.ok(t,"SAVE","RDB","x","VERSION","10","DROP")
 f,_:=os.Open(filepath.Join(dir,"x.rdb"))
 last:=""
 func(){
  defer func(){ if r:=recover();r!=nil{ t.Logf("%v\n%s",r,debug.Stack())}}()
  d:=parser.NewDecoder(f)
  err:=d.Parse(func(o parser.RedisObject) bool { last=o.GetKey(); return true})
  t.Log(err,last)
 }()
 b,_:=os.ReadFile(filepath.Join(dir,"x.rdb"))
 i:=0
 for k:=range b { if string(b[k:min(len(b),k+len(last))])==last {i=k} }
 t.Logf("%q",b[i:min(len(b),i+400)])
 }
}
